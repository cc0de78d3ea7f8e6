"""The calibration phase of a session: attempts until gaze is good enough, or until the operator accepts it.

Gaze is recorded as delivered all the while. When the phase begins, no earlier calibration holds any more.
All attempts are kept in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protocols.markers import Code
from studio.attempts import Attempts
from studio.calibration_state import CalibrationBoard
from studio.journal import Journal
from studio.targets import Wait

ATTEMPTS = 3
WITHIN = "within the limits of the study"
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


class CalibrationPhase:
    """Makes attempts until gaze is good enough, ATTEMPTS at most; nobody is asked, which is written down.

    Args:
        attempts: makes them.
        journal: writes down how it ended.
        wait_until: tells the time.
        board: knows what is in force.
    """

    def __init__(
        self, attempts: Attempts, journal: Journal, wait_until: Wait, board: CalibrationBoard
    ) -> None:
        self._attempts, self._journal = attempts, journal
        self._wait_until, self._board = wait_until, board

    def run(self) -> Verdict:
        """Calibrate; return how gaze is mapped from now on."""
        self._attempts.begin()
        while self._attempts.count < ATTEMPTS:
            self._attempts.all()
            if self._board.state.verdict != "red":
                break
        verdict = ended(self._attempts, self._board)
        reason = _NOBODY_ASKED.format(verdict.attempts) if verdict.verdict == "red" else WITHIN
        accept(self._journal, verdict, reason, self._wait_until(float("-inf")))
        return verdict


def ended(attempts: Attempts, board: CalibrationBoard) -> Verdict:
    """Return how the calibration stands."""
    state = board.state
    latest = state.latest
    problem = latest.why.removeprefix("failed: ") if latest is not None and latest.chosen is None else ""
    return Verdict(attempts.count, state.accuracy_deg, state.verdict, problem)


def accept(journal: Journal, verdict: Verdict, reason: str, now_s: float) -> None:
    """Write down with what the session goes on, and why."""
    payload = {
        "verdict": verdict.verdict,
        "accuracy_mean_deg": verdict.accuracy_deg,
        "problem": verdict.problem,
        "reason": reason,
    }
    journal.mark(now_s, Code.CALIBRATION_ACCEPTED, payload=payload)
