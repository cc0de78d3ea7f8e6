"""Drift checks in sessions whose time is driven by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from studio.calibrating import ATTEMPTS

SCREEN = Screen()
DEG = SCREEN.px_per_deg()

Spoil = Callable[[FloatArray, FloatArray], None]


def shift(by_deg: tuple[float, float], from_s: float = 0.0) -> Spoil:
    def spoil(t_s: FloatArray, eyes: FloatArray) -> None:
        eyes[t_s >= from_s] += np.asarray(by_deg) * DEG / np.asarray(SCREEN.size_px)

    return spoil


def test_gaze_that_stays_on_the_target_needs_nothing(room) -> None:
    one = room()
    one.calibrate()
    shown = len(one.targets)
    assert not one.drifted_away()
    assert one.targets[shown:] == [(960.0, 540.0)]
    (attempt,) = one.end()
    assert attempt.record.kind == "calibration"
    (decision,) = [p for p in one.payloads(Code.DRIFT_CHECK) if "decision" in p]
    assert decision["decision"] == "ok"
    assert decision["looks"][0]["distance_deg"] < 0.3


def test_a_confirmed_drift_is_corrected_from_then_on(room) -> None:
    one = room(shift((0.7, -0.6), from_s=115.0))
    one.calibrate()
    one.wait_until(116.0)
    assert not one.drifted_away()
    assert "shifted from now on" in one.care.note
    assert not one.drifted_away(), "gaze is on the target again"
    assert one.care.note == ""
    decisions = [p["decision"] for p in one.payloads(Code.DRIFT_CHECK) if "decision" in p]
    assert decisions == ["corrected", "ok"]
    fitted, corrected = one.end()
    assert corrected.record.kind == "drift"
    assert corrected.from_s > 116.0
    assert np.asarray(corrected.calibration.shift_px) == pytest.approx([-0.7 * DEG, 0.6 * DEG], abs=0.2 * DEG)
    assert corrected.calibration.terms == fitted.calibration.terms
    report = one.checked()
    assert (report.drift.targets, report.drift.corrected, report.drift.left) == (2, 1, 0)
    assert one.verdicts(report)["drift at targets"] == "good"
    assert "shifted 1 x after drift checks" in one.found(report)["calibration"]
    assert report.accuracy_deg == pytest.approx(fitted.validation.accuracy_mean_deg)


def test_a_study_may_want_drift_recorded_only(room) -> None:
    one = room(shift((0.8, 0.0), from_s=115.0), drift_correction=False)
    one.calibrate()
    one.wait_until(116.0)
    assert not one.drifted_away()
    (attempt,) = one.end()
    assert attempt.calibration.shift_px == (0.0, 0.0)
    report = one.checked()
    assert report.drift.left == 1
    assert one.verdicts(report)["drift at targets"] == "warning"


def test_a_large_drift_asks_for_a_new_calibration_and_the_old_one_no_longer_holds(room) -> None:
    one = room(shift((1.8, 0.0), from_s=115.0))
    before = one.calibrate()
    one.wait_until(116.0)
    assert one.drifted_away()
    after = one.calibrate()
    assert before.verdict == after.verdict == "green"
    first, begun, second = one.end()
    assert [a.record.kind for a in (first, begun, second)] == ["calibration", "begun", "calibration"]
    assert begun.used
    assert begun.calibration.method == "identity"
    assert first.from_s < begun.from_s < second.from_s
    assert one.verdicts(one.checked())["drift at targets"] == "good"


def test_a_failed_recalibration_leaves_no_older_calibration_in_force(room) -> None:
    def away(t_s: FloatArray, eyes: FloatArray) -> None:
        eyes[t_s > 115.0] = np.nan

    one = room(away)
    one.calibrate()
    one.wait_until(116.0)
    assert one.calibrate().verdict == "red"
    attempts = one.end()
    assert one.journal.map.method == "identity"
    assert [a.record.kind for a in attempts] == ["calibration", "begun", *["failed"] * ATTEMPTS]
    report = one.checked()
    assert one.verdicts(report)["calibration"] == "bad"
    assert report.accuracy_deg is None
    assert report.eyes == ()


def test_a_look_elsewhere_is_no_drift(room) -> None:
    one = room()
    one.calibrate()
    shown = len(one.targets)

    def elsewhere(t_s: FloatArray, eyes: FloatArray) -> None:
        if len(one.targets) == shown + 1:
            shift((1.0, 0.4))(t_s, eyes)

    one._spoil = elsewhere
    assert not one.drifted_away()
    assert len(one.targets) == shown + 2
    (attempt,) = one.end()
    assert attempt.calibration.shift_px == (0.0, 0.0)
    assert one.payloads(Code.DRIFT_CHECK)[-1]["decision"] == "not confirmed"


def test_a_slow_drift_is_followed_over_many_checks(room) -> None:
    """Two degrees a minute: each check finds two thirds of a degree and takes it back."""
    one = room(drift=2.0)
    one.calibrate()
    for _ in range(4):
        one.wait_until(one.now_s + 18.0)
        assert not one.drifted_away()
    attempts = one.end()
    shifts_px = [a.calibration.shift_px[0] for a in attempts if a.record.kind == "drift"]
    assert len(shifts_px) >= 3
    assert shifts_px == sorted(shifts_px, reverse=True)
    elapsed_min = (attempts[-1].from_s - attempts[0].from_s) / 60
    assert -shifts_px[-1] == pytest.approx(2.0 * elapsed_min * DEG, rel=0.25)
    assert one.verdicts(one.checked())["drift at targets"] == "good"
