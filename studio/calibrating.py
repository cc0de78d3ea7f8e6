"""The calibration phase of a session: targets, a fit per eye, validation on other targets, a verdict.

Gaze is recorded as delivered all the while. When the phase begins, no earlier calibration holds any more. Of
what the phase finds, that is used which does best on the validation targets; gaze as delivered takes part in
that. All attempts are kept in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from acquisition.calibration import Calibration, unusable
from acquisition.eye_choice import Judged, Looks, as_delivered, best, fitted
from acquisition.quality import Validation
from acquisition.targets import Point, ShownTarget, calibration_targets, validation_targets
from protocols.blocks import CalibrationPlan
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from sessions.calibrations import AttemptRecord
from studio.journal import Journal
from studio.targets import ARRIVAL_S, TargetShow

ATTEMPTS = 3
REPEATS = 2
_NOBODY_ASKED = "nobody was asked: the session goes on by itself after {} attempts"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a calibration phase ended.

    Attributes:
        attempts: how often targets were shown.
        accuracy_deg: mean error on the validation targets of the map in force, None when it is unknown.
        verdict: of the map in force; ``red`` also when nothing could be measured.
        problem: why the last attempt failed, empty when it did not.
    """

    attempts: int
    accuracy_deg: float | None
    verdict: Literal["green", "amber", "red"]
    problem: str = ""


Ask = Callable[[Verdict], str]
"""Asks the operator why to carry on with calibration as it is; may wait."""


class CalibrationPhase:
    """Runs attempts until gaze is good enough, or ATTEMPTS were made.

    Args:
        plan: how many targets, and what is good enough.
        screen: the display.
        show: shows targets.
        journal: writes all of it down.
        wait_until: waits until a session time in s; raises when the session is to end.
        order: draws the order of the targets.
        ask: for the reason to carry on below the limits; without it nobody is asked, which is written down.
    """

    def __init__(
        self,
        plan: CalibrationPlan,
        screen: Screen,
        show: TargetShow,
        journal: Journal,
        wait_until: Callable[[float], float],
        order: np.random.Generator,
        ask: Ask | None = None,
    ) -> None:
        self._plan, self._screen = plan, screen
        self._show, self._journal = show, journal
        self._wait_until, self._order, self._ask = wait_until, order, ask
        self._best_deg = float("inf")
        self._best = Verdict(0, None, "red")

    def run(self) -> Verdict:
        """Calibrate; return how gaze is mapped from now on."""
        self._journal.begin_calibration(self._wait_until(float("-inf")))
        for attempt in range(ATTEMPTS):
            problem = self._attempt(attempt)
            self._best = replace(self._best, attempts=attempt + 1, problem=problem)
            if self._best.verdict != "red":
                break
        self._accept()
        return self._best

    def _accept(self) -> None:
        """Write down with what the session goes on, and why when that is not good."""
        reason = "within the limits of the study"
        if self._best.verdict == "red":
            asked = self._ask(self._best) if self._ask else ""
            reason = asked or _NOBODY_ASKED.format(self._best.attempts)
        payload = {
            "verdict": self._best.verdict,
            "accuracy_mean_deg": self._best.accuracy_deg,
            "problem": self._best.problem,
            "reason": reason,
        }
        now_s = self._wait_until(float("-inf"))
        self._journal.mark(now_s, Code.CALIBRATION_ACCEPTED, payload=payload)

    def _attempt(self, attempt: int) -> str:
        """Show all targets once; return why that led to nothing, empty when it did."""
        shown = self._calibration_targets(attempt)
        tests = self._shuffled(validation_targets(self._plan.validation, self._screen))
        checked = self._show.show(tests, Code.VALIDATION_POINT, {"attempt": attempt})
        now_s = self._wait_until(checked[-1].t_off_s + ARRIVAL_S)
        looks = self._looks(shown, checked, now_s)
        try:
            plain = as_delivered(looks, self._screen, self._plan.limits)
        except CalibrationError as error:
            return self._failed(attempt, error, looks, None, now_s)
        try:
            self._judge(attempt, plain, fitted(looks, self._screen, self._plan.limits), looks, now_s)
        except CalibrationError as error:
            return self._failed(attempt, error, looks, plain.validation, now_s)
        return ""

    def _calibration_targets(self, attempt: int) -> tuple[ShownTarget, ...]:
        """Show the calibration targets; repeat those that were not looked at steadily, and only those."""
        targets = self._shuffled(calibration_targets(self._plan.targets, self._screen))
        shown = self._show.show(targets, Code.CALIBRATION_POINT, {"attempt": attempt})
        for repeat in range(1, REPEATS + 1):
            now_s = self._wait_until(shown[-1].t_off_s + ARRIVAL_S)
            looks = self._looks(shown, (), now_s)
            bad = unusable([target.window(looks.gaze) for target in shown], self._screen)
            if not bad or len(bad) > len(shown) / 2:
                break
            payload: dict[str, object] = {"attempt": attempt, "repeat": repeat}
            again = self._show.show([shown[i].target_px for i in bad], Code.CALIBRATION_POINT, payload)
            shown = redone(shown, again)
        return shown

    def _judge(
        self, attempt: int, plain: Judged, maps: tuple[Judged, ...], looks: Looks, now_s: float
    ) -> None:
        chosen = best([*maps, plain])
        after = chosen.validation
        used = after.accuracy_mean_deg is not None and after.accuracy_mean_deg < self._best_deg
        record = AttemptRecord("calibration", _why(chosen, used), looks.shown, looks.tests, (*maps, plain))
        self._journal.calibration(chosen.calibration, after, used, now_s, record)
        self._mark_results(attempt, chosen, plain.validation, used, now_s)
        if used and after.accuracy_mean_deg is not None:
            self._best_deg = after.accuracy_mean_deg
            self._best = Verdict(attempt, after.accuracy_mean_deg, after.verdict)

    def _failed(
        self, attempt: int, error: CalibrationError, looks: Looks, plain: Validation | None, now_s: float
    ) -> str:
        record = AttemptRecord("failed", error.what, looks.shown, looks.tests)
        self._journal.calibration(Calibration.identity(), plain, False, now_s, record)
        self._journal.mark(now_s, Code.CALIBRATION_RESULT, payload={"attempt": attempt, "failed": error.what})
        return error.what

    def _mark_results(
        self, attempt: int, chosen: Judged, before: Validation, used: bool, now_s: float
    ) -> None:
        calibration, after = chosen.calibration, chosen.validation
        made = {
            "attempt": attempt,
            "used": used,
            "method": calibration.method,
            "eye": chosen.eye,
            "expected_error_deg": calibration.expected_error_deg,
            "fitted_error_deg": calibration.fitted_error_deg,
        }
        checked = {
            "attempt": attempt,
            "verdict": after.verdict,
            "accuracy_mean_deg": after.accuracy_mean_deg,
            "accuracy_max_deg": after.accuracy_max_deg,
            "uncalibrated_mean_deg": before.accuracy_mean_deg,
            "rms_s2s_deg": after.rms_s2s_deg,
            "data_loss": after.data_loss,
        }
        self._journal.mark(now_s, Code.CALIBRATION_RESULT, payload=made)
        self._journal.mark(now_s, Code.VALIDATION_RESULT, payload=checked)

    def _looks(self, shown: tuple[ShownTarget, ...], tests: tuple[ShownTarget, ...], now_s: float) -> Looks:
        since_s = min(target.t_on_s for target in (*shown, *tests))
        return Looks(shown, tests, self._journal.tap.recent.snapshot(now_s - since_s + 1.0))

    def _shuffled(self, targets: FloatArray) -> list[Point]:
        return [(float(x), float(y)) for x, y in self._order.permutation(targets)]


def redone(shown: Sequence[ShownTarget], again: Sequence[ShownTarget]) -> tuple[ShownTarget, ...]:
    """Return the targets in the same order, those shown again in place of their first showing."""
    newest = {target.target_px: target for target in again}
    return tuple(newest.get(target.target_px, target) for target in shown)


def _why(chosen: Judged, used: bool) -> str:
    accuracy_deg = chosen.validation.accuracy_mean_deg
    if accuracy_deg is None:
        return "not used: gaze was lost on a validation target"
    whose = {"both": "both eyes", "left": "the left eye alone", "right": "the right eye alone"}[chosen.eye]
    what = "gaze as delivered" if chosen.calibration.method == "identity" else f"a map of {whose}"
    does = f"{what} does best on the validation targets ({accuracy_deg:.2f} deg)"
    return f"used: {does}" if used else f"not used: {does}, an earlier attempt did better"
