from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.carousel import (
    GENRES,
    PAGE_SIZE_PX,
    PER_PAGE,
    Arrow,
    Nothing,
    Poster,
    content_height_px,
    control_at,
    layout,
    pages_in_row,
    row_top_px,
    scrolled,
    swiped,
    visible_films,
)
from protocols.errors import StudyInvalid
from protocols.invented import invented_screen
from protocols.stimulus import CarouselRow, CarouselScreen, Film, Viewport

SCREEN = invented_screen(np.random.default_rng(1), "carousel", "rows")
TOP = Viewport.top_of(SCREEN)
LOWEST_PX = 3526 - 1080

scrolls = st.floats(0, LOWEST_PX, allow_nan=False)
rows = st.integers(0, 9)
steps = st.integers(-7, 7)
law = settings(max_examples=40, deadline=None)


def small_screen(*counts: int) -> CarouselScreen:
    films = [tuple(Film(f"Film {r}-{i}", 2000, ("Drama",)) for i in range(n)) for r, n in enumerate(counts)]
    return CarouselScreen("small", tuple(CarouselRow("Drama", f) for f in films))


def test_rows_lie_where_recgaze_measured_them() -> None:
    measured = [176, 516, 855, 1195, 1534, 1874, 2213, 2553, 2892, 3232]
    assert [row_top_px(r) for r in range(10)] == measured
    assert content_height_px(SCREEN) == 3526


def test_columns_and_poster_size_are_those_of_recgaze() -> None:
    boxes = layout(SCREEN, TOP).boxes()
    assert boxes[:5, 0].tolist() == [76, 427, 778, 1129, 1480]
    assert set(boxes[:, 2] - boxes[:, 0]) == {342}
    assert set(boxes[:, 3] - boxes[:, 1]) == {193}


def test_the_top_of_a_screen_shows_three_rows_of_five() -> None:
    slots = layout(SCREEN, TOP).slots
    assert [(s.row, s.item) for s in slots] == [(r, i) for r in range(3) for i in range(5)]
    assert [s.film for s in slots] == [f.key for r in range(3) for f in SCREEN.rows[r].films[:5]]
    assert [s.genre for s in slots[::5]] == [row.genre for row in SCREEN.rows[:3]]


def test_credit_is_the_poster_and_forty_pixels_below_as_far_as_the_page_reaches() -> None:
    slots = layout(SCREEN, TOP).slots
    assert [s.credit.bottom - s.box.bottom for s in slots] == [40] * 10 + [32] * 5
    assert all((s.credit.left, s.credit.top) == (s.box.left, s.box.top) for s in slots)


@law
@given(scroll=scrolls)
def test_slots_are_exactly_the_fully_visible_posters(scroll: float) -> None:
    viewport = scrolled(SCREEN, TOP, scroll)
    tops = [row_top_px(r) - np.floor(scroll + 0.5) for r in range(10)]
    expected = [r for r, top in enumerate(tops) if top >= 0 and top + 193 <= 1080]
    found = layout(SCREEN, viewport)
    assert [s.row for s in found.slots] == [r for r in expected for _ in range(PER_PAGE)]
    assert len(visible_films(SCREEN, viewport)) == len(found)


@law
@given(start=scrolls, delta=st.floats(-1e6, 1e6))
def test_scrolling_stays_on_the_screen(start: float, delta: float) -> None:
    there = scrolled(SCREEN, Viewport(start, TOP.swipes), delta)
    assert there.scroll_px == min(max(start + delta, 0), LOWEST_PX)
    assert there.swipes == TOP.swipes


def test_small_scroll_steps_add_up() -> None:
    viewport = TOP
    for _ in range(10):
        viewport = scrolled(SCREEN, viewport, 0.25)
    assert viewport.scroll_px == 2.5


def test_a_short_screen_does_not_scroll() -> None:
    screen = small_screen(5, 10)
    assert scrolled(screen, Viewport.top_of(screen), 500).scroll_px == 0


@law
@given(row=rows, step=steps)
def test_swiping_back_and_forth_returns(row: int, step: int) -> None:
    assert swiped(SCREEN, swiped(SCREEN, TOP, row, step), row, -step) == TOP


@law
@given(row=rows, a=steps, b=steps)
def test_swipes_add_up_and_wrap_around_after_three(row: int, a: int, b: int) -> None:
    twice = swiped(SCREEN, swiped(SCREEN, TOP, row, a), row, b)
    assert twice == swiped(SCREEN, TOP, row, a + b) == swiped(SCREEN, TOP, row, a + b + 3)


@law
@given(a=rows, b=rows, step=steps)
def test_swiping_moves_one_row_only(a: int, b: int, step: int) -> None:
    after = swiped(SCREEN, TOP, a, step).swipes
    assert all(s == 0 for r, s in enumerate(after) if r != a)
    assert swiped(SCREEN, swiped(SCREEN, TOP, a, 1), b, 1) == swiped(SCREEN, swiped(SCREEN, TOP, b, 1), a, 1)


def test_a_swipe_shows_the_next_five_films() -> None:
    films = visible_films(SCREEN, swiped(SCREEN, TOP, 1, -1))
    assert films[:5] == SCREEN.rows[0].films[:5]
    assert films[5:10] == SCREEN.rows[1].films[10:]


@law
@given(scroll=scrolls, x=st.floats(-50, 2000), y=st.floats(-50, 1200))
def test_a_position_hits_the_poster_that_locate_finds(scroll: float, x: float, y: float) -> None:
    viewport = scrolled(SCREEN, TOP, scroll)
    slot = int(layout(SCREEN, viewport).locate(np.array([[x, y]]))[0])
    hit = control_at(SCREEN, viewport, (x, y))
    assert (hit == Poster(slot)) if slot >= 0 else not isinstance(hit, Poster)


def test_posters_are_half_open() -> None:
    assert control_at(SCREEN, TOP, (76, 176)) == Poster(0)
    assert control_at(SCREEN, TOP, (417.9, 368.9)) == Poster(0)
    assert control_at(SCREEN, TOP, (418, 200)) == Nothing()
    assert control_at(SCREEN, TOP, (100, 369)) == Nothing()
    assert control_at(SCREEN, TOP, (427, 200)) == Poster(1)


def test_a_poster_cut_by_the_edge_cannot_be_clicked() -> None:
    cut = scrolled(SCREEN, TOP, 200)
    assert control_at(SCREEN, cut, (100, 50)) == Nothing()
    assert control_at(SCREEN, cut, (100, 1070)) == Nothing()


def test_arrows_are_where_recgaze_measured_them() -> None:
    assert control_at(SCREEN, TOP, (51, 262)) == Arrow(0, -1)
    assert control_at(SCREEN, TOP, (71.9, 282.9)) == Arrow(0, -1)
    assert control_at(SCREEN, TOP, (1831, 602)) == Arrow(1, 1)
    assert control_at(SCREEN, TOP, (72, 262)) == Nothing()
    assert control_at(SCREEN, TOP, (1852, 602)) == Nothing()


def test_arrows_below_the_page_cannot_be_clicked() -> None:
    assert control_at(SCREEN, TOP, (1840, PAGE_SIZE_PX[1] + 210)) == Nothing()


def test_ten_genres() -> None:
    assert len(set(GENRES)) == 10
    assert list(GENRES) == sorted(GENRES)


@pytest.mark.parametrize(
    "viewport",
    [
        Viewport(0.0, (0,) * 9),
        Viewport(0.0, (3,) + (0,) * 9),
        Viewport(0.0, (-1,) + (0,) * 9),
        Viewport(-1.0, (0,) * 10),
        Viewport(LOWEST_PX + 1.0, (0,) * 10),
        Viewport(float("nan"), (0,) * 10),
    ],
)
def test_a_viewport_of_another_screen_is_refused(viewport: Viewport) -> None:
    with pytest.raises(StudyInvalid, match="not a view of screen carousel"):
        layout(SCREEN, viewport)


def test_incomplete_rows_are_refused() -> None:
    with pytest.raises(StudyInvalid, match="7 films"):
        pages_in_row(small_screen(7), 0)
    with pytest.raises(StudyInvalid, match="0 films"):
        layout(small_screen(0), Viewport(0.0, (0,)))


def test_impossible_moves_are_refused() -> None:
    with pytest.raises(StudyInvalid, match="rows 0 to 9"):
        swiped(SCREEN, TOP, 10, 1)
    with pytest.raises(StudyInvalid, match="not a movement"):
        scrolled(SCREEN, TOP, float("nan"))
