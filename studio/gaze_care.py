"""Keeps gaze good during a session: calibrates it, checks it for drift, measures it at clicks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from protocols.slots import SlotLayout
from studio.attempts import Attempts
from studio.attended import AttendedCalibration, stopping
from studio.calibrating import CalibrationPhase, Verdict
from studio.calibration_state import CalibrationBoard, DriftLook, Tell, nobody
from studio.drifting import DONE, WORDS, ClickCheck, ClickGauge, DriftPhase
from studio.journal import Journal
from studio.script import Script
from studio.stage import Stage
from studio.targets import TargetShow, Wait
from studio.wishes import CalibrateNow, CheckDriftNow, Wish, Wishes


class GazeCare:
    """Everything a session does about the quality of its gaze; nothing when gaze is not calibrated.

    Args:
        script: what the session does.
        stage: shows targets.
        journal: writes all of it down.
        tell: told whatever the operator is to see of it.
    """

    def __init__(self, script: Script, stage: Stage, journal: Journal, tell: Tell = nobody) -> None:
        self._study, self.calibrated = script.study, script.calibrate
        self._operated = script.operated
        self._glides = script.operated or not script.reads_by_itself
        self._stage, self._journal = stage, journal
        self._order = np.random.default_rng(script.seed)
        self._clicks = ClickGauge(script.study, journal)
        self._board = CalibrationBoard(script.study.screen, tell)
        self._wishes = Wishes()
        self._anew = False
        self.note = ""

    @property
    def busy(self) -> bool:
        """Whether targets or what is said between them are in front of the participant."""
        return self._board.state.step != "over"

    @property
    def verdict(self) -> Verdict:
        """How gaze is mapped now, also when a calibration was left half-way."""
        state = self._board.state
        return Verdict(len(state.attempts) - state.since, state.accuracy_deg, state.verdict)

    def wish(self, wish: Wish) -> None:
        """Take note of what the operator wishes; a new calibration begins with the next drift check."""
        if isinstance(wish, CalibrateNow):
            self._anew = True
        elif not isinstance(wish, CheckDriftNow):
            self._wishes.put(wish)

    def calibrate(self, wait_until: Wait) -> Verdict:
        """Show targets until gaze is good enough, or until the operator accepts it.

        When ``wait_until`` raises to leave, the calibration counts as not done: the next drift check is one.
        """
        self._anew = True
        try:
            verdict = self._phase(wait_until).run()
        finally:
            self._board.change(step="over", target_px=None)
        self._anew = False
        return verdict

    def drifted_away(self, wait_until: Wait) -> bool:
        """Check drift, correct it where the study says so; return whether gaze must be calibrated anew.

        ``note`` then says in words what the operator should know, empty when gaze is well.
        """
        if self._anew:
            self.note = ""
            return True
        self._board.change(step="drift", done=0, total=1)
        phase = DriftPhase(self._study, self._show(wait_until), self._journal, wait_until)
        try:
            decision = phase.run()
        finally:
            self._board.change(step="over", target_px=None)
        self.note = WORDS[decision]
        last = phase.looks[-1]
        self._note(DriftLook("target", DONE[decision], decision == "ok", last.offset_deg, last.distance_deg))
        return decision == "recalibrate"

    def clicked(self, t_s: float, trial: int, payload: Mapping[str, object], layout: SlotLayout) -> None:
        """Take note of a click on a poster."""
        if self.calibrated:
            self._clicks.clicked(t_s, trial, payload, layout)

    def clicks(self, now_s: float) -> tuple[ClickCheck, ...]:
        """Return what was found at the clicks whose gaze has arrived; ``inf`` for all that are left."""
        found = tuple(self._clicks.due(now_s))
        for click in found:
            check = click.check
            words = "recorded" if check.distance_deg is not None else "gaze was lost"
            look = DriftLook(
                "click", words, check.finding == "ok", check.offset_deg, check.distance_deg, click.trial
            )
            self._note(look)
        return found

    def _note(self, look: DriftLook) -> None:
        self._board.change(drifts=(*self._board.state.drifts, look))

    def _phase(self, wait_until: Wait) -> CalibrationPhase | AttendedCalibration:
        screen, journal, board = self._study.screen, self._journal, self._board
        waits = stopping(wait_until, self._wishes) if self._operated else wait_until
        show = self._show(waits)
        attempts = Attempts(self._study.calibration, screen, show, journal, waits, self._order, board)
        if not self._operated:
            return CalibrationPhase(attempts, journal, wait_until, board)
        return AttendedCalibration(
            attempts, self._wishes, journal, self._stage, show, screen, wait_until, board
        )

    def _show(self, wait_until: Wait) -> TargetShow:
        return TargetShow(self._study.screen, self._stage, self._journal, wait_until, self._glides)
