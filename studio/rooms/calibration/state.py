"""What the Calibration room shows at one moment: frozen values, from the visit and the session. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquisition.targets import Point
from studio.calibration_state import Attempt, CalibrationState, Grade
from studio.house import RoomKey
from studio.state import LiveState
from studio.theme import Mood
from studio.visit import Visit

Stage = Literal[
    "lacking", "ready", "needless", "opening", "positions", "targets", "deciding", "drift", "running", "over"
]
Shown = Literal["used", "both", "left", "right", "delivered"]

MOODS: dict[Grade, Mood] = {"green": "good", "amber": "warn", "red": "bad"}
GRADES: dict[Grade, str] = {
    "green": "good: well within the limits of the study",
    "amber": "usable: not good, but within the limits of the study",
    "red": "poor: below the limits of the study",
}
_GOING = ("calibrating", "running", "paused", "waiting")


@dataclass(frozen=True, slots=True, eq=False)
class RoomState:
    """What is shown.

    Attributes:
        stage: what is going on.
        headline: the same in a few words.
        advice: what to do.
        mood: of the headline.
        main: words of the main button.
        why_not: why it cannot be pressed; empty when it can.
        live: the session; None before there is one.
        attempt: the one that is looked at.
        target_px: the target that is selected in it, None for none.
        shown: whose offsets are drawn.
        by_key: the space bar is to end each target.
        needs_reason: going on needs a typed reason.
        lacks: the room in which something is missing, None when nothing is.
        question: why the last wish was not followed, empty when it was.
    """

    stage: Stage
    headline: str = ""
    advice: str = ""
    mood: Mood = "quiet"
    main: str = ""
    why_not: str = ""
    live: LiveState | None = None
    attempt: Attempt | None = None
    target_px: Point | None = None
    shown: Shown = "used"
    by_key: bool = False
    needs_reason: bool = False
    lacks: RoomKey | None = None
    question: str = ""

    @property
    def calibration(self) -> CalibrationState | None:
        """Calibration and drift of the session."""
        return None if self.live is None else self.live.calibration


def lacking(visit: Visit) -> RoomKey | None:
    """Return the room in which something must be decided first, None when a session can begin."""
    if visit.study is None:
        return "start"
    if visit.participant is None:
        return "participant"
    return "devices" if visit.source is None else None


def needless(visit: Visit) -> str:
    """Return why nothing needs calibrating, in words; empty when gaze is calibrated."""
    if visit.study is not None and visit.study.kind != "carousel":
        return "This study records gaze freely, as the tracker delivers it."
    kinds = {
        "mouse": "The mouse stands for gaze: where it points is known exactly.",
        "replay": "Gaze is replayed from a recording, with the calibration that was made then.",
    }
    return kinds.get(visit.source.kind, "") if visit.source is not None else ""


def stage_of(visit: Visit, live: LiveState | None, running: bool) -> Stage:
    """Return what is going on.

    Args:
        visit: what has been decided.
        live: the session that runs or was last, None before there is one.
        running: it runs.
    """
    if live is not None and running:
        return _stage_of_session(live)
    if lacking(visit):
        return "lacking"
    if live is not None and visit.recorded is not None:
        return "over"
    return "needless" if needless(visit) else "ready"


def _stage_of_session(live: LiveState) -> Stage:
    calibration = live.calibration
    step = "over" if calibration is None else calibration.step
    if live.phase == "failed":
        return "over"
    if step == "validation":
        return "targets"
    if step != "over":
        return step
    return "opening" if live.phase == "waiting" and not live.elapsed_s else "running"


def verdict_words(calibration: CalibrationState) -> str:
    """Say how good gaze is as it is mapped now."""
    if calibration.accuracy_deg is None:
        return "Gaze is not calibrated: it is recorded as the tracker delivers it."
    used = calibration.used
    number = "" if used is None else f"Attempt {used.number + 1} is used: "
    return f"{number}{calibration.accuracy_deg:.2f}° off on average, {GRADES[calibration.verdict]}."


def shown_words(attempt: Attempt, calibration: CalibrationState) -> str:
    """Say which attempt the pictures and the table show, where it is not the one that is used."""
    used = calibration.used
    if used is None or used.number == attempt.number:
        return ""
    return f"Attempt {attempt.number + 1} is shown; attempt {used.number + 1} is used."


def delivered_words(attempt: Attempt) -> str:
    """Compare with gaze as delivered."""
    plain = attempt.as_delivered
    if plain is None or plain.validation.accuracy_mean_deg is None:
        return ""
    return f"Without calibration it would be {plain.validation.accuracy_mean_deg:.2f}°."
