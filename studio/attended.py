"""Calibration with somebody at the controls: nothing goes on before the operator says so."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from acquisition.head import distance_mm
from protocols.cards import message, positions
from protocols.errors import CalibrationError
from protocols.geometry import Screen
from protocols.markers import Code
from studio.attempts import Attempts
from studio.calibrating import WITHIN, Verdict, accept, ended
from studio.calibration_state import CalibrationBoard, EyesSeen
from studio.journal import Journal
from studio.stage import Stage
from studio.targets import TargetShow, Wait
from studio.wishes import (
    Accept,
    NextTarget,
    RedoTarget,
    ShowTargets,
    StopTargets,
    UseAttempt,
    ValidateAgain,
    Wish,
    Wishes,
)

_PULSE_S = 0.05
_LOOK_EVERY_S = 0.5
_SEEN_OVER_S = 1.0
CHOSEN = "the operator chose it"
NEEDS_REASON = (
    "Gaze is below the limits of the study. Say in a few words why the session goes on all the same: "
    "the reason is kept with the recording."
)


class _Stopped(Exception):
    """The operator stopped the targets."""


class AttendedCalibration:
    """Shows where the eyes are, then makes attempts as the operator wishes, until one is accepted.

    Args:
        attempts: makes them; waits by ``stopping``.
        wishes: the operator's.
        journal: writes down how it ended.
        stage: what the participant sees between attempts.
        show: shows targets.
        screen: the display.
        wait_until: waits.
        board: tells the operator.
    """

    def __init__(
        self,
        attempts: Attempts,
        wishes: Wishes,
        journal: Journal,
        stage: Stage,
        show: TargetShow,
        screen: Screen,
        wait_until: Wait,
        board: CalibrationBoard,
    ) -> None:
        self._attempts, self._wishes, self._journal = attempts, wishes, journal
        self._stage, self._show, self._screen = stage, show, screen
        self._wait_until, self._board = wait_until, board
        self._seen: EyesSeen | None = None
        self._seen_s = float("-inf")

    def run(self) -> Verdict:
        """Calibrate; return how gaze is mapped from now on."""
        self._wishes.clear()
        self._attempts.begin()
        while True:
            self._rest()
            wish = self._awaited()
            self._board.change(question="")
            if isinstance(wish, Accept):
                verdict = ended(self._attempts, self._board)
                if verdict.verdict != "red" or wish.reason.strip():
                    return self._accepted(verdict, wish.reason.strip())
                self._board.change(question=NEEDS_REASON)
            else:
                self._follow(wish)

    def _accepted(self, verdict: Verdict, reason: str) -> Verdict:
        why = reason if verdict.verdict == "red" else reason or WITHIN
        accept(self._journal, verdict, why, self._wait_until(float("-inf")))
        self._board.change(step="over")
        return verdict

    def _follow(self, wish: Wish) -> None:
        pressed = partial(self._wishes.took, NextTarget)
        try:
            match wish:
                case ShowTargets(by_key):
                    self._attempts.all(pressed if by_key else None)
                case RedoTarget(number, target_px, by_key):
                    self._attempts.redo(number, target_px, pressed if by_key else None)
                case ValidateAgain(number, by_key):
                    self._attempts.validate(number, pressed if by_key else None)
                case UseAttempt(number):
                    self._attempts.choose(number, CHOSEN)
                case _:
                    return
        except _Stopped:
            self._journal.mark(
                self._wait_until(float("-inf")), Code.CALIBRATION_RESULT, payload={"stopped": True}
            )
            self._board.change(question="The targets were stopped; what was shown does not count.")
        except CalibrationError as error:
            self._board.change(question=f"{error.what} {error.fix}")

    # ---- waiting

    def _rest(self) -> None:
        """Let the participant see where the eyes are before the first targets, and a word afterwards."""
        begun = self._attempts.count > 0 or self._board.state.in_force is not None
        step = "deciding" if begun else "positions"
        self._board.change(step=step, target_px=None)
        self._show.forget()
        self._seen, self._seen_s = None, float("-inf")
        if step == "deciding":
            size_px = self._screen.size_px
            self._stage.message(
                partial(message, "One moment, please", "The result is being looked at.", size_px)
            )

    def _awaited(self) -> Wish:
        """Wait for a wish; a key or a stop means nothing now."""
        while True:
            wish = self._wishes.take()
            if wish is not None and not isinstance(wish, NextTarget | StopTargets):
                self._wishes.clear()
                return wish
            now_s = self._wait_until(self._wait_until(float("-inf")) + _PULSE_S)
            if self._board.state.step == "positions" and now_s >= self._seen_s + _LOOK_EVERY_S:
                self._seen_s = now_s
                self._show_positions()

    def _show_positions(self) -> None:
        """Tell the participant whether the eyes are seen, when that has changed."""
        seen = seen_in(self._journal, self._screen.distance_mm)
        known = (seen.words, seen.well)
        if self._seen is None or known != (self._seen.words, self._seen.well):
            self._seen = seen
            self._stage.message(partial(positions, seen.lit, seen.words, self._screen.size_px))


def stopping(wait_until: Wait, wishes: Wishes) -> Wait:
    """Return a wait that ends the targets when the operator stops them."""

    def wait(t_s: float) -> float:
        now_s = wait_until(t_s)
        if wishes.took(StopTargets):
            raise _Stopped
        return now_s

    return wait


def seen_in(journal: Journal, planned_mm: float) -> EyesSeen:
    """Return how much of the last second the eyes were seen, and how far away.

    Args:
        journal: knows recent gaze and its source.
        planned_mm: the viewing distance that the session reckons with.
    """
    gaze = journal.tap.recent.snapshot(_SEEN_OVER_S)
    seen = EyesSeen.of(gaze)
    if journal.source is None or not len(gaze):
        return seen
    return replace(seen, distance_mm=distance_mm(journal.source, gaze.raw), planned_mm=planned_mm)
