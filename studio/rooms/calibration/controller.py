"""What the Calibration room can do: begins the session, and answers its calibration. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from acquisition.targets import Point
from protocols.errors import GazeTwinError
from studio.calibration_state import Attempt, CalibrationState
from studio.house import RoomKey
from studio.inputs import Input, Wished
from studio.observed import Observed
from studio.rooms.calibration.state import (
    MOODS,
    RoomState,
    Shown,
    delivered_words,
    lacking,
    needless,
    shown_words,
    stage_of,
    verdict_words,
)
from studio.state import LiveState, Notice
from studio.theme import Mood
from studio.visit import Visit
from studio.wishes import (
    Accept,
    CalibrateNow,
    CheckDriftNow,
    NextTarget,
    RedoTarget,
    ShowTargets,
    StopTargets,
    UseAttempt,
    ValidateAgain,
    Wish,
)

_LACKING: dict[RoomKey, str] = {
    "start": "Choose a study first",
    "participant": "Fill in who takes part first",
    "devices": "Choose where gaze comes from first",
}
_ROOMS: dict[RoomKey, str] = {
    "start": "Go to Start",
    "participant": "Go to Participant",
    "devices": "Go to Devices",
}


class Running(Protocol):
    """A session, as far as this room knows it."""

    @property
    def running(self) -> bool:
        """Whether it runs."""
        ...

    def post(self, item: Input) -> None:
        """Tell it something."""
        ...

    def state(self) -> LiveState:
        """Return what is going on."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """What the room uses of the Studio.

    Attributes:
        visit: what has been decided.
        notice: the line at the bottom of the window.
        begin: begins the session; raises GazeTwinError when it cannot.
        go: opens a room.
    """

    visit: Observed[Visit]
    notice: Observed[Notice | None]
    begin: Callable[[], object]
    go: Callable[[RoomKey], None]


class CalibrationController:
    """Owns what the room shows.

    Args:
        shared: what the room uses.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._session: Running | None = None
        self._live: LiveState | None = None
        self._number: int | None = None
        self._attempts = 0
        self._target_px: Point | None = None
        self._shown: Shown = "used"
        self._by_key = False
        self._was = ""
        self.state = Observed(self._made())

    # ---- what is going on

    def session(self, session: Running | None) -> None:
        """A session has begun, or there is none."""
        self._session, self._live, self._number, self._attempts = session, None, None, 0
        self.render(None if session is None else session.state())

    def render(self, live: LiveState | None = None) -> None:
        """Take note of the session's state, None for what was known; goes on when it does."""
        self._live = live or self._live
        self._select_newest()
        state = self._made()
        before, self._was = self._was, state.stage
        self.state.put(state)
        if before in ("positions", "targets", "deciding", "drift", "opening") and state.stage == "running":
            if before != "drift":
                self._shared.go("session")
        elif state.stage == "positions" and before in ("running", "drift"):
            self._shared.go("calibration")

    def _select_newest(self) -> None:
        calibration = None if self._live is None else self._live.calibration
        count = 0 if calibration is None else len(calibration.attempts)
        if calibration is not None and count != self._attempts:
            self._number, self._target_px = calibration.attempts[-1].number, None
        self._attempts = count

    # ---- what the operator does

    def main(self, reason: str = "") -> None:
        """Press the main button."""
        state = self.state.value
        match state.stage:
            case "lacking" if state.lacks is not None:
                self._shared.go(state.lacks)
            case "ready" | "needless":
                self._begin()
            case "positions":
                self._wish(ShowTargets(self._by_key))
            case "deciding":
                self._wish(Accept(reason.strip()))
            case "running" | "over":
                self._shared.go("session")

    def show_again(self) -> None:
        """Show all targets again."""
        self._wish(ShowTargets(self._by_key))

    def redo(self) -> None:
        """Show the selected target again."""
        state = self.state.value
        if state.attempt is not None and state.target_px is not None:
            self._wish(RedoTarget(state.attempt.number, state.target_px, self._by_key))

    def validate(self) -> None:
        """Show only the validation targets again."""
        if (attempt := self.state.value.attempt) is not None:
            self._wish(ValidateAgain(attempt.number, self._by_key))

    def use(self) -> None:
        """Map gaze by the attempt that is looked at."""
        if (attempt := self.state.value.attempt) is not None and attempt.usable:
            self._wish(UseAttempt(attempt.number))

    def next_target(self) -> None:
        """End the target that is shown."""
        self._wish(NextTarget())

    def stop(self) -> None:
        """Stop the targets."""
        self._wish(StopTargets())

    def check_drift(self) -> None:
        """Check drift before the next trial."""
        self._wish(CheckDriftNow())
        self._shared.notice.put(Notice("Drift is checked before the next trial.", "quiet", brief=True))

    def calibrate_anew(self) -> None:
        """Calibrate anew before the next trial."""
        self._wish(CalibrateNow())
        self._shared.notice.put(Notice("Gaze is calibrated anew before the next trial.", "quiet", brief=True))

    def look_at(self, number: int) -> None:
        """Show an attempt."""
        if number != self._number:
            self._number, self._target_px = number, None
            self.render()

    def select(self, target_px: Point | None) -> None:
        """Select a target of the attempt."""
        if target_px != self._target_px:
            self._target_px = target_px
            self.render()

    def show_eye(self, shown: Shown) -> None:
        """Draw the offsets of an eye."""
        self._shown = shown
        self.render()

    def pace(self, by_key: bool) -> None:
        """Let the space bar end each target, or the time."""
        self._by_key = by_key
        self.render()

    def _begin(self) -> None:
        self._shared.notice.put(None)
        without = self.state.value.stage == "needless"
        try:
            self._shared.begin()
        except GazeTwinError as error:
            self._shared.notice.put(Notice(str(error), "bad"))
            return
        if without:
            self._shared.go("session")

    def _wish(self, wish: Wish) -> None:
        if self._session is not None:
            self._session.post(Wished(wish))

    # ---- what is shown

    def _made(self) -> RoomState:
        visit, live, session = self._shared.visit.value, self._live, self._session
        running = session is not None and session.running
        stage = stage_of(visit, live, running)
        before = stage in ("lacking", "ready", "needless")
        base = RoomState(
            stage,
            live=None if before else live,
            attempt=None if before else self._attempt(),
            target_px=self._target_px,
            shown=self._shown,
            by_key=self._by_key,
        )
        match stage:
            case "lacking":
                return self._lacking(base, visit)
            case "ready" if live is not None and live.phase == "failed":
                failed = "The session could not begin"
                return replace(base, headline=failed, advice=live.line, mood="bad", main="Try again")
            case "ready":
                return _ready(base, visit)
            case "needless":
                words = f"{needless(visit)} The session can begin."
                return replace(
                    base, headline="Nothing needs calibrating", advice=words, main="Begin the session"
                )
            case _:
                return _of_session(base)

    def _lacking(self, base: RoomState, visit: Visit) -> RoomState:
        room = lacking(visit)
        assert room is not None
        advice = "Calibration is part of the recording, so the rooms before this one come first."
        return replace(base, headline=_LACKING[room], advice=advice, main=_ROOMS[room], lacks=room)

    def _attempt(self) -> Attempt | None:
        calibration = None if self._live is None else self._live.calibration
        if calibration is None:
            return None
        return next((a for a in calibration.attempts if a.number == self._number), None)


def _ready(base: RoomState, visit: Visit) -> RoomState:
    plan = visit.study.calibration if visit.study is not None else None
    points = "" if plan is None else f"{plan.targets} targets, then {plan.validation} others to check it. "
    advice = (
        f"{points}Recording begins with it. Set the tracker up in its own program first: "
        "what is measured here is a correction on top."
    )
    return replace(base, headline="Ready to calibrate", advice=advice, main="Begin calibration")


def _of_session(base: RoomState) -> RoomState:
    calibration = base.calibration
    match base.stage:
        case "opening":
            line = base.live.line if base.live is not None else ""
            return replace(
                base, headline="Connecting", advice=line, main="Show the targets", why_not="Please wait."
            )
        case "positions":
            return _positions(base)
        case "targets" if calibration is not None:
            return _targets(base, calibration)
        case "deciding" if calibration is not None:
            return _deciding(base, calibration)
        case "drift":
            return replace(
                base,
                headline="Checking for drift",
                advice="A target in the middle tells how far gaze has drifted since the calibration.",
                main="Go to the session",
                why_not="The session goes on by itself.",
            )
        case "running":
            words = verdict_words(calibration) if calibration is not None else ""
            return replace(base, headline="The session is running", advice=words, main="Go to the session")
        case _:
            line = base.live.line if base.live is not None else ""
            return replace(base, headline="The session is over", advice=line, main="Go to the session")


def _positions(base: RoomState) -> RoomState:
    eyes = base.live.eyes if base.live is not None else None
    advice = "Let the participant sit comfortably and look at the middle of the screen."
    if eyes is None:
        return replace(base, headline="Where are the eyes?", advice=advice, main="Show the targets")
    mood: Mood = "good" if eyes.well else "warn"
    return replace(base, headline=eyes.words, advice=advice, mood=mood, main="Show the targets")


def _targets(base: RoomState, calibration: CalibrationState) -> RoomState:
    kind = "Validation target" if calibration.step == "validation" else "Target"
    at = min(calibration.done + 1, calibration.total)
    how = (
        "Press space, here or on the participant's side, once gaze rests on it."
        if calibration.by_key
        else "Each target goes on by itself after a second."
    )
    headline = f"{kind} {at} of {calibration.total}"
    return replace(
        base, headline=headline, advice=how, main="Accept and begin", why_not="Targets are being shown."
    )


def _deciding(base: RoomState, calibration: CalibrationState) -> RoomState:
    latest = calibration.latest
    failed = latest is not None and latest.chosen is None
    headline = "The last attempt failed" if failed else verdict_words(calibration)
    parts = [latest.why.removeprefix("failed: ") if failed and latest is not None else ""]
    parts += [verdict_words(calibration)] if failed else []
    parts += [shown_words(base.attempt, calibration)] if base.attempt is not None else []
    parts += [delivered_words(base.attempt)] if base.attempt is not None else []
    red = calibration.verdict == "red"
    if red:
        parts.append("Better show the targets again; going on like this needs a reason.")
    later = base.live is not None and base.live.trials_over > 0
    return replace(
        base,
        headline=headline,
        advice=" ".join(part for part in parts if part),
        mood="bad" if failed else MOODS[calibration.verdict],
        main="Accept and go on" if later else "Accept and begin",
        needs_reason=red,
        question=calibration.question,
    )
