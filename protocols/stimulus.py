"""What is on the screen at one moment: films, carousel screens, viewports and pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocols.slots import SlotLayout

PixelArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Film:
    """A film as its poster shows it: facts only.

    Attributes:
        title: as printed.
        year: of release.
        genres: as catalogued, the main one first; at least one.
        poster: file name of a poster image in the study's image folder, empty to draw one.
    """

    title: str
    year: int
    genres: tuple[str, ...]
    poster: str = ""

    @property
    def key(self) -> str:
        """Title and year, unique within a screen."""
        return f"{self.title} ({self.year})"


@dataclass(frozen=True, slots=True)
class CarouselRow:
    """One row of a screen: a genre heading and its ranked films (15 in RecGaze, a multiple of five)."""

    genre: str
    films: tuple[Film, ...]


@dataclass(frozen=True, slots=True)
class CarouselScreen:
    """A whole scrollable page of carousels, top row first."""

    id: str
    rows: tuple[CarouselRow, ...]


@dataclass(frozen=True, slots=True)
class Viewport:
    """What part of a screen is visible.

    Attributes:
        scroll_px: vertical scroll, 0 at the top.
        swipes: per row, which group of five films is visible, 0-based; rows wrap around.
    """

    scroll_px: float
    swipes: tuple[int, ...]

    @classmethod
    def top_of(cls, screen: CarouselScreen) -> Viewport:
        """Return the unscrolled, unswiped viewport of a screen."""
        return cls(0.0, (0,) * len(screen.rows))


@dataclass(frozen=True, eq=False)
class Page:
    """The pixels and the layout of exactly those pixels, for one viewport.

    Attributes:
        image: shape (height, width, 3), RGB, 8 bit.
        layout: the fully visible posters.
        films: the film of each slot, in slot order.
        screen_id: which screen this is a view of.
        viewport: which part of it.
        digest: SHA-256 of pixels and slot boxes, hexadecimal.
    """

    image: PixelArray
    layout: SlotLayout
    films: tuple[Film, ...]
    screen_id: str
    viewport: Viewport
    digest: str
