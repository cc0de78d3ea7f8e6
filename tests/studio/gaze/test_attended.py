"""Calibration with an operator, in sessions whose time is driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from acquisition.head import distance_mm
from acquisition.source import SourceInfo
from protocols.blocks import QualityLimits
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from studio.calibration_state import CalibrationState, EyesSeen, Step
from studio.targets import GLIDE_S, TARGET_S
from studio.wishes import (
    Accept,
    CalibrateNow,
    NextTarget,
    RedoTarget,
    ShowTargets,
    StopTargets,
    UseAttempt,
    ValidateAgain,
    Wish,
)

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
UNREACHABLE = QualityLimits(green_mean_deg=0.001, amber_mean_deg=0.002)

Answer = tuple[Step, Callable[[CalibrationState], Wish]]


def at(step: Step, wish: Wish) -> Answer:
    return step, lambda _: wish


BEGIN = at("positions", ShowTargets())
ACCEPT = at("deciding", Accept())


def first_target(state: CalibrationState) -> Wish:
    return RedoTarget(state.attempts[0].number, state.attempts[0].shown[1])


def test_nothing_goes_on_before_the_operator_says_so(room) -> None:
    one = room(operated=True)
    one.operator.extend([BEGIN, ACCEPT])
    waited: list[float] = []

    def slowly(state: CalibrationState) -> Wish:
        waited.append(one.now_s)
        assert state.verdict == "green"
        return Accept()

    one.operator[1] = ("deciding", slowly)
    assert one.calibrate().verdict == "green"
    steps = [state.step for state in one.states]
    assert list(dict.fromkeys(steps)) == ["positions", "targets", "validation", "deciding", "over"] or (
        list(dict.fromkeys(steps)) == ["over", "positions", "targets", "validation", "deciding"]
    )
    assert one.messages == 2, "where the eyes are, and a moment's patience"
    (attempt,) = one.end()
    assert attempt.used
    (accepted,) = one.payloads(Code.CALIBRATION_ACCEPTED)
    assert (accepted["verdict"], accepted["reason"]) == ("green", "within the limits of the study")


def test_targets_glide_and_gaze_counts_only_once_they_stand_still(room) -> None:
    one = room(operated=True)
    one.operator.extend([BEGIN, ACCEPT])
    one.calibrate()
    glides = [m for m in one.motions if m.from_px != m.to_px]
    shown = one.end()[0].record.shown
    assert len(glides) == 8, "five targets and four, and nothing before the first"
    assert all(g.duration_s == GLIDE_S for g in glides)
    gaps = np.diff([t.t_on_s for t in shown])
    assert gaps == pytest.approx([GLIDE_S + TARGET_S] * 4, abs=0.01)
    assert [t.t_off_s - t.t_on_s for t in shown] == pytest.approx([TARGET_S] * 5)


def test_below_the_limits_a_reason_is_needed_and_kept(room) -> None:
    one = room(operated=True, limits=UNREACHABLE)
    why = at("deciding", Accept("  the participant wears thick glasses "))
    one.operator.extend([BEGIN, at("deciding", Accept("  ")), why])
    assert one.calibrate().verdict == "red"
    assert any("Say in a few words why" in state.question for state in one.states)
    one.end()
    (accepted,) = one.payloads(Code.CALIBRATION_ACCEPTED)
    assert accepted["reason"] == "the participant wears thick glasses"
    assert "carried on because the participant wears thick glasses" in one.found(one.checked())["calibration"]


def test_one_target_is_shown_again_and_only_its_gaze_changes(room) -> None:
    one = room(operated=True)
    one.operator.extend([BEGIN, ("deciding", first_target), ACCEPT])
    one.calibrate()
    assert one.targets[9:] == [one.targets[1]]
    first, second = one.end()
    assert [p.target_px for p in second.calibration.points] == [p.target_px for p in first.calibration.points]
    for index, (before, after) in enumerate(
        zip(first.calibration.points, second.calibration.points, strict=True)
    ):
        assert (before == after) == (index != 1)
    assert second.record.tests == first.record.tests
    assert second.calibration.terms != first.calibration.terms
    assert [p["redo_of"] for p in one.payloads(Code.CALIBRATION_POINT) if "redo_of" in p] == [0]


def test_a_failed_attempt_is_mended_by_its_missed_target_alone(room) -> None:
    def blind(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (by target)
        shown = rooms[0].targets
        first = not rooms[0].states or rooms[0].states[-1].attempts == ()
        if len(shown) > 1 and first and shown[-1] == shown[1]:
            eyes[:] = np.nan

    rooms = [room(blind, operated=True)]
    one = rooms[0]

    def missed(state: CalibrationState) -> Wish:
        (attempt,) = state.attempts
        ((xy_px, why),) = attempt.missed
        assert "0% of the gaze was valid" in why
        assert (attempt.verdict, attempt.chosen, state.in_force) == ("red", None, None)
        return RedoTarget(attempt.number, xy_px)

    one.operator.extend([BEGIN, ("deciding", missed), ACCEPT])
    assert one.calibrate().verdict == "green"
    failed, mended = one.end()
    assert (failed.record.kind, failed.used) == ("failed", False)
    assert (mended.record.kind, mended.used) == ("calibration", True)


def test_validation_alone_and_any_earlier_attempt_can_be_chosen(room) -> None:
    one = room(operated=True)

    def worse(state: CalibrationState) -> Wish:
        assert len(state.attempts) == 3
        return UseAttempt(next(a.number for a in state.attempts if a.number != state.in_force))

    again = at("deciding", ValidateAgain(0))
    one.operator.extend([BEGIN, again, at("deciding", ShowTargets()), ("deciding", worse), ACCEPT])
    verdict = one.calibrate()
    assert len(one.targets) == 9 + 4 + 9
    *made, chosen = one.end()
    final = one.states[-1]
    assert chosen.record.kind == "chosen"
    assert final.used is not None
    assert chosen.calibration == made[final.used.number].calibration
    assert verdict.accuracy_deg == final.used.accuracy_deg
    assert made[1].calibration.points == made[0].calibration.points
    assert made[1].record.tests != made[0].record.tests


def test_a_failed_calibration_never_leaves_an_earlier_one_in_force(room) -> None:
    one = room(operated=True)
    one.operator.extend([BEGIN, ACCEPT])
    one.calibrate()
    assert one.journal.map.method != "identity"
    gone = one.now_s

    def lost(t_s: FloatArray, eyes: FloatArray) -> None:
        eyes[t_s > gone] = np.nan

    one._spoil = lost
    one.care.wish(CalibrateNow())
    assert one.drifted_away(), "no drift check before what was asked for"
    one.operator.extend([BEGIN, at("deciding", Accept("the tracker broke"))])
    verdict = one.calibrate()
    assert (verdict.verdict, verdict.accuracy_deg) == ("red", None)
    assert "targets cannot be used" in verdict.problem
    assert one.journal.map.method == "identity"
    assert one.states[-1].in_force is None
    assert one.care.verdict.verdict == "red"


def test_targets_can_be_stopped_and_then_count_for_nothing(room) -> None:
    one = room(operated=True)
    one.operator.extend([BEGIN, at("validation", StopTargets()), BEGIN, ACCEPT])
    assert one.calibrate().verdict == "green"
    (attempt,) = one.end()
    assert len(attempt.record.shown) == 5
    assert any("stopped" in state.question for state in one.states)


def test_a_key_ends_each_target_and_a_key_pressed_earlier_ends_none(room) -> None:
    one = room(operated=True)
    one.finger_s = 1.7
    one.operator.extend([at("positions", NextTarget()), at("positions", ShowTargets(by_key=True)), ACCEPT])
    assert one.calibrate().verdict == "green"
    (attempt,) = one.end()
    stood = [t.t_off_s - t.t_on_s for t in (*attempt.record.shown, *attempt.record.tests)]
    assert stood == pytest.approx([TARGET_S] * 9), "the last second before the key counts"
    marked = [m.t_s for m in one.markers if m.code is Code.CALIBRATION_POINT]
    assert min(np.diff(marked)) > one.finger_s


def test_which_eye_is_lost_is_said_with_what_to_do() -> None:
    assert EyesSeen(1.0, 1.0, 1.0).words == "Both eyes are seen."
    assert "left one is lost" in EyesSeen(1.0, 0.1, 1.0).words
    assert EyesSeen(1.0, 0.1, 1.0).lit == (False, True)
    assert EyesSeen(0.9).words == "The eyes are seen."
    assert "60 to 70 cm" in EyesSeen().words
    assert not EyesSeen().well


def test_the_distance_is_told_where_the_tracker_tells_it() -> None:
    origin = "z.position_in_user_coordinates.gaze_origin"
    channels = ("x", f"{origin}.left_eye", f"{origin}.right_eye")
    source = SourceInfo("Tobii", "lsl", "tittalsl", "1", 120.0, channels, ("", "mm", "mm"))
    raw = np.array([[0.5, 540.0, 560.0], [0.5, np.nan, 0.0], [0.5, 545.0, 555.0]])
    far_mm = distance_mm(source, raw)
    assert far_mm == pytest.approx(550.0)
    assert distance_mm(replace(source, units=("", "", "")), raw) is None
    seen = EyesSeen(1.0, 1.0, 1.0, far_mm, 650.0)
    assert seen.words == "Both eyes are seen, 55 cm from the screen instead of 65 cm: move back."
    assert not seen.well
    assert (
        EyesSeen(1.0, distance_mm=650.0, planned_mm=640.0).words
        == "The eyes are seen, 65 cm from the screen."
    )
