"""The calibration phase of a session: targets, a fit, validation on other targets, a verdict.

Gaze is recorded as delivered all the while. A fitted map is used when it does better on the validation
targets than what was in force before; all attempts are kept in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from acquisition.calibration import Calibration, fit_calibration
from acquisition.quality import Validation, effective_rate_hz, validate
from acquisition.targets import Point, TargetWindow, calibration_targets, validation_targets
from protocols.blocks import CalibrationPlan
from protocols.cards import target
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from studio.journal import Journal
from studio.stage import Stage

TARGET_S = 1.0
ATTEMPTS = 3
_ARRIVAL_S = 0.15  # gaze of the last moment is still on its way
_FRAMES_S = (0.0, 0.12, 0.24, 0.36)
"""When the shrinking target is drawn anew, counted from its onset."""

Purpose = Literal["calibration", "validation"]


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


class CalibrationPhase:
    """Runs attempts until gaze is good enough, or ATTEMPTS were made.

    Args:
        plan: how many targets.
        screen: the display.
        stage: shows them.
        journal: writes all of it down.
        wait_until: waits until a session time in s; raises when the session is to end.
    """

    def __init__(
        self,
        plan: CalibrationPlan,
        screen: Screen,
        stage: Stage,
        journal: Journal,
        wait_until: Callable[[float], float],
    ) -> None:
        self._plan, self._screen = plan, screen
        self._stage, self._journal = stage, journal
        self._wait_until = wait_until
        self._best_deg = float("inf")
        self._best = Verdict(0, None, "red")

    def run(self) -> Verdict:
        """Calibrate; return how gaze is mapped from now on."""
        for attempt in range(ATTEMPTS):
            problem = self._attempt(attempt)
            self._best = Verdict(attempt + 1, self._best.accuracy_deg, self._best.verdict, problem)
            if self._best.verdict != "red":
                break
        return self._best

    def _attempt(self, attempt: int) -> str:
        """Show all targets once; return why that led to nothing, empty when it did."""
        targets = calibration_targets(self._plan.targets, self._screen)
        others = validation_targets(self._plan.validation, self._screen)
        shown = self._shown(targets, "calibration", attempt)
        checked = self._shown(others, "validation", attempt)
        now_s = self._wait_until(checked[-1][2] + _ARRIVAL_S)
        windows, tests = self._windows(shown, now_s), self._windows(checked, now_s)
        try:
            calibration = fit_calibration(windows, self._screen)
            rate_hz = effective_rate_hz(np.concatenate([w.t_s for w in (*windows, *tests)]))
            self._judge(attempt, calibration, tests, rate_hz, now_s)
        except CalibrationError as error:
            self._journal.mark(
                now_s, Code.CALIBRATION_RESULT, payload={"attempt": attempt, "failed": error.what}
            )
            return error.what
        return ""

    def _judge(
        self, attempt: int, calibration: Calibration, tests: list[TargetWindow], rate_hz: float, now_s: float
    ) -> None:
        before = validate(Calibration.identity(), tests, self._screen, rate_hz)
        after = validate(calibration, tests, self._screen, rate_hz)
        if before.accuracy_mean_deg is not None and not np.isfinite(self._best_deg):
            self._best_deg = before.accuracy_mean_deg
            self._best = Verdict(attempt, before.accuracy_mean_deg, before.verdict)
        used = after.accuracy_mean_deg is not None and after.accuracy_mean_deg < self._best_deg
        self._journal.calibration(calibration, after, used, now_s)
        self._mark_results(attempt, calibration, before, after, used, now_s)
        if used and after.accuracy_mean_deg is not None:
            self._best_deg = after.accuracy_mean_deg
            self._best = Verdict(attempt, after.accuracy_mean_deg, after.verdict)

    def _mark_results(
        self,
        attempt: int,
        calibration: Calibration,
        before: Validation,
        after: Validation,
        used: bool,
        now_s: float,
    ) -> None:
        fitted = {
            "attempt": attempt,
            "used": used,
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
        self._journal.mark(now_s, Code.CALIBRATION_RESULT, payload=fitted)
        self._journal.mark(now_s, Code.VALIDATION_RESULT, payload=checked)

    def _shown(self, targets: FloatArray, purpose: Purpose, attempt: int) -> list[tuple[Point, float, float]]:
        """Show targets one by one; return each with its onset and the time it left, in s."""
        code = Code.CALIBRATION_POINT if purpose == "calibration" else Code.VALIDATION_POINT
        shown = []
        for x, y in targets:
            xy = (float(x), float(y))
            on_s = self._stage.target(xy, self._drawn(xy, 0.0))
            self._journal.mark(on_s, code, payload={"attempt": attempt, "x_px": xy[0], "y_px": xy[1]})
            for frame_s in _FRAMES_S[1:]:
                self._wait_until(on_s + frame_s)
                self._stage.details(self._drawn(xy, frame_s / _FRAMES_S[-1]))
            off_s = self._wait_until(on_s + TARGET_S)
            shown.append((xy, on_s, off_s))
        return shown

    def _drawn(self, xy_px: Point, progress: float) -> partial[np.ndarray]:
        return partial(target, xy_px, self._screen.size_px, self._screen, progress)

    def _windows(self, shown: list[tuple[Point, float, float]], now_s: float) -> list[TargetWindow]:
        chunk = self._journal.tap.recent.snapshot(now_s - shown[0][1] + 1.0)
        return [TargetWindow.of(xy, on_s, off_s, chunk) for xy, on_s, off_s in shown]
