"""What is shown of a moment is a function of recording and time, and in the end what the session stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import SessionError
from sessions.reader import Recording
from studio.rooms.replay.controller import ReplayController
from studio.rooms.replay.moment import Moment, dwell_until, moment_at
from studio.rooms.replay.session import ReplaySession, load

times = st.floats(min_value=7.5, max_value=22.5, allow_nan=False)


def same(one: Moment, other: Moment) -> bool:
    arrays = ("dwell_ms", "trail_px", "trail_age_s")
    equal = all(np.array_equal(getattr(one, a), getattr(other, a), equal_nan=True) for a in arrays)
    plain = ("t_s", "line", "trial", "view", "digest", "details", "gaze_px", "cursor_px", "clicked")
    looks = [(a.number, a.x_px, a.y_px, a.duration_ms) for a in one.path] == [
        (b.number, b.x_px, b.y_px, b.duration_ms) for b in other.path
    ]
    return equal and looks and all(getattr(one, p) == getattr(other, p) for p in plain)


@settings(max_examples=40, deadline=None)
@given(st.lists(times, min_size=1, max_size=6))
def test_however_one_comes_to_a_moment_it_is_the_same(session: ReplaySession, stops: list[float]) -> None:
    player = ReplayController(lambda *_: None, _Still(), _never)
    player._loaded((session, ()))
    for t_s in stops:
        player.seek(t_s)
        player.step_fixation(1)
        player.step_fixation(-1)
    player.seek(stops[-1])
    there = player.state.value.moment
    assert there is not None
    assert same(there, moment_at(session, float(np.clip(stops[-1], session.begin_s, session.end_s))))


def test_slots_at_the_end_of_each_view_are_those_found_live_bit_for_bit(
    session: ReplaySession, played_path: Path
) -> None:
    assert session.against == "live"
    with Recording.open(played_path) as recording:
        live = recording.live_slots()
    assert live is not None
    assert len(live.views) == len(session.slots.views) == 5
    for view, stored in zip(session.slots.views, live.views, strict=True):
        t_off_s = view.view.t_off_s
        assert np.array_equal(dwell_until(session, view, t_off_s), stored.fixation_ms)
        before = dwell_until(session, view, np.nextafter(t_off_s, 0.0))
        assert np.allclose(before, stored.fixation_ms, atol=1e-6)
    last = moment_at(session, 15.0)
    assert np.array_equal(last.dwell_ms, live.views[2].fixation_ms)
    assert last.clicked == 2


@settings(max_examples=30, deadline=None)
@given(times, times)
def test_slots_only_fill(session: ReplaySession, one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    for view in session.slots.views:
        a, b = dwell_until(session, view, earlier), dwell_until(session, view, later)
        assert (a <= b + 1e-9).all()
        assert a.sum() <= 1000 * max(earlier - view.view.t_on_s, 0.0) + 1e-6


def test_what_was_on_the_screen(session: ReplaySession) -> None:
    said = {t: moment_at(session, t) for t in (8.0, 8.7, 9.0, 11.1, 12.5, 14.2, 14.6, 15.5, 19.2, 19.7, 21.5)}
    assert said[8.0].line == "The session begins."
    assert said[9.0].line == "Instruction: “Look around.”"
    assert said[11.1].gaze_px is None, "lost"
    assert said[12.5].view is not None
    assert said[12.5].view.view.change.viewport.scroll_px == 340.0
    assert said[14.2].details == 3
    assert said[14.6].details is None
    assert said[15.5].view is None
    assert said[15.5].line == "Between trials."
    assert said[19.2].line == "The session is paused."
    assert said[19.2].view is None
    assert said[19.7].view is not None
    assert said[21.5].trial is None
    assert all(said[t].cursor_px is not None for t in (9.1, 14.2) if t in said)


def test_fixations_grow_and_are_numbered_within_their_view(session: ReplaySession) -> None:
    path = moment_at(session, 11.9).path
    assert [look.number for look in path] == list(range(1, len(path) + 1))
    half = moment_at(session, session.slots.fixations.onset_s[12] + 0.05).path[-1]
    assert half.duration_ms == pytest.approx(50.0)
    assert moment_at(session, 12.0).path == () or len(moment_at(session, 12.0).path) == 1


def test_scores_are_those_of_the_predictions(session: ReplaySession) -> None:
    assert [score.trial for score in session.scores] == [0, 1]
    assert all(np.isfinite(score.twin) and np.isfinite(score.uniform) for score in session.scores)
    assert all(np.isnan(score.population_mean) for score in session.scores)


def test_an_empty_recording_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SessionError):
        load(tmp_path / "none.h5", lambda _: None)


class _Still:
    def now_s(self) -> float:
        return 0.0


_never: Callable[..., object] = lambda *_: None  # noqa: E731 (never called)
