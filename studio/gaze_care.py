"""Keeps gaze good during a session: calibrates it, checks it for drift, measures it at clicks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from protocols.slots import SlotLayout
from studio.calibrating import CalibrationPhase, Verdict
from studio.drifting import WORDS, ClickCheck, ClickGauge, DriftPhase
from studio.journal import Journal
from studio.script import Script
from studio.stage import Stage
from studio.targets import TargetShow, Wait


class GazeCare:
    """Everything a session does about the quality of its gaze; nothing when gaze is not calibrated.

    Args:
        script: what the session does.
        stage: shows targets.
        journal: writes all of it down.
    """

    def __init__(self, script: Script, stage: Stage, journal: Journal) -> None:
        self._study, self._calibrated = script.study, script.calibrate
        self._stage, self._journal = stage, journal
        self._order = np.random.default_rng(script.seed)
        self._clicks = ClickGauge(script.study, journal)
        self.note = ""

    def calibrate(self, wait_until: Wait) -> Verdict:
        """Show targets until gaze is good enough."""
        plan, screen, show = self._study.calibration, self._study.screen, self._show(wait_until)
        return CalibrationPhase(plan, screen, show, self._journal, wait_until, self._order).run()

    def drifted_away(self, wait_until: Wait) -> bool:
        """Check drift, correct it where the study says so; return whether gaze must be calibrated anew.

        ``note`` then says in words what the operator should know, empty when gaze is well.
        """
        decision = DriftPhase(self._study, self._show(wait_until), self._journal, wait_until).run()
        self.note = WORDS[decision]
        return decision == "recalibrate"

    def clicked(self, t_s: float, trial: int, payload: Mapping[str, object], layout: SlotLayout) -> None:
        """Take note of a click on a poster."""
        if self._calibrated:
            self._clicks.clicked(t_s, trial, payload, layout)

    def clicks(self, now_s: float) -> tuple[ClickCheck, ...]:
        """Return what was found at the clicks whose gaze has arrived; ``inf`` for all that are left."""
        return tuple(self._clicks.due(now_s))

    def _show(self, wait_until: Wait) -> TargetShow:
        return TargetShow(self._study.screen, self._stage, self._journal, wait_until)
