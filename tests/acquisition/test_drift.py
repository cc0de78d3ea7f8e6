from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.drift import check_click, check_target, confirmed, correction_px, found
from acquisition.targets import TargetWindow
from protocols.blocks import QualityLimits
from protocols.geometry import FloatArray, Rect, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
LIMITS = QualityLimits()
CENTRE = (960.0, 540.0)
POSTER = Rect(800.0, 400.0, 1140.0, 592.0)


def look(offset_deg: tuple[float, float], valid_share: float = 1.0, seed: int = 0) -> TargetWindow:
    rng = np.random.default_rng(seed)
    xy = np.asarray(CENTRE) + np.asarray(offset_deg) * DEG + rng.normal(0, 0.05 * DEG, (100, 2))
    valid = np.arange(100) >= 100 * (1 - valid_share)
    return TargetWindow(CENTRE, 10.0, 11.0, 10.0 + np.arange(100) / 100, xy, valid)


@pytest.mark.parametrize(
    ("offset_deg", "finding"),
    [
        ((0.0, 0.0), "ok"),
        ((0.3, -0.3), "ok"),
        ((0.0, 0.6), "correctable"),
        ((1.0, 1.0), "correctable"),
        ((1.2, 1.2), "recalibrate"),
    ],
)
def test_a_drift_is_measured_as_it_was_made(offset_deg: tuple[float, float], finding: str) -> None:
    check = check_target(look(offset_deg), SCREEN, LIMITS)
    assert check.finding == finding
    assert check.offset_deg == pytest.approx(offset_deg, abs=0.03)
    assert check.distance_deg == pytest.approx(np.hypot(*offset_deg), abs=0.03)


def test_lost_gaze_is_no_drift() -> None:
    check = check_target(look((3.0, 0.0), valid_share=0.2), SCREEN, LIMITS)
    assert (check.finding, check.offset_deg, check.distance_deg) == ("unknown", None, None)
    assert "valid" in check.problem


def test_two_looks_at_the_same_place_confirm_a_drift_and_others_do_not() -> None:
    first = check_target(look((0.8, 0.1)), SCREEN, LIMITS)
    same = check_target(look((0.9, 0.0), seed=1), SCREEN, LIMITS)
    elsewhere = check_target(look((-0.8, 0.6)), SCREEN, LIMITS)
    lost = check_target(look((0.8, 0.1), valid_share=0.1), SCREEN, LIMITS)
    assert confirmed(first, same, LIMITS)
    assert not confirmed(first, elsewhere, LIMITS)
    assert not confirmed(first, lost, LIMITS)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(-1.4, 1.4), y=st.floats(-1.4, 1.4), seed=st.integers(0, 9))
def test_what_is_corrected_is_gone(x: float, y: float, seed: int) -> None:
    first, second = (check_target(look((x, y), seed=seed + i), SCREEN, LIMITS) for i in (0, 20))
    shift_px = correction_px(first, second)
    after = look((x, y), seed=seed + 40)
    check = check_target(after.mapped(after.xy_px + shift_px), SCREEN, LIMITS)
    assert check.distance_deg is not None
    assert check.distance_deg < 0.05
    assert check.finding == "ok"


@settings(max_examples=100, deadline=None)
@given(a=st.floats(0, 30), b=st.floats(0, 30), ok=st.floats(0.1, 2), more=st.floats(0, 3))
def test_a_larger_drift_is_never_judged_better(a: float, b: float, ok: float, more: float) -> None:
    limits = QualityLimits(drift_ok_deg=ok, drift_correctable_deg=ok + more)
    order = ["ok", "correctable", "recalibrate"]
    low, high = sorted((a, b))
    assert order.index(found(low, limits)) <= order.index(found(high, limits))


def clicked(gaze_px: FloatArray, valid: bool = True):
    t_s = 20.005 + np.arange(100) / 100
    xy = np.tile([10.0, 10.0], (100, 1))
    xy[(t_s > 20.74) & (t_s < 20.86)] = gaze_px
    return check_click(t_s, xy, np.full(100, valid), (20.9, (900.0, 500.0)), POSTER, SCREEN, LIMITS)


def test_a_click_looks_at_gaze_a_tenth_of_a_second_before() -> None:
    inside = clicked(np.array([1100.0, 580.0]))
    assert (inside.finding, inside.distance_deg) == ("ok", 0.0)
    assert inside.offset_deg == pytest.approx((200 / DEG, 80 / DEG), rel=0.03)
    beside = clicked(np.array([1140.0 + DEG, 500.0]))
    assert beside.finding == "correctable"
    assert beside.distance_deg == pytest.approx(1.0, rel=0.03)
    assert clicked(np.array([1140.0 + 3 * DEG, 500.0])).finding == "recalibrate"


def test_a_click_without_gaze_says_so() -> None:
    blind = clicked(np.array([900.0, 500.0]), valid=False)
    assert (blind.finding, blind.problem) == ("unknown", "0 of 10 samples were valid")
    none = np.empty(0)
    away = check_click(none, np.empty((0, 2)), none.astype(bool), (1.0, CENTRE), POSTER, SCREEN, LIMITS)
    assert away.finding == "unknown"
