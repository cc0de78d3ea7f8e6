"""Carousel geometry: which posters are where for one viewport, and what a click hits.

The numbers are those of RecGaze's published areas of interest (`aoi_data.csv`, one hardware set-up):
posters of 342x193 px at fixed columns, rows 339.5 px apart, arrows of 21x21 px beside each row. The page
fills a whole 1920x1080 display, without browser chrome.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from protocols.errors import StudyInvalid
from protocols.geometry import Rect
from protocols.slots import Slot, SlotLayout
from protocols.stimulus import CarouselScreen, Film, Viewport

GENRES = (
    "Action",
    "Animation",
    "Comedy",
    "Crime",
    "Drama",
    "Fantasy",
    "Horror",
    "Romance",
    "Sci-Fi",
    "Thriller",
)

PAGE_SIZE_PX = (1920, 1080)
PER_PAGE = 5
POSTER_SIZE_PX = (342, 193)
COLUMN_LEFTS_PX = (76, 427, 778, 1129, 1480)
LETTER_STRIP_PX = 40
ARROW_SIZE_PX = 21
BACK_LEFT_PX, FORWARD_LEFT_PX = 51, 1831

_FIRST_ROW_TOP_PX = 176.0
_ROW_PITCH_PX = 339.5
_BELOW_LAST_ROW_PX = 101
_ARROW_BELOW_ROW_TOP_PX = 86

_WHOLE_PAGE = Rect(0.0, 0.0, float(PAGE_SIZE_PX[0]), float(PAGE_SIZE_PX[1]))


@dataclass(frozen=True, slots=True)
class Poster:
    """A click on a fully visible poster: its index in the layout."""

    slot: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """A click on an arrow: the row and -1 for back, +1 for forward."""

    row: int
    step: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """A click that hits no control."""


Control = Poster | Arrow | Nothing


@dataclass(frozen=True, slots=True)
class PlacedFilm:
    """One poster on the page, perhaps cut off by its edge.

    Attributes:
        row: carousel row, 0 at the top of the screen.
        item: position of the film in its row.
        film: what is shown.
        box: the poster in page px; may reach beyond the page.
    """

    row: int
    item: int
    film: Film
    box: Rect


def row_top_px(row: int) -> int:
    """Return the top of a row's posters on the unscrolled screen, in px (halves round up, as measured)."""
    return math.floor(_FIRST_ROW_TOP_PX + _ROW_PITCH_PX * row + 0.5)


def content_height_px(screen: CarouselScreen) -> int:
    """Return the height of the whole scrollable screen in px, at least that of the page."""
    bottom = row_top_px(len(screen.rows) - 1) + POSTER_SIZE_PX[1] + _BELOW_LAST_ROW_PX
    return max(bottom, PAGE_SIZE_PX[1])


def pages_in_row(screen: CarouselScreen, row: int) -> int:
    """Return the number of groups of five films that swiping cycles through.

    Raises:
        StudyInvalid: the row does not hold a multiple of five films.
    """
    count = len(screen.rows[row].films)
    if count == 0 or count % PER_PAGE:
        raise StudyInvalid(
            f"Row {row} ({screen.rows[row].genre}) of screen {screen.id} holds {count} films.",
            f"A swipe shows the next {PER_PAGE}; an incomplete group would leave holes on the page.",
            f"Give every row a multiple of {PER_PAGE} films.",
        )
    return count // PER_PAGE


def scrolled(screen: CarouselScreen, viewport: Viewport, delta_px: float) -> Viewport:
    """Return the viewport scrolled down by ``delta_px``, kept on the screen.

    Fractions of a pixel are kept, so that a touchpad's small steps add up; pages are drawn at whole pixels.

    Raises:
        StudyInvalid: ``delta_px`` is not a finite number.
    """
    if not math.isfinite(delta_px):
        raise StudyInvalid(
            f"A scroll by {delta_px} px is not a movement.",
            "The page would have no position.",
            "Send finite scroll distances.",
        )
    lowest = content_height_px(screen) - PAGE_SIZE_PX[1]
    return Viewport(float(min(max(viewport.scroll_px + delta_px, 0), lowest)), viewport.swipes)


def swiped(screen: CarouselScreen, viewport: Viewport, row: int, step: int) -> Viewport:
    """Return the viewport with one row swiped by ``step`` groups of five; rows wrap around both ways.

    Raises:
        StudyInvalid: there is no such row, or it does not hold a multiple of five films.
    """
    check_viewport(screen, viewport)
    if not 0 <= row < len(screen.rows):
        raise StudyInvalid(
            f"Row {row} was swiped, but screen {screen.id} has rows 0 to {len(screen.rows) - 1}.",
            "The swipe would be recorded for a row nobody saw.",
            "Swipe one of the screen's rows.",
        )
    swipes = list(viewport.swipes)
    swipes[row] = (swipes[row] + step) % pages_in_row(screen, row)
    return Viewport(viewport.scroll_px, tuple(swipes))


def check_viewport(screen: CarouselScreen, viewport: Viewport) -> None:
    """Refuse a viewport that does not belong to the screen.

    Raises:
        StudyInvalid: wrong number of rows, a group that does not exist, or a scroll off the screen.
    """
    lowest = content_height_px(screen) - PAGE_SIZE_PX[1]
    fits = len(viewport.swipes) == len(screen.rows) and 0 <= viewport.scroll_px <= lowest
    if not fits or any(not 0 <= s < pages_in_row(screen, r) for r, s in enumerate(viewport.swipes)):
        raise StudyInvalid(
            f"{viewport} is not a view of screen {screen.id} with {len(screen.rows)} rows"
            f" and scroll positions 0 to {lowest} px.",
            "The page could not be drawn as it was seen.",
            "Make viewports with Viewport.top_of, scrolled and swiped.",
        )


def scroll_offset_px(viewport: Viewport) -> int:
    """Return the whole-pixel scroll at which the page is drawn and laid out."""
    return math.floor(viewport.scroll_px + 0.5)


def placed_films(screen: CarouselScreen, viewport: Viewport) -> Iterator[PlacedFilm]:
    """Yield every poster that shows on the page, fully or in part, row-major.

    Raises:
        StudyInvalid: the viewport does not belong to the screen.
    """
    check_viewport(screen, viewport)
    offset = scroll_offset_px(viewport)
    width, height = POSTER_SIZE_PX
    for row, carousel in enumerate(screen.rows):
        top = row_top_px(row) - offset
        if top + height <= 0 or top >= PAGE_SIZE_PX[1]:
            continue
        for column, left in enumerate(COLUMN_LEFTS_PX):
            item = viewport.swipes[row] * PER_PAGE + column
            box = Rect(float(left), float(top), float(left + width), float(top + height))
            yield PlacedFilm(row, item, carousel.films[item], box)


def layout(screen: CarouselScreen, viewport: Viewport) -> SlotLayout:
    """Return the fully visible posters of a viewport, row-major.

    ``Slot.credit`` is the poster and the 40 px strip below it, as far as the page reaches.

    Raises:
        StudyInvalid: the viewport does not belong to the screen.
    """
    slots = tuple(
        Slot(p.box, _credit(p.box), p.row, p.item, p.film.key, screen.rows[p.row].genre)
        for p in _fully_visible(screen, viewport)
    )
    return SlotLayout(slots, PAGE_SIZE_PX)


def visible_films(screen: CarouselScreen, viewport: Viewport) -> tuple[Film, ...]:
    """Return the film of each slot of ``layout(screen, viewport)``, in slot order."""
    return tuple(p.film for p in _fully_visible(screen, viewport))


def arrow_box(row_top: int, step: int) -> Rect:
    """Return the box in page px of a row's back (-1) or forward (+1) arrow; ``row_top`` in page px."""
    left = BACK_LEFT_PX if step < 0 else FORWARD_LEFT_PX
    top = row_top + _ARROW_BELOW_ROW_TOP_PX
    return Rect(float(left), float(top), float(left + ARROW_SIZE_PX), float(top + ARROW_SIZE_PX))


def control_at(screen: CarouselScreen, viewport: Viewport, xy: tuple[float, float]) -> Control:
    """Return what is clicked at a position in page px; posters count only when fully visible.

    Raises:
        StudyInvalid: the viewport does not belong to the screen.
    """
    check_viewport(screen, viewport)
    if not _contains(_WHOLE_PAGE, xy):
        return Nothing()
    for index, placed in enumerate(_fully_visible(screen, viewport)):
        if _contains(placed.box, xy):
            return Poster(index)
    offset = scroll_offset_px(viewport)
    for row in range(len(screen.rows)):
        for step in (-1, 1):
            if _contains(arrow_box(row_top_px(row) - offset, step), xy):
                return Arrow(row, step)
    return Nothing()


def _fully_visible(screen: CarouselScreen, viewport: Viewport) -> Iterator[PlacedFilm]:
    return (p for p in placed_films(screen, viewport) if p.box.within(_WHOLE_PAGE))


def _credit(box: Rect) -> Rect:
    return Rect(box.left, box.top, box.right, min(box.bottom + LETTER_STRIP_PX, _WHOLE_PAGE.bottom))


def _contains(box: Rect, xy: tuple[float, float]) -> bool:
    return box.left <= xy[0] < box.right and box.top <= xy[1] < box.bottom
