"""What a time line shows is reduced to its pixels without losing what matters."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.lanes import Spans, Ticks, Trace, coverage, runs_px, visible
from studio.rooms.replay.lanes import lanes
from studio.rooms.replay.session import ReplaySession
from studio.widgets.time_axis import clock_words, marks_s

gaps = st.lists(st.floats(min_value=1e-3, max_value=5.0), min_size=2, max_size=40)


def spans(steps: list[float]) -> tuple[np.ndarray, np.ndarray]:
    edges = np.cumsum(steps[: len(steps) // 2 * 2])
    return edges[::2], edges[1::2]


@settings(max_examples=60, deadline=None)
@given(gaps, st.integers(min_value=1, max_value=300))
def test_every_stretch_gets_a_pixel_and_every_pixel_has_a_stretch(steps: list[float], width: int) -> None:
    on, off = spans(steps)
    end = float(off[-1]) + 1.0
    runs = runs_px(on, off, 0.0, end, width)
    columns = {x for first, stop in runs for x in range(first, stop)}
    assert all(min(int(t / end * width), width - 1) in columns for t in on)
    px = end / width
    for x in columns:
        assert ((on <= (x + 1) * px + 1e-9) & (off >= x * px - px - 1e-9)).any()
    assert all(a[1] < b[0] for a, b in pairwise(runs))


@settings(max_examples=60, deadline=None)
@given(gaps, st.integers(min_value=1, max_value=300))
def test_shares_add_up_to_the_time_covered(steps: list[float], width: int) -> None:
    on, off = spans(steps)
    end = float(off[-1])
    share = coverage(on, off, 0.0, end, width)
    assert share.min() >= 0.0
    assert share.max() <= 1.0
    assert share.sum() * end / width == pytest.approx((off - on).sum(), rel=1e-6)


def test_a_trace_keeps_its_extremes_at_every_zoom() -> None:
    rng = np.random.default_rng(1)
    t_s = np.arange(200_000) / 1000.0
    values = rng.normal(0.5, 0.1, (len(t_s), 2))
    values[123_456, 1] = 9.0
    values[50_000:60_000] = np.nan
    trace = Trace("t", t_s, values, 0.0, 1.0, ("x", "y"))
    lowest, highest = trace.envelope(0.0, 200.0, 400)
    assert highest[:, 1].max(initial=-1, where=np.isfinite(highest[:, 1])) == 9.0
    assert np.isnan(lowest[102:118]).all()
    fine_low, fine_high = trace.envelope(123.0, 124.0, 1000)
    assert np.nanmax(fine_high[:, 1]) == 9.0
    assert (fine_low <= fine_high)[np.isfinite(fine_low)].all()


def test_what_is_visible() -> None:
    on, off = np.asarray([0.0, 2.0, 4.0]), np.asarray([1.0, 3.0, 5.0])
    assert visible(on, off, 2.5, 4.5) == slice(1, 3)
    assert visible(on, off, 5.5, 9.0) == slice(3, 3)


def test_marks_are_round_and_not_too_many() -> None:
    assert marks_s(0.0, 10.0, 5) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert len(marks_s(3.3, 1203.3, 10)) <= 11
    assert [clock_words(t) for t in (0.0, 59.96, 61.25, 3661.0)] == [
        "0:00.0",
        "1:00.0",
        "1:01.2",
        "1:01:01.0",
    ]


def test_the_lanes_of_a_session(session: ReplaySession) -> None:
    trials, pages, fixations, lost, gaze, events = lanes(session)
    assert isinstance(trials, Spans)
    assert [words.split()[0] for words in trials.words] == ["1", "2"]
    assert isinstance(pages, Ticks)
    assert pages.shapes == ("scroll", "scroll", "swipe")
    assert isinstance(lost, Spans)
    assert [words.split(",")[0] for words in lost.words] == ["blink", "gaze lost"]
    assert isinstance(events, Ticks)
    assert "note: sneezed" in events.words
    assert "click on A Film (1999)" in events.words
    assert isinstance(fixations, Spans)
    assert len(fixations.words) == len(session.slots.fixations)
    assert set(fixations.tone.tolist()) <= {-1, 0, 1, 2, 3}
    assert isinstance(gaze, Trace)
