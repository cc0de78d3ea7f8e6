"""Text in the shipped typeface (Open Sans), set the same on every machine.

The basic layout engine is used on purpose: the other one (Raqm) is not there on every machine and kerns
differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageDraw, ImageFont

from protocols.palette import Colour

Weight = Literal["Regular", "Bold", "CondBold"]

_FONTS = Path(__file__).parent / "fonts"


@lru_cache(maxsize=64)
def font(weight: Weight, size_px: int) -> ImageFont.FreeTypeFont:
    """Return the shipped typeface at a size in px."""
    path = str(_FONTS / f"OpenSans-{weight}.ttf")
    return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)


@dataclass(frozen=True)
class Setting:
    """Text broken into lines at one size.

    Attributes:
        lines: top to bottom.
        weight: of the typeface.
        size_px: of the typeface.
        line_px: distance of two baselines.
    """

    lines: tuple[str, ...]
    weight: Weight
    size_px: int
    line_px: int

    @property
    def width_px(self) -> float:
        """Width of the widest line."""
        return max((width_px(line, self.weight, self.size_px) for line in self.lines), default=0.0)

    @property
    def height_px(self) -> int:
        """Height of all lines."""
        return self.line_px * len(self.lines)


def width_px(text: str, weight: Weight, size_px: int) -> float:
    """Return the advance width of one line of text in px."""
    return font(weight, size_px).getlength(text)


def set_text(text: str, weight: Weight, size_px: int, width: float, leading: float = 1.15) -> Setting:
    """Break text into lines of at most ``width`` px; words wider than that are broken too.

    Line breaks in the text are kept.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrapped(paragraph, weight, size_px, width)
    return Setting(tuple(lines), weight, size_px, round(size_px * leading))


def fit_text(
    text: str,
    weights: tuple[Weight, ...],
    sizes_px: tuple[int, ...],
    box: tuple[int, int],
    leading: float = 1.08,
) -> Setting:
    """Set text as large as it fits into a box (width, height) in px without breaking a word.

    Weights are tried in order at each size. A text that does not even fit at the smallest size has its words
    broken there, and if that is not enough it ends in an ellipsis.
    """
    for size_px in sizes_px:
        for weight in weights:
            setting = set_text(text, weight, size_px, box[0], leading)
            if setting.height_px <= box[1] and _longest_word_px(text, weight, size_px) <= box[0]:
                return setting
    smallest = set_text(text, weights[-1], sizes_px[-1], box[0], leading)
    return _elided(smallest, box)


def draw_setting(draw: ImageDraw.ImageDraw, xy: tuple[float, float], setting: Setting, fill: Colour) -> None:
    """Draw lines flush left, the first line's top at ``xy`` px."""
    for i, line in enumerate(setting.lines):
        baseline = xy[1] + i * setting.line_px + round(setting.line_px * 0.8)
        draw.text((xy[0], baseline), line, fill=fill, font=font(setting.weight, setting.size_px), anchor="ls")


def _wrapped(paragraph: str, weight: Weight, size_px: int, width: float) -> list[str]:
    lines = [""]
    for word in paragraph.split():
        joined = f"{lines[-1]} {word}".strip()
        if width_px(joined, weight, size_px) <= width:
            lines[-1] = joined
            continue
        lines += _broken(word, weight, size_px, width)
    return [line for line in lines if line] or [""]


def _broken(word: str, weight: Weight, size_px: int, width: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_px(pieces[-1] + letter, weight, size_px) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _longest_word_px(text: str, weight: Weight, size_px: int) -> float:
    return max((width_px(word, weight, size_px) for word in text.split()), default=0.0)


def _elided(setting: Setting, box: tuple[int, int]) -> Setting:
    fitting = max(1, box[1] // setting.line_px)
    if len(setting.lines) <= fitting:
        return setting
    last = setting.lines[fitting - 1]
    while last and width_px(last + "…", setting.weight, setting.size_px) > box[0]:
        last = last[:-1]
    lines = (*setting.lines[: fitting - 1], last.rstrip() + "…")
    return Setting(lines, setting.weight, setting.size_px, setting.line_px)
