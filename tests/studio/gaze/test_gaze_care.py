"""Calibration in sessions whose time is driven by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.targets import ShownTarget, calibration_targets
from protocols.blocks import QualityLimits
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from studio.attempts import redone
from studio.calibrating import ATTEMPTS

SCREEN = Screen()
DEG = SCREEN.px_per_deg()


def test_targets_are_shown_in_random_order_and_others_for_validation(room) -> None:
    one = room(targets=9, validation=5)
    assert one.calibrate().verdict == "green"
    assert len(one.targets) == len(set(one.targets)) == 14
    again = room(targets=9, validation=5)
    again.calibrate()
    assert again.targets == one.targets, "the seed decides"
    assert sorted(one.targets[:9]) != one.targets[:9]
    (attempt,) = one.end()
    assert [t.target_px for t in attempt.record.shown] == one.targets[:9]
    assert [t.target_px for t in attempt.record.tests] == one.targets[9:]
    assert [c.eye for c in attempt.record.candidates] == ["both", "left", "right", "both"]


def test_only_the_targets_that_were_missed_are_repeated(room) -> None:
    seen = []

    def blind(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (by target)
        if len(seen[0].targets) in (2, 4):
            eyes[:] = np.nan

    one = room(blind)
    seen.append(one)
    assert one.calibrate().verdict == "green"
    first, repeated = one.targets[:5], one.targets[5:7]
    assert repeated == [first[1], first[3]]
    assert len(one.targets) == 5 + 2 + 4
    assert [p.get("repeat") for p in one.payloads(Code.CALIBRATION_POINT)] == [None] * 5 + [1, 1]
    (attempt,) = one.end()
    assert [t.target_px for t in attempt.record.shown] == first
    assert [p.target_px for p in attempt.calibration.points] == first
    assert attempt.record.shown[1].t_on_s > attempt.record.shown[4].t_on_s


def test_nobody_there_fails_every_attempt_and_says_so(room) -> None:
    def gone(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (whenever)
        eyes[:] = np.nan

    one = room(gone)
    verdict = one.calibrate()
    assert (verdict.verdict, verdict.attempts, verdict.accuracy_deg) == ("red", ATTEMPTS, None)
    assert len(one.targets) == ATTEMPTS * 9, "with nobody there nothing is repeated"
    attempts = one.end()
    assert [a.record.kind for a in attempts] == ["failed"] * ATTEMPTS
    assert not any(a.used for a in attempts)
    assert "nobody was asked" in one.payloads(Code.CALIBRATION_ACCEPTED)[-1]["reason"]
    report = one.checked()
    assert one.verdicts(report)["calibration"] == "bad"
    assert "carried on because nobody was asked" in one.found(report)["calibration"]
    assert "5 of 5 targets" in one.found(report)["calibration"]
    assert "calibrated in its own program" in next(i.advice for i in report.items if i.name == "lost gaze")


def test_swapped_axes_are_refused_and_named_in_the_check(room) -> None:
    def swapped(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (whenever)
        eyes[:] = eyes[..., ::-1].copy()

    one = room(swapped)
    assert one.calibrate().verdict == "red"
    one.end()
    report = one.checked()
    assert "x and y are swapped" in one.found(report)["calibration"]
    assert report.verdict == "bad"
    assert report.accuracy_deg is None


def test_one_bad_eye_is_left_out(room) -> None:
    rng = np.random.default_rng(0)

    def squint(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (whenever)
        wander = (len(one.targets) * 2654435761 % 97 / 97.0 - 0.5) * 4 * DEG / 1920
        eyes[:, 1] += wander + rng.normal(0, 0.001, (len(eyes), 2))

    one = room(squint)
    assert one.calibrate().verdict == "green"
    (attempt,) = one.end()
    assert attempt.calibration.eye == "left"
    report = one.checked()
    assert "left eye" in one.found(report)["calibration"]
    assert [(e.eye, e.used) for e in report.eyes if e.corrected] == [
        ("both", False),
        ("left", True),
        ("right", False),
    ]


def test_an_earlier_attempt_can_be_chosen_again(room) -> None:
    one = room()
    one.calibrate()
    one.calibrate()
    one.journal.choose_calibration(0, "the second one looked worse", one.now_s)
    attempts = one.end()
    chosen = attempts[-1]
    assert (chosen.record.kind, chosen.calibration) == ("chosen", attempts[0].calibration)
    assert "the second one looked worse" in chosen.record.reason
    assert chosen.validation == attempts[0].validation
    with pytest.raises(CalibrationError, match="attempt 99"):
        one.journal.choose_calibration(98, "", one.now_s)


def test_the_limits_of_the_study_decide(room) -> None:
    strict = QualityLimits(green_mean_deg=0.001, amber_mean_deg=0.002)
    one = room(limits=strict)
    verdict = one.calibrate()
    assert (verdict.verdict, verdict.attempts) == ("red", ATTEMPTS)
    attempts = one.end()
    assert len(attempts) == ATTEMPTS
    assert any(a.used for a in attempts)
    assert one.verdicts(one.checked())["calibration"] == "bad"


@settings(max_examples=50, deadline=None)
@given(bad=st.sets(st.integers(0, 12)), order=st.permutations(range(13)))
def test_redoing_targets_keeps_their_order_and_every_other_look(bad: set[int], order: list[int]) -> None:
    places = calibration_targets(13, SCREEN)[order]
    shown = tuple(ShownTarget((float(x), float(y)), i, i + 1.0) for i, (x, y) in enumerate(places))
    again = [replace(shown[i], t_on_s=100.0 + i, t_off_s=101.0 + i) for i in sorted(bad)]
    merged = redone(shown, again)
    assert [t.target_px for t in merged] == [t.target_px for t in shown]
    assert all(new is old for i, (new, old) in enumerate(zip(merged, shown, strict=True)) if i not in bad)
    assert {t for t in merged if t.t_on_s >= 100.0} == set(again)
    assert redone(merged, again) == merged
