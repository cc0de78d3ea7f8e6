from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.state import LiveState, Quality, Score, TrialLine, common_scale, running_means, score_words

NAN = float("nan")


def test_a_new_state_is_empty_and_says_nothing_false() -> None:
    state = LiveState()
    assert state.real.shape == (0,)
    assert state.predicted is None
    assert state.trials_over == 0
    assert [m.value for m in Quality().meters()] == ["–", "–", "–", "0"]
    assert all(m.verdict == "quiet" for m in Quality().meters())


def test_real_shares_sum_to_one_or_are_all_zero() -> None:
    assert LiveState(dwell_ms=np.asarray([100.0, 300.0])).real.tolist() == [0.25, 0.75]
    assert LiveState(dwell_ms=np.zeros(3)).real.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("quality", "verdicts"),
    [
        (Quality(119.5, 120.0, 0.01, 0.4, 1), ["good", "good", "good", "quiet"]),
        (Quality(112.0, 120.0, 0.15, 0.8, 1), ["warn", "warn", "warn", "quiet"]),
        (Quality(60.0, 120.0, 0.30, 1.4, 1), ["bad", "bad", "bad", "quiet"]),
        (Quality(60.0, 0.0, NAN, NAN, 1), ["quiet", "quiet", "quiet", "quiet"]),
    ],
)
def test_quality_is_judged_by_common_limits(quality: Quality, verdicts: list[str]) -> None:
    assert [m.verdict for m in quality.meters()] == verdicts


def test_quality_has_units() -> None:
    values = [m.value for m in Quality(119.52, 120.0, 0.0123, 0.456, 12345).meters()]
    assert values == ["119.5 Hz", "1.2 %", "0.46°", "12\u2009345"]


@settings(max_examples=50)
@given(st.lists(st.one_of(st.floats(0, 10), st.just(NAN)), max_size=12))
def test_running_means_are_means_of_what_is_known(values: list[float]) -> None:
    found = running_means(np.asarray(values, dtype=np.float64))
    for i, mean in enumerate(found):
        known = [v for v in values[: i + 1] if not np.isnan(v)]
        if known:
            assert mean == pytest.approx(np.mean(known))
        else:
            assert np.isnan(mean)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=15))
def test_the_common_scale_holds_every_share(shares: list[float]) -> None:
    scale = common_scale(np.asarray(shares), None, np.empty(0))
    assert max(shares) <= scale + 1e-9
    assert 0.1 <= scale <= 1.0


def test_words_say_what_the_twin_beats_and_what_not() -> None:
    scores = tuple(
        Score(i, twin=0.5, uniform=0.9, population_mean=0.6, participant_mean=0.4) for i in range(3)
    )
    words = score_words(scores)
    closer, further = words.split("not closer than")
    assert "knowing nothing (on 3 of 3)" in closer
    assert "earlier participants (on 3 of 3)" in closer
    assert "own average (on 0 of 3)" in further


def test_words_leave_out_what_is_unknown() -> None:
    assert score_words(()) == score_words((Score(0),)) == "No page has been predicted and then seen yet."
    assert score_words((Score(0, twin=0.5),)).endswith("not compared with anything.")
    words = score_words((Score(0, twin=0.5, uniform=0.7), Score(1, uniform=0.1)))
    assert words == "After 1 predicted page the twin is closer than knowing nothing (on 1 of 1)."


def test_skipped_trials_are_over() -> None:
    states = ("done", "skipped", "running", "waiting")
    trials = tuple(TrialLine(i, "t", "s", status) for i, status in enumerate(states))
    assert LiveState(trials=trials).trials_over == 2
