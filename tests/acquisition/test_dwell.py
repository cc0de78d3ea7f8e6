from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.dwell import ViewSpan, cursor_dwell_ms, dwell_ms, overlap_s
from acquisition.fixations import Fixations, IvtParameters
from acquisition.samples import CursorChunk
from protocols.geometry import Rect
from protocols.slots import Slot, SlotLayout

LEFT, RIGHT = Rect(100, 100, 300, 200), Rect(320, 100, 520, 200)
LAYOUT = SlotLayout(
    tuple(Slot(box, box, 0, i, f"Film {i} (2000)", "Drama") for i, box in enumerate((LEFT, RIGHT))),
    (640, 480),
)
SPAN = ViewSpan(10.0, 12.0, LAYOUT)


def fixations(*rows: tuple[float, float, float, float]) -> Fixations:
    onset, offset, x, y = np.asarray(rows, dtype=float).reshape(-1, 4).T
    return Fixations(onset, offset, x, y, np.full(len(onset), 10), IvtParameters())


def cursor(*rows: tuple[float, float, float]) -> CursorChunk:
    columns = np.asarray(rows, dtype=float).reshape(-1, 3)
    return CursorChunk(columns[:, 0], columns[:, 1:], np.zeros(len(columns)))


def test_time_goes_to_the_slot_that_was_looked_at() -> None:
    found = fixations((10.1, 10.4, 150, 150), (10.5, 10.7, 400, 150), (10.8, 11.0, 250, 150))
    assert dwell_ms(found, SPAN) == pytest.approx([500, 200])


def test_only_the_part_inside_the_span_counts() -> None:
    found = fixations((9.5, 10.2, 150, 150), (11.9, 13.0, 400, 150), (12.1, 12.5, 400, 150))
    assert dwell_ms(found, SPAN) == pytest.approx([200, 100])


def test_a_look_beside_the_posters_is_nobodys_or_the_closest_ones() -> None:
    found = fixations((10.0, 10.3, 60, 150), (10.4, 10.6, 318, 150), (10.7, 10.8, 20, 400))
    assert dwell_ms(found, SPAN) == pytest.approx([0, 0])
    assert dwell_ms(found, SPAN, within_px=60) == pytest.approx([300, 200])


def test_an_empty_page_or_no_gaze_gives_nothing() -> None:
    assert dwell_ms(fixations((10, 11, 1, 1)), ViewSpan(10, 12, SlotLayout((), (640, 480)))).shape == (0,)
    assert dwell_ms(fixations(), SPAN) == pytest.approx([0, 0])
    assert cursor_dwell_ms(cursor(), SPAN) == pytest.approx([0, 0])


def test_the_cursor_rests_where_it_was_put_until_it_moves() -> None:
    moves = cursor((9.0, 150, 150), (10.5, 400, 150), (11.0, 10, 10), (11.5, 150, 150))
    assert cursor_dwell_ms(moves, SPAN) == pytest.approx([500 + 500, 500])


def test_a_cursor_that_does_not_move_rests_for_the_whole_span() -> None:
    assert cursor_dwell_ms(cursor((3.0, 400, 150)), SPAN) == pytest.approx([0, 2000])


TIMES = st.lists(st.floats(8, 14), min_size=2, max_size=24, unique=True).map(sorted)
PLACES = st.tuples(st.floats(0, 640), st.floats(0, 480))


@settings(max_examples=60, deadline=None)
@given(times=TIMES, places=st.lists(PLACES, min_size=12, max_size=12))
def test_time_is_conserved(times: list[float], places: list[tuple[float, float]]) -> None:
    """Posters, and everything beside them, share exactly the fixation time in the span."""
    pairs = list(zip(times[0::2], times[1::2], strict=False))
    found = fixations(*((a, b, x, y) for (a, b), (x, y) in zip(pairs, places, strict=False)))
    seen_s = overlap_s(found.onset_s, found.offset_s, SPAN)
    beside = LAYOUT.locate(found.xy_px) < 0
    assert dwell_ms(found, SPAN).sum() + seen_s[beside].sum() * 1000 == pytest.approx(seen_s.sum() * 1000)
    assert dwell_ms(found, SPAN, within_px=2000).sum() == pytest.approx(seen_s.sum() * 1000)


@settings(max_examples=60, deadline=None)
@given(times=TIMES, places=st.lists(PLACES, min_size=24, max_size=24), at=st.floats(10, 12))
def test_two_halves_of_a_span_make_the_whole(
    times: list[float], places: list[tuple[float, float]], at: float
) -> None:
    first, second = ViewSpan(10.0, at, LAYOUT), ViewSpan(at, 12.0, LAYOUT)
    moves = cursor(*((t, x, y) for t, (x, y) in zip(times, places, strict=False)))
    halves = cursor_dwell_ms(moves, first) + cursor_dwell_ms(moves, second)
    assert halves == pytest.approx(cursor_dwell_ms(moves, SPAN), abs=1e-6)
    pairs = list(zip(times[0::2], times[1::2], strict=False))
    found = fixations(*((a, b, x, y) for (a, b), (x, y) in zip(pairs, places, strict=False)))
    assert dwell_ms(found, first) + dwell_ms(found, second) == pytest.approx(dwell_ms(found, SPAN), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(times=TIMES, places=st.lists(PLACES, min_size=24, max_size=24))
def test_a_cursor_present_from_the_start_is_somewhere_all_the_time(
    times: list[float], places: list[tuple[float, float]]
) -> None:
    moves = cursor((5.0, 150, 150), *((t, x, y) for t, (x, y) in zip(times, places, strict=False)))
    everywhere = SlotLayout(
        (Slot(Rect(-1e6, -1e6, 1e6, 1e6), Rect(0, 0, 1, 1), 0, 0, "All (2000)", "Drama"),), (640, 480)
    )
    assert cursor_dwell_ms(moves, ViewSpan(10.0, 12.0, everywhere)) == pytest.approx([2000])
