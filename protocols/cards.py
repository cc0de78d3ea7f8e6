"""Full-screen cards between pages: messages to the participant, and calibration targets.

Both are as dark as the carousel pages, so that the pupil does not have to adapt.
"""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image, ImageDraw

from protocols.canvas import blank, frozen, paste
from protocols.geometry import Screen
from protocols.lettering import Setting, draw_setting, fit_text
from protocols.palette import BACKGROUND, MUTED, PAPER, WHITE, Colour, mixed
from protocols.stimulus import PixelArray

_FULL_HEIGHT_PX = 1080
_TITLE_SIZES_PX = (56, 50, 44, 38, 32, 28)
_BODY_SIZES_PX = (32, 30, 28, 26, 24, 22, 20, 18)
_COLUMN_SHARE = 0.6
_TITLE_HEIGHT_SHARE, _BODY_HEIGHT_SHARE = 0.24, 0.58
_RULE: Colour = (204, 28, 32)

_SIT_TITLE = "Please sit comfortably"
_SIT = (
    "Lean back so that the screen is at an arm's length, and look at its middle. "
    "Keep your head still from now on."
)

_DISC_DEG, _DISC_AT_ONSET_DEG, _DOT_DEG = 0.6, 1.6, 0.2
_DISC: Colour = (214, 214, 214)
_FINER = 4


def message(title: str, body: str, size_px: tuple[int, int]) -> PixelArray:
    """Draw a message card: an instruction, a break, a goodbye.

    Args:
        title: one short line, larger.
        body: text; its line breaks are kept.
        size_px: width and height of the card in px.

    Returns:
        The card, shape (height, width, 3), RGB, read-only.
    """
    image = Image.new("RGB", size_px, BACKGROUND)
    draw = ImageDraw.Draw(image)
    scale = size_px[1] / _FULL_HEIGHT_PX
    head, text = _settings(title, body, size_px, scale)
    gap = round(28 * scale)
    top = (size_px[1] - head.height_px - text.height_px - 2 * gap) // 2
    _draw_centred(draw, head, size_px[0], top, WHITE)
    rule = top + head.height_px + gap
    half = round(32 * scale)
    box = (size_px[0] // 2 - half, rule, size_px[0] // 2 + half, rule + max(1, round(3 * scale)))
    draw.rectangle(box, fill=_RULE)
    _draw_centred(draw, text, size_px[0], rule + gap, mixed(MUTED, PAPER, 0.7))
    return frozen(image)


def positions(seen: tuple[bool, bool], words: str, size_px: tuple[int, int]) -> PixelArray:
    """Draw how the participant sits before the tracker: both eyes, lit when they are seen, and what to do.

    Args:
        seen: the left and the right eye; the left one is drawn at the left, as in a mirror.
        words: what to do.
        size_px: width and height of the card in px.

    Returns:
        The card, shape (height, width, 3), RGB, read-only.
    """
    scale = size_px[1] / _FULL_HEIGHT_PX
    image = Image.fromarray(message(_SIT_TITLE, f"{words}\n\n{_SIT}", size_px))
    draw = ImageDraw.Draw(image)
    for side, lit in zip((-1, 1), seen, strict=True):
        _draw_eye(draw, (size_px[0] / 2 + side * 150 * scale, 150 * scale), 60 * scale, lit)
    return frozen(image)


def _draw_eye(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, lit: bool) -> None:
    """Draw a filled eye when it is seen, else an empty dashed ring: the shape tells, not the colour alone."""
    x, y = centre
    box, width = (x - radius, y - radius, x + radius, y + radius), max(2, round(radius / 12))
    if not lit:
        for start in range(0, 360, 30):
            draw.arc(box, start, start + 16, fill=MUTED, width=width)
        return
    draw.ellipse(box, fill=_DISC)
    inner = radius * 0.42
    draw.ellipse((x - inner, y - inner, x + inner, y + inner), fill=BACKGROUND)


def target(
    xy_px: tuple[float, float], size_px: tuple[int, int], screen: Screen, progress: float
) -> PixelArray:
    """Draw a calibration target: a disc with a cross cut out and a dot in the middle.

    Disc (0.6 deg), cross and dot (0.2 deg) are the combination that kept fixations steadiest in Thaler et
    al., "What is the best fixation target?", Vision Research 76 (2013). The disc shrinks to that size to draw
    the eye.

    Args:
        xy_px: centre of the target in px of the card; may lie partly off it.
        size_px: width and height of the card in px, shown on the whole of ``screen``.
        screen: gives the size of a degree.
        progress: 0 when the target appears, 1 when it has its final size; values outside are limited to that.

    Returns:
        The card, shape (height, width, 3), RGB, read-only.
    """
    tile = target_tile(size_px, screen, progress)
    card = blank(size_px)
    left, top = (math.floor(v) - tile.shape[0] // 2 for v in xy_px)
    paste(card, tile, left, top)
    card.setflags(write=False)
    return card


def target_tile(size_px: tuple[int, int], screen: Screen, progress: float) -> PixelArray:
    """Draw only the target, see ``target``: a square with the target in its middle, read-only."""
    px_per_deg = screen.px_per_deg() * size_px[0] / screen.size_px[0]
    remaining = 1.0 - min(max(progress, 0.0), 1.0)
    disc_px = (_DISC_DEG + (_DISC_AT_ONSET_DEG - _DISC_DEG) * remaining) * px_per_deg
    return _bulls_eye(round(disc_px), max(2, round(_DOT_DEG * px_per_deg)))


def _settings(title: str, body: str, size_px: tuple[int, int], scale: float) -> tuple[Setting, Setting]:
    column = round(size_px[0] * _COLUMN_SHARE)
    title_box = (round(size_px[0] * 0.8), round(size_px[1] * _TITLE_HEIGHT_SHARE))
    body_box = (column, round(size_px[1] * _BODY_HEIGHT_SHARE))
    head = fit_text(title, ("Bold",), _scaled(_TITLE_SIZES_PX, scale), title_box, leading=1.2)
    return head, fit_text(body, ("Regular",), _scaled(_BODY_SIZES_PX, scale), body_box, leading=1.5)


def _scaled(sizes_px: tuple[int, ...], scale: float) -> tuple[int, ...]:
    return tuple(max(6, round(size * scale)) for size in sizes_px)


def _draw_centred(draw: ImageDraw.ImageDraw, setting: Setting, width: int, top: int, fill: Colour) -> None:
    for i, line in enumerate(setting.lines):
        alone = Setting((line,), setting.weight, setting.size_px, setting.line_px)
        draw_setting(draw, ((width - alone.width_px) // 2, top + i * setting.line_px), alone, fill)


@lru_cache(maxsize=256)
def _bulls_eye(disc_px: int, dot_px: int) -> PixelArray:
    size = (disc_px | 1) * _FINER
    image = Image.new("RGB", (size, size), BACKGROUND)
    draw = ImageDraw.Draw(image)
    middle, dot = (size - 1) / 2, dot_px * _FINER / 2
    draw.ellipse((0, 0, size - 1, size - 1), fill=_DISC)
    draw.rectangle((0, middle - dot, size, middle + dot), fill=BACKGROUND)
    draw.rectangle((middle - dot, 0, middle + dot, size), fill=BACKGROUND)
    draw.ellipse((middle - dot, middle - dot, middle + dot, middle + dot), fill=_DISC)
    return frozen(image.reduce(_FINER))
