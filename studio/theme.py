"""Colours and names that mean the same everywhere: in the windows and in the report. Qt-free.

Real gaze is blue and the twin is orange, a pair that every common kind of colour vision tells apart. The twin
is also hatched, lines also differ by dashes, and states are also said in words: colour is never alone. Hues
follow Okabe and Ito's palette, lightened on dark and darkened on light; heat maps use anchors of viridis,
which is perceptually uniform and safe for colour-blind readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from protocols.geometry import FloatArray

Mood = Literal["good", "warn", "bad", "quiet"]
Dash = Literal["solid", "dashed", "dotted", "dash-dotted"]

# viridis at 0, 1/9 ... 1: dark violet is little, bright yellow is much.
_VIRIDIS = "440154 482878 3E4A89 31688E 26828E 1F9E89 35B779 6DCD59 B4DE2C FDE725"


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour of one theme as ``#RRGGBB``.

    Text colours reach a contrast of 4.5 to 1 on ``background``, ``surface``, ``sunken`` and ``selected``,
    marks 3 to 1 on the first three.
    """

    name: str
    background: str
    surface: str
    sunken: str
    selected: str
    border: str
    control: str
    text: str
    muted: str
    focus: str
    real: str
    twin: str
    participant_mean: str
    population_mean: str
    uniform: str
    good: str
    warn: str
    bad: str

    def mood(self, mood: Mood) -> str:
        """Return the text colour of a state."""
        return {"good": self.good, "warn": self.warn, "bad": self.bad, "quiet": self.muted}[mood]


DARK = Palette(
    name="dark",
    background="#14171C",
    surface="#1D2229",
    sunken="#101317",
    selected="#1E3B52",
    border="#343C47",
    control="#7A8695",
    text="#EAEEF3",
    muted="#A9B4C0",
    focus="#FFFFFF",
    real="#56B4E9",
    twin="#F29F05",
    participant_mean="#E08BBD",
    population_mean="#4FD1B5",
    uniform="#8894A2",
    good="#3FCFA4",
    warn="#F0E442",
    bad="#FF8A80",
)

LIGHT = Palette(
    name="light",
    background="#F3F5F8",
    surface="#FFFFFF",
    sunken="#E9EDF2",
    selected="#CFE3F5",
    border="#CBD3DC",
    control="#6E7A88",
    text="#171C22",
    muted="#4C5865",
    focus="#171C22",
    real="#0067A5",
    twin="#B34A00",
    participant_mean="#963C74",
    population_mean="#00695C",
    uniform="#6C7885",
    good="#00664F",
    warn="#665600",
    bad="#A8201A",
)


@dataclass(frozen=True, slots=True)
class Series:
    """How one attention model is named and drawn in every plot.

    Attributes:
        key: its name in results and running scores.
        words: its name for people.
        dash: its line style.
        width_px: its line width.
    """

    key: Literal["twin", "participant_mean", "population_mean", "uniform"]
    words: str
    dash: Dash
    width_px: float

    def colour(self, palette: Palette) -> str:
        """Return its colour."""
        return str(getattr(palette, self.key))


SERIES = (
    Series("twin", "Twin, predicted beforehand", "solid", 2.5),
    Series("participant_mean", "This participant's own average so far", "dashed", 1.6),
    Series("population_mean", "Average of earlier participants", "dash-dotted", 1.6),
    Series("uniform", "Every poster the same", "dotted", 1.6),
)

WORDS: dict[Mood, str] = {"good": "good", "warn": "fair", "bad": "poor", "quiet": ""}


def heat_rgb(values: FloatArray) -> NDArray[np.uint8]:
    """Colour heat: values (...,) in 0 to 1 (clipped; NaN counts as 0) to RGB (..., 3), 8 bit."""
    anchors = np.asarray(
        [[int(h[i : i + 2], 16) for i in (0, 2, 4)] for h in _VIRIDIS.split()], dtype=np.float64
    )
    level = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), 0.0, 1.0)
    stops = np.linspace(0.0, 1.0, len(anchors))
    channels = [np.interp(level, stops, anchors[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


@lru_cache(maxsize=512)
def heat_hex(value: float) -> str:
    """Return the colour of one heat value in 0 to 1 as ``#RRGGBB``."""
    red, green, blue = (int(v) for v in heat_rgb(np.asarray([value]))[0])
    return f"#{red:02X}{green:02X}{blue:02X}"


@lru_cache(maxsize=512)
def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on ``#RRGGBB``."""
    return "#000000" if contrast("#000000", colour) >= contrast("#FFFFFF", colour) else "#FFFFFF"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours ``#RRGGBB``, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    levels = np.asarray([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.asarray([0.2126, 0.7152, 0.0722]))
