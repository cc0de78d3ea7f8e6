from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import PersonaMismatch
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.examples import Example
from tuning.tables_of_use import COUNTS, TablesOfUse, tables_of_use


@pytest.fixture(scope="module")
def shown() -> dict[str, Page]:
    screen = invented_screen(np.random.default_rng(3), "s", "rows")
    swiped = (0, 2, *(0,) * (len(screen.rows) - 2))
    return {
        "top": render(screen, Viewport.top_of(screen)),
        "scrolled": render(screen, Viewport(340.0, swiped)),
    }


def view(page: Page, examined: dict[int, float], click: int | None = None) -> Example:
    """Return a page view with dwell in ms on some slots."""
    dwell = np.zeros(len(page.layout))
    dwell[list(examined)] = list(examined.values())
    gaze = SlotDistribution.of(dwell, "fixation") if examined else None
    return Example(page, gaze, None, click, "P01", (), 0, "train")


def test_counts_are_those_of_a_hand_count(shown: dict[str, Page]) -> None:
    top, scrolled = shown["top"], shown["scrolled"]
    found = tables_of_use(
        [
            view(top, {0: 200.0, 7: 300.0}, click=7),
            view(top, {0: 100.0}, click=3),  # clicked without having been looked at
            view(top, {}, click=9),  # nothing is known about this view
            view(scrolled, {0: 400.0}),
        ],
        "fixation",
    )
    assert (found.views, found.unseen, found.clicks) == (3, 1, 2)
    lines = {
        tuple(place): tuple(counts) for place, counts in zip(found.places, found.slots.table(), strict=True)
    }
    assert lines[0, 0, 0] == (2, 2, 0, 0)
    assert lines[1, 2, 7] == (2, 1, 1, 1)
    assert lines[0, 3, 3] == (2, 0, 1, 0)
    assert lines[1, 0, 0] == (1, 1, 0, 0)  # the second row has moved to the top; swiping keeps the column
    assert (0, 3, 9) not in lines
    position = found.by_position(20)
    assert position.shown[:15].tolist() == [3] * len(scrolled.layout) + [2] * (15 - len(scrolled.layout))
    assert position.examined[[0, 7]].tolist() == [3, 1]
    assert position.shown[15:].sum() == 0
    assert found.dwell_by_position_ms()[[0, 7]] == pytest.approx([700 / 3, 300])
    assert np.isnan(found.dwell_by_position_ms()[1])
    places, counts = found.by_row_and_column()
    assert counts.shown[places.tolist().index([1, 0])] == 3


def test_films_count_for_their_main_genre(shown: dict[str, Page]) -> None:
    top = shown["top"]
    found = tables_of_use([view(top, {4: 10.0, 5: 10.0}, click=4)], "fixation")
    genres = [film.genres[0] for film in top.films]
    assert found.genres == tuple(sorted(set(genres)))
    for genre, counts in zip(found.genres, found.films.table(), strict=True):
        mine = [i for i, other in enumerate(genres) if other == genre]
        assert counts.tolist() == [len(mine), len({4, 5} & set(mine)), 4 in mine, 4 in mine]


def test_rates_are_inside_0_and_1_and_approach_the_counts(shown: dict[str, Page]) -> None:
    top = shown["top"]
    one = tables_of_use([view(top, {0: 1.0})], "fixation").by_position()
    for rate in (one.examination, one.click_given_examined, one.click_given_shown):
        assert ((rate > 0) & (rate < 1)).all()
    many = tables_of_use([view(top, {0: 1.0}, click=0)] * 400 + [view(top, {1: 1.0})] * 400, "fixation")
    assert many.by_position().examination[[0, 1, 2]] == pytest.approx([0.5, 0.5, 0], abs=0.01)
    assert many.by_position().click_given_examined[[0, 1]] == pytest.approx([1, 0], abs=0.01)


def test_without_views_there_is_no_line(shown: dict[str, Page]) -> None:
    found = tables_of_use([view(shown["top"], {})], "fixation")
    assert (found.views, found.unseen, len(found.places), found.genres) == (0, 1, 0, ())
    assert found.by_position(15).examination.shape == (15,)
    again = TablesOfUse.of_arrays(found.arrays(), "fixation", found.genres, found.views, found.unseen)
    assert len(again.places) == 0


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_order_of_views_and_a_round_trip_change_nothing(
    shown: dict[str, Page], data: st.DataObject
) -> None:
    slots = st.integers(0, 9)
    views = data.draw(
        st.lists(
            st.builds(
                view,
                st.sampled_from([shown["top"], shown["scrolled"]]),
                st.dictionaries(slots, st.floats(1, 1e4), max_size=4),
                st.none() | slots,
            ),
            max_size=6,
        )
    )
    found, back = tables_of_use(views, "fixation"), tables_of_use(views[::-1], "fixation")
    assert np.array_equal(found.slots.table(), back.slots.table())
    assert found.slots.clicked.sum() == found.films.clicked.sum()
    assert found.slots.examined.sum() == found.films.examined.sum()
    again = TablesOfUse.of_arrays(found.arrays(), found.signal, found.genres, found.views, found.unseen)
    for name, table in found.arrays().items():
        assert np.array_equal(again.arrays()[name], table)


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (0, 3, -1.0),
        (0, 4, 99.0),
        (0, 5, 99.0),
        (0, 6, 1.5),
        (0, 0, -1.0),
        (0, 2, 1e9),
        (1, 1, 0.0),
        (0, 7, -5.0),
    ],
)
def test_impossible_counts_are_refused(shown: dict[str, Page], line: int, column: int, value: float) -> None:
    found = tables_of_use([view(shown["top"], {0: 1.0}, click=0)], "fixation")
    arrays = found.arrays()
    arrays["slots"][line, column] = value
    if (line, column) == (1, 1):
        arrays["slots"][1, :3] = arrays["slots"][0, :3]  # the same place twice
    with pytest.raises(PersonaMismatch):
        TablesOfUse.of_arrays(arrays, "fixation", found.genres, found.views, found.unseen)


def test_wrong_shapes_are_refused(shown: dict[str, Page]) -> None:
    found = tables_of_use([view(shown["top"], {0: 1.0})], "fixation")
    for arrays in (
        {**found.arrays(), "slots": np.zeros((2, 3))},
        {**found.arrays(), "genres": np.zeros((1, len(COUNTS)))},
        {**found.arrays(), "slots": np.zeros(8)},
        {**found.arrays(), "slots": np.zeros((20_000, 8))},
    ):
        with pytest.raises(PersonaMismatch):
            TablesOfUse.of_arrays(arrays, "fixation", found.genres, found.views, found.unseen)


def test_cursor_dwell_is_counted_when_that_is_the_signal(
    viewed: Callable[[str, str], list[Example]],
) -> None:
    example = replace(viewed("P01", "left")[0], gaze=None)
    assert tables_of_use([example], "fixation").views == 0
    assert tables_of_use([example], "cursor").views == 1
