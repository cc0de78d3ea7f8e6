"""Calibration attempts of a session: shows their targets, fits and judges gaze, writes all of it down.

Of what an attempt finds, that is used which does best on the validation targets; gaze as delivered takes part
in that. One target can be shown again: everything else then stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.calibration import Calibration, measured_point, unusable
from acquisition.eye_choice import Judged, Looks, as_delivered, best, fitted
from acquisition.quality import Validation
from acquisition.samples import GazeChunk
from acquisition.targets import Point, ShownTarget, calibration_targets, validation_targets
from protocols.blocks import CalibrationPlan
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code
from sessions.calibrations import AttemptRecord
from studio.calibration_state import Attempt, CalibrationBoard
from studio.journal import Journal
from studio.targets import ARRIVAL_S, TargetShow, Wait

REPEATS = 2

Pressed = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Shown:
    calibration: tuple[ShownTarget, ...]
    tests: tuple[ShownTarget, ...]


class Attempts:
    """Makes attempts and knows which one maps gaze.

    Args:
        plan: how many targets, and what is good enough.
        screen: the display.
        show: shows targets.
        journal: writes all of it down.
        wait_until: waits until a session time in s; raises when the session is to end.
        order: draws the order of the targets.
        board: tells the operator.
    """

    def __init__(
        self,
        plan: CalibrationPlan,
        screen: Screen,
        show: TargetShow,
        journal: Journal,
        wait_until: Wait,
        order: np.random.Generator,
        board: CalibrationBoard,
    ) -> None:
        self._plan, self._screen = plan, screen
        self._show, self._journal = show, journal
        self._wait_until, self._order, self._board = wait_until, order, board
        self._shown: dict[int, _Shown] = {}
        self._gaze: dict[ShownTarget, GazeChunk] = {}
        self._best_deg = float("inf")
        self.count = 0

    def begin(self) -> None:
        """Take back whatever was in force; later attempts need not be better than it."""
        self._journal.begin_calibration(self._now_s())
        self._best_deg, self.count = float("inf"), 0
        self._board.change(
            in_force=None,
            verdict="red",
            accuracy_deg=None,
            question="",
            since=len(self._board.state.attempts),
        )

    def all(self, pressed: Pressed | None = None) -> Attempt:
        """Show all targets once, in a new order."""
        marks = self._marks()
        shown = self._calibration_targets(marks, pressed)
        tests = self._shuffled(validation_targets(self._plan.validation, self._screen))
        checked = self._each(tests, Code.VALIDATION_POINT, marks, pressed)
        return self._conclude("all targets", _Shown(shown, checked))

    def redo(self, number: int, target_px: Point, pressed: Pressed | None = None) -> Attempt:
        """Show one target of an attempt again."""
        before, where = self._shown_in(number), place_words(target_px, self._screen)
        marks = {**self._marks(), "redo_of": number}
        if any(t.target_px == target_px for t in before.calibration):
            again = self._each([target_px], Code.CALIBRATION_POINT, marks, pressed)
            now = _Shown(redone(before.calibration, again), before.tests)
            return self._conclude(f"target {where} of attempt {number + 1} again", now)
        again = self._each([target_px], Code.VALIDATION_POINT, marks, pressed)
        now = _Shown(before.calibration, redone(before.tests, again))
        return self._conclude(f"validation target {where} of attempt {number + 1} again", now)

    def validate(self, number: int, pressed: Pressed | None = None) -> Attempt:
        """Show only the validation targets again, for the map of an attempt."""
        before = self._shown_in(number)
        tests = self._shuffled(validation_targets(self._plan.validation, self._screen))
        checked = self._each(
            tests, Code.VALIDATION_POINT, {**self._marks(), "validation_of": number}, pressed
        )
        return self._conclude(
            f"validation of attempt {number + 1} again", _Shown(before.calibration, checked)
        )

    def choose(self, number: int, reason: str) -> None:
        """Map gaze by an earlier attempt from now on.

        Raises:
            CalibrationError: there is none of that number, or it led to no map.
        """
        self._journal.choose_calibration(number, reason, self._now_s())
        payload = {"chosen": number, "reason": reason}
        self._journal.mark(self._now_s(), Code.CALIBRATION_RESULT, payload=payload)
        attempt = next(a for a in self._board.state.attempts if a.number == number)
        self._in_force(attempt)

    # ---- showing

    def _calibration_targets(
        self, marks: dict[str, object], pressed: Pressed | None
    ) -> tuple[ShownTarget, ...]:
        """Show the calibration targets; repeat those that were not looked at steadily, and only those."""
        targets = self._shuffled(calibration_targets(self._plan.targets, self._screen))
        shown = self._each(targets, Code.CALIBRATION_POINT, marks, pressed)
        for repeat in range(1, REPEATS + 1):
            looks = self._looks(_Shown(shown, ()))
            bad = unusable([target.window(looks.gaze) for target in shown], self._screen)
            if not bad or len(bad) > len(shown) / 2:
                break
            again = [shown[i].target_px for i in bad]
            shown = redone(
                shown, self._each(again, Code.CALIBRATION_POINT, {**marks, "repeat": repeat}, pressed)
            )
        return shown

    def _each(
        self, targets: Sequence[Point], code: Code, marks: dict[str, object], pressed: Pressed | None
    ) -> tuple[ShownTarget, ...]:
        shown: list[ShownTarget] = []
        step = "targets" if code is Code.CALIBRATION_POINT else "validation"
        total, by_key = len(targets), pressed is not None
        for xy_px in targets:
            self._board.change(step=step, target_px=xy_px, done=len(shown), total=total, by_key=by_key)
            shown.append(self._show.one(xy_px, code, marks, pressed))
            if by_key:  # the next one may stay for longer than gaze is remembered
                self._wait_until(shown[-1].t_off_s + ARRIVAL_S)
                self._keep(shown[-1])
            elif len(shown) > 1:
                self._keep(shown[-2])
        self._wait_until(shown[-1].t_off_s + ARRIVAL_S)
        self._keep(shown[-1])
        self._board.change(target_px=None, done=len(shown))
        return tuple(shown)

    def _keep(self, target: ShownTarget) -> None:
        """Keep the gaze at a target, which has arrived: the buffer of recent gaze forgets it."""
        gaze = self._journal.tap.recent.snapshot(self._now_s() - target.t_on_s + 1.0)
        self._gaze[target] = gaze.rows((gaze.t_s >= target.t_on_s) & (gaze.t_s < target.t_off_s))

    def _looks(self, shown: _Shown) -> Looks:
        kept = [self._gaze[target] for target in (*shown.calibration, *shown.tests)]
        return Looks(shown.calibration, shown.tests, GazeChunk.joined(kept).by_time())

    def _shuffled(self, targets: FloatArray) -> list[Point]:
        return [(float(x), float(y)) for x, y in self._order.permutation(targets)]

    def _shown_in(self, number: int) -> _Shown:
        if number not in self._shown:
            raise CalibrationError(
                f"There is no attempt {number + 1} whose targets could be shown again.",
                "The map would be fitted to nothing.",
                f"Choose one of {', '.join(str(n + 1) for n in self._shown) or 'none: show targets first'}.",
            )
        return self._shown[number]

    # ---- judging

    def _conclude(self, what: str, shown: _Shown) -> Attempt:
        looks, index = self._looks(shown), self.count
        self.count += 1
        plain: Judged | None = None
        try:
            plain = as_delivered(looks, self._screen, self._plan.limits)
            maps = fitted(looks, self._screen, self._plan.limits)
        except CalibrationError as error:
            number = self._failed(index, error, looks, plain)
            attempt = self._attempt(number, what, looks, f"failed: {error.what}", plain, ())
        else:
            attempt = self._judged(index, what, plain, maps, looks)
        self._shown[attempt.number] = shown
        self._board.change(attempts=(*self._board.state.attempts, attempt))
        return attempt

    def _judged(
        self, index: int, what: str, plain: Judged, maps: tuple[Judged, ...], looks: Looks
    ) -> Attempt:
        chosen = best([*maps, plain])
        after, why = chosen.validation, ""
        used = after.accuracy_mean_deg is not None and after.accuracy_mean_deg < self._best_deg
        why = _why(chosen, used)
        record = AttemptRecord("calibration", why, looks.shown, looks.tests, (*maps, plain))
        number = self._journal.calibration(chosen.calibration, after, used, self._now_s(), record)
        self._mark_results(index, chosen, plain.validation, used)
        attempt = self._attempt(number, what, looks, why, plain, maps, chosen)
        if used:
            self._in_force(attempt)
        return attempt

    def _in_force(self, attempt: Attempt) -> None:
        accuracy_deg = attempt.accuracy_deg
        self._best_deg = float("inf") if accuracy_deg is None else accuracy_deg
        self._board.change(in_force=attempt.number, verdict=attempt.verdict, accuracy_deg=accuracy_deg)

    def _failed(self, index: int, error: CalibrationError, looks: Looks, plain: Judged | None) -> int:
        record = AttemptRecord("failed", error.what, looks.shown, looks.tests)
        validation = None if plain is None else plain.validation
        number = self._journal.calibration(Calibration.identity(), validation, False, self._now_s(), record)
        payload = {"attempt": index, "failed": error.what}
        self._journal.mark(self._now_s(), Code.CALIBRATION_RESULT, payload=payload)
        return number

    def _attempt(
        self,
        number: int,
        what: str,
        looks: Looks,
        why: str,
        plain: Judged | None,
        maps: tuple[Judged, ...],
        chosen: Judged | None = None,
    ) -> Attempt:
        measured = {t.target_px: measured_point(t.window(looks.gaze), self._screen) for t in looks.shown}
        return Attempt(
            number=number,
            what=what,
            shown=tuple(t.target_px for t in looks.shown),
            tests=tuple(t.target_px for t in looks.tests),
            verdict="red" if chosen is None else chosen.validation.verdict,
            why=why,
            candidates=maps if plain is None else (*maps, plain),
            chosen=chosen,
            missed=tuple((xy, found) for xy, found in measured.items() if isinstance(found, str)),
        )

    def _mark_results(self, index: int, chosen: Judged, before: Validation, used: bool) -> None:
        calibration, after, now_s = chosen.calibration, chosen.validation, self._now_s()
        made = {
            "attempt": index,
            "used": used,
            "method": calibration.method,
            "eye": chosen.eye,
            "expected_error_deg": calibration.expected_error_deg,
            "fitted_error_deg": calibration.fitted_error_deg,
        }
        checked = {
            "attempt": index,
            "verdict": after.verdict,
            "accuracy_mean_deg": after.accuracy_mean_deg,
            "accuracy_max_deg": after.accuracy_max_deg,
            "uncalibrated_mean_deg": before.accuracy_mean_deg,
            "rms_s2s_deg": after.rms_s2s_deg,
            "data_loss": after.data_loss,
        }
        self._journal.mark(now_s, Code.CALIBRATION_RESULT, payload=made)
        self._journal.mark(now_s, Code.VALIDATION_RESULT, payload=checked)

    def _marks(self) -> dict[str, object]:
        return {"attempt": self.count}

    def _now_s(self) -> float:
        return self._wait_until(float("-inf"))


def redone(shown: Sequence[ShownTarget], again: Sequence[ShownTarget]) -> tuple[ShownTarget, ...]:
    """Return the targets in the same order, those shown again in place of their first showing."""
    newest = {target.target_px: target for target in again}
    return tuple(newest.get(target.target_px, target) for target in shown)


def place_words(target_px: Point, screen: Screen) -> str:
    """Say where a target is, for example ``at the upper left`` or ``in the middle``."""
    x, y = target_px[0] / screen.size_px[0], target_px[1] / screen.size_px[1]
    down = "upper" if y < _MIDDLE[0] else "lower" if y > _MIDDLE[1] else ""
    across = "left" if x < _MIDDLE[0] else "right" if x > _MIDDLE[1] else ""
    inner = "inner " if 0.2 < min(x, 1 - x) < 0.45 and 0.2 < min(y, 1 - y) < 0.45 else ""
    if not down and not across:
        return "in the middle"
    return (
        f"at the {inner}{' '.join(part for part in (down, across) if part) if across else f'{down} middle'}"
    )


_MIDDLE = (0.45, 0.55)


def _why(chosen: Judged, used: bool) -> str:
    accuracy_deg = chosen.validation.accuracy_mean_deg
    if accuracy_deg is None:
        return "not used: gaze was lost on a validation target"
    whose = {"both": "both eyes", "left": "the left eye alone", "right": "the right eye alone"}[chosen.eye]
    what = "gaze as delivered" if chosen.calibration.method == "identity" else f"a map of {whose}"
    does = f"{what} does best on the validation targets ({accuracy_deg:.2f} deg)"
    return f"used: {does}" if used else f"not used: {does}, an earlier attempt did better"
