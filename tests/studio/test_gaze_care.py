"""Calibration and drift in sessions whose time is driven by hand: a simulated viewer, a real session file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.eyes import eyes_px
from acquisition.profiles import Profile, format_named
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.targets import ShownTarget, calibration_targets
from acquisition.viewer.messages import ShowTarget
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from protocols.blocks import CalibrationPlan, QualityLimits
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.study import StudyProtocol, load_study
from sessions.agreement import fixation_differences
from sessions.calibrations import CalibrationAttempt, calibrated_xy
from sessions.check import CheckReport, check
from sessions.live import LiveSlots
from sessions.reader import Recording
from sessions.writer import SessionWriter
from studio.calibrating import ATTEMPTS, CalibrationPhase, Verdict, redone
from studio.gaze_care import GazeCare
from studio.journal import GazeTap, Journal
from studio.script import Script
from studio.stage import Picture
from studio.targets import TargetShow

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
WIRE = format_named("gazetwin")
CHANNELS, UNITS = tuple(c.label for c in WIRE.channels), tuple(c.unit for c in WIRE.channels)
PROFILE = Profile(WIRE, CHANNELS, UNITS)
SOURCE = SourceInfo("viewer", "lsl", "gazetwin", "1", 120.0, CHANNELS, UNITS)

Spoil = Callable[[FloatArray, FloatArray], None]
"""Changes what the tracker reports: given stamps (n,) and eyes (n, 2, 2) in fractions of the display."""


class Room:
    """A participant in front of a display, a tracker, a session file, and a clock that waits for nobody."""

    def __init__(self, path: Path, study: StudyProtocol, spoil: Spoil | None, drift: float) -> None:
        self.path, self.now_s, self._spoil = path, 100.0, spoil
        self.study = study
        self.participant = SimulatedParticipant(ViewerSettings(seed=4, drift_deg_per_min=drift), self.now_s)
        self.writer = SessionWriter.create(
            path,
            study=study,
            participant=Participant(pseudonym="P01"),
            screen=SCREEN,
            source=SOURCE,
            clock_pair=(0.0, 1.7e9),
            software="test",
        )
        self.tap, self.targets, self.markers = GazeTap(), [], []  # type: ignore[var-annotated] # lists of the test
        self.live = LiveSlots(SCREEN)
        self.journal = Journal(self, self.tap, self.live, 120.0)  # type: ignore[arg-type] # this is the recorder
        script = Script(study, (), calibrate=True, reads_by_itself=True, seed=(5, 0))
        self.care = GazeCare(script, self, self.journal)  # type: ignore[arg-type] # this is the stage, too

    # ---- as a recorder

    def mark(self, marker: Marker) -> None:
        self.markers.append(marker)
        self.writer.marker(marker)

    def put(self, entry: Any) -> None:
        entry.write(self.writer)

    # ---- as a stage

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        assert picture().shape == (1080, 1920, 3)
        self.targets.append(xy_px)
        self.participant.see(ShowTarget(t_s=self.now_s, xy_px=xy_px))
        return self.now_s

    def details(self, picture: Picture) -> float:  # noqa: ARG002 (drawn by the other method already)
        return self.now_s

    # ---- time

    def wait_until(self, t_s: float) -> float:
        while self.now_s < t_s:
            self.now_s = min(self.now_s + 0.05, t_s)
            stamps, values, _ = self.participant.advance(self.now_s)
            if len(stamps):
                self._take(stamps, values)
        self.journal.catch_up()
        return self.now_s

    def _take(self, t_s: FloatArray, values: FloatArray) -> None:
        if self._spoil is not None:
            eyes = values.reshape(len(t_s), 2, 4)
            self._spoil(t_s, eyes[..., :2])
            eyes[np.isnan(eyes[..., 0]), 3] = 0.0
        xy, valid, pupil = PROFILE.decode(values, SCREEN)
        chunk = GazeChunk(t_s, t_s, xy, valid, pupil, values, eyes_px(PROFILE, values, SCREEN))
        self.writer.gaze(chunk)
        self.tap.append(chunk)

    def calibrate(self) -> Verdict:
        return self.care.calibrate(self.wait_until)

    def drifted_away(self) -> bool:
        return self.care.drifted_away(self.wait_until)

    def payloads(self, code: Code) -> list[dict[str, Any]]:
        return [dict(m.payload) for m in self.markers if m.code is code]

    def end(self) -> tuple[CalibrationAttempt, ...]:
        """Seal the file; gaze mapped from it must be what the session saw, to the last bit."""
        self.wait_until(self.now_s + 0.5)
        live, slots = self.journal.trail(60.0)[1], self.journal.finished()
        self.writer.close("complete")
        assert slots is not None
        with Recording.open(self.path) as recording:
            assert fixation_differences(slots.fixations, recording.slots().fixations) == []
            attempts, gaze = recording.calibrations(), recording.gaze()
            recent = gaze.t_s >= gaze.t_s[-1] - 60.0
            mapped = np.where(gaze.valid[:, None], calibrated_xy(gaze, attempts), np.nan)
        np.testing.assert_array_equal(mapped[recent], live[-recent.sum() :])
        return attempts

    def checked(self) -> CheckReport:
        return check(self.path)


@pytest.fixture
def room(tmp_path):
    """Make a room: ``room(spoil, targets=5)``, any field of CalibrationPlan."""
    made: list[Room] = []

    def make(spoil: Spoil | None = None, drift: float = 0.0, **fields: object) -> Room:
        plan = CalibrationPlan(**{"targets": 5, "validation": 4, **fields})
        study = load_study("demo").model_copy(update={"calibration": plan})
        made.append(Room(tmp_path / f"{len(made)}.h5", study, spoil, drift))
        return made[-1]

    yield make
    for one in made:
        one.writer.close("complete")


def verdicts(report: CheckReport) -> dict[str, str]:
    return {i.name: i.verdict for i in report.items}


def found(report: CheckReport) -> dict[str, str]:
    return {i.name: i.found for i in report.items}


def shift(by_deg: tuple[float, float], from_s: float = 0.0) -> Spoil:
    def spoil(t_s: FloatArray, eyes: FloatArray) -> None:
        eyes[t_s >= from_s] += np.asarray(by_deg) * DEG / np.asarray(SCREEN.size_px)

    return spoil


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
    seen: list[Room] = []

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
    assert verdicts(report)["calibration"] == "bad"
    assert "carried on because nobody was asked" in found(report)["calibration"]
    assert "5 of 5 targets" in found(report)["calibration"]
    assert "calibrated in its own program" in next(i.advice for i in report.items if i.name == "lost gaze")


def test_swapped_axes_are_refused_and_named_in_the_check(room) -> None:
    def swapped(t_s: FloatArray, eyes: FloatArray) -> None:  # noqa: ARG001 (whenever)
        eyes[:] = eyes[..., ::-1].copy()

    one = room(swapped)
    assert one.calibrate().verdict == "red"
    one.end()
    report = one.checked()
    assert "x and y are swapped" in found(report)["calibration"]
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
    assert "left eye" in found(report)["calibration"]
    assert [(e.eye, e.used) for e in report.eyes if e.corrected] == [
        ("both", False),
        ("left", True),
        ("right", False),
    ]


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
    assert verdicts(report)["drift at targets"] == "good"
    assert "shifted 1 x after drift checks" in found(report)["calibration"]
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
    assert verdicts(report)["drift at targets"] == "warning"


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
    assert verdicts(one.checked())["drift at targets"] == "good"


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
    assert verdicts(report)["calibration"] == "bad"
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
    assert verdicts(one.checked())["calibration"] == "bad"


def test_the_operator_is_asked_why_to_carry_on_below_the_limits(room) -> None:
    one = room(limits=QualityLimits(green_mean_deg=0.001, amber_mean_deg=0.002))
    asked: list[Verdict] = []

    def ask(verdict: Verdict) -> str:
        asked.append(verdict)
        return "the participant wears thick glasses"

    show = TargetShow(SCREEN, one, one.journal, one.wait_until)
    plan, order = one.study.calibration, np.random.default_rng(0)
    CalibrationPhase(plan, SCREEN, show, one.journal, one.wait_until, order, ask).run()
    one.end()
    assert [v.verdict for v in asked] == ["red"]
    assert one.payloads(Code.CALIBRATION_ACCEPTED)[-1]["reason"] == "the participant wears thick glasses"
    assert "carried on because the participant wears thick glasses" in found(one.checked())["calibration"]


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
    assert verdicts(one.checked())["drift at targets"] == "good"


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
