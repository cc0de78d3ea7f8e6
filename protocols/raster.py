"""The one rasteriser: what it draws is what the participant's window shows and what the model sees."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from protocols.canvas import blank, frozen, paste
from protocols.carousel import (
    ARROW_SIZE_PX,
    LETTER_STRIP_PX,
    PAGE_SIZE_PX,
    arrow_box,
    layout,
    placed_films,
    row_top_px,
    scroll_offset_px,
    visible_films,
)
from protocols.errors import StimulusMissing
from protocols.lettering import font, width_px
from protocols.palette import BACKGROUND, WHITE
from protocols.poster import details_panel, poster
from protocols.slots import Slot, SlotLayout
from protocols.stimulus import CarouselScreen, Page, PixelArray, Viewport

_HEADING_LEFT_PX = 76
_HEADING_ABOVE_ROW_PX = 70
_HEADING_HEIGHT_PX = 43
_HEADING_SIZE_PX = 31
_LETTER_SIZE_PX = 30
_LETTER_TILE_PX = (44, 32)
_LETTER_BASELINE_PX = 26
_FINER = 4


def render(
    screen: CarouselScreen,
    viewport: Viewport,
    *,
    letters: bool = False,
    hover: int | None = None,
    images: Path | None = None,
) -> Page:
    """Draw one view of a screen.

    Args:
        screen: the films.
        viewport: scroll and swipes.
        letters: also write the answer letters A, B, C ... under the fully visible posters (the model's
            variant).
        hover: slot whose poster is replaced by the details panel.
        images: folder of poster images; a film's poster file there replaces the drawing.

    Returns:
        The page; its image, shape (1080, 1920, 3), is read-only.

    Raises:
        StudyInvalid: the viewport does not belong to the screen.
        StimulusMissing: an image is not there, or no slot has the hovered index.
    """
    canvas = blank(PAGE_SIZE_PX)
    for placed in placed_films(screen, viewport):
        paste(canvas, poster(placed.film, images), int(placed.box.left), int(placed.box.top))
    _draw_row_furniture(canvas, screen, viewport)
    slots, films = layout(screen, viewport), visible_films(screen, viewport)
    if hover is not None:
        box = _hovered(slots, hover).box
        paste(canvas, details_panel(films[hover]), int(box.left), int(box.top))
    if letters:
        _draw_letters(canvas, slots)
    canvas.setflags(write=False)
    return Page(canvas, slots, films, screen.id, viewport, _digest(canvas, slots))


def with_letters(page: Page) -> Page:
    """Return the model's variant of a page that was shown: the same pixels, and letters under the posters.

    Equal to ``render(..., letters=True)`` of the same view, also where its poster images are no longer at
    hand.
    """
    canvas = page.image.copy()
    _draw_letters(canvas, page.layout)
    canvas.setflags(write=False)
    return replace(page, image=canvas, digest=_digest(canvas, page.layout))


def _draw_row_furniture(canvas: PixelArray, screen: CarouselScreen, viewport: Viewport) -> None:
    offset = scroll_offset_px(viewport)
    for row, carousel in enumerate(screen.rows):
        top = row_top_px(row) - offset
        paste(canvas, _heading(carousel.genre), _HEADING_LEFT_PX, top - _HEADING_ABOVE_ROW_PX)
        for step in (-1, 1):
            box = arrow_box(top, step)
            paste(canvas, _chevron(step), int(box.left), int(box.top))


def _draw_letters(canvas: PixelArray, slots: SlotLayout) -> None:
    """Centre each letter in the strip below its poster.

    Near the page's lower edge the strip is cut off; there the letter moves up as far as it must to stay
    readable, on a tab over the poster.
    """
    width, height = _LETTER_TILE_PX
    for letter, slot in zip(slots.letters, slots.slots, strict=True):
        top = round(slot.box.bottom) + (LETTER_STRIP_PX - height) // 2
        left = round(slot.box.centre[0]) - width // 2
        paste(canvas, _letter(letter), left, min(top, PAGE_SIZE_PX[1] - height))


def _hovered(slots: SlotLayout, hover: int) -> Slot:
    if not 0 <= hover < len(slots):
        raise StimulusMissing(
            f"Slot {hover} is hovered, but the page has {len(slots)} fully visible posters.",
            "The details panel would have no place.",
            "Pass a slot index of this viewport's layout.",
        )
    return slots.slots[hover]


@lru_cache(maxsize=64)
def _heading(text: str) -> PixelArray:
    width = min(round(width_px(text, "Bold", _HEADING_SIZE_PX)) + 2, PAGE_SIZE_PX[0] - 2 * _HEADING_LEFT_PX)
    image = Image.new("RGB", (max(width, 1), _HEADING_HEIGHT_PX), BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((0, 33), text, fill=WHITE, font=font("Bold", _HEADING_SIZE_PX), anchor="ls")
    return frozen(image)


@lru_cache(maxsize=32)
def _letter(letter: str) -> PixelArray:
    width = _LETTER_TILE_PX[0]
    image = Image.new("RGB", _LETTER_TILE_PX, BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text(
        (width // 2, _LETTER_BASELINE_PX), letter, fill=WHITE, font=font("Bold", _LETTER_SIZE_PX), anchor="ms"
    )
    return frozen(image)


@lru_cache(maxsize=2)
def _chevron(step: int) -> PixelArray:
    size = ARROW_SIZE_PX * _FINER
    image = Image.new("RGB", (size, size), BACKGROUND)
    points = [(size * 3 // 10, size // 10), (size * 7 // 10, size // 2), (size * 3 // 10, size * 9 // 10)]
    ImageDraw.Draw(image).line(points, fill=WHITE, width=size // 7, joint="curve")
    forward = image.reduce(_FINER)
    return frozen(forward if step > 0 else ImageOps.mirror(forward))


def _digest(canvas: PixelArray, slots: SlotLayout) -> str:
    digest = hashlib.sha256(canvas.data)
    digest.update(slots.boxes().astype("<f8").tobytes())
    return digest.hexdigest()
