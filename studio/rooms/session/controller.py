"""What the Session room knows and does. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from protocols.errors import GazeTwinError
from protocols.markers import DISPLAY_LOST
from protocols.trial_events import Abort, Pause
from studio.background import Later
from studio.house import RoomKey
from studio.inputs import Did, Input, Noted
from studio.observed import Observed
from studio.recording import Recorded
from studio.rooms.session.summary import Line, Summary, failed, judged, summary
from studio.state import LiveState, Notice
from studio.visit import Visit

Stage = Literal["empty", "running", "over"]
_ASKED: tuple[tuple[str, RoomKey, str], ...] = (
    ("study", "start", "No study is chosen yet."),
    ("participant", "participant", "Nobody takes part yet."),
    ("source", "devices", "Where gaze comes from is not chosen yet."),
)
_AFTER: dict[str, tuple[str, RoomKey]] = {
    "failed": ("Try again in Calibration", "calibration"),
    "pages": ("Go on to the Twin", "twin"),
    "gaze": ("Look at it in Replay", "replay"),
}


class Session(Protocol):
    """A session that is or was recorded; what the room knows of ``studio.performance``."""

    @property
    def running(self) -> bool:
        """Whether not all is written yet."""
        ...

    @property
    def error(self) -> BaseException | None:
        """What it failed with."""
        ...

    def post(self, item: Input) -> None:
        """Tell it what happened."""
        ...

    def state(self) -> LiveState:
        """Return what is to be shown."""
        ...

    def result(self) -> Recorded:
        """Return the recording, or raise what went wrong."""
        ...


@dataclass(frozen=True, slots=True)
class SessionState:
    """What the room shows.

    Attributes:
        stage: nothing recorded yet, a session going on, or its summary.
        line: why there is nothing to see yet.
        main: words of the main button.
        to: the room it leads to.
        summary: of the session that is over.
        display_gone: what happened to the participant's display, in words; empty while all is well.
    """

    stage: Stage = "empty"
    line: str = ""
    main: str = ""
    to: RoomKey = "calibration"
    summary: Summary | None = None
    display_gone: str = ""


class SessionController:
    """Follows the session of the visit.

    Args:
        visit: what has been decided.
        later: runs slow work.
        notice: the line at the bottom of the window.
        go: opens a room.
    """

    def __init__(
        self,
        visit: Observed[Visit],
        later: Later,
        notice: Observed[Notice | None],
        go: Callable[[RoomKey, Path | None], None],
    ) -> None:
        self._visit, self._later, self._notice, self._go = visit, later, notice, go
        self._session: Session | None = None
        self.state = Observed(SessionState())

    @property
    def running(self) -> bool:
        """Whether a session is being recorded."""
        return self._session is not None and self._session.running

    @property
    def live(self) -> LiveState:
        """What goes on now."""
        return LiveState() if self._session is None else self._session.state()

    def follow(self, session: Session | None) -> None:
        """Show a session from now on; None for what leads to one."""
        self._session = session
        if session is None:
            self.state.put(_before(self._visit.value))
        elif session.running:
            self.state.put(SessionState("running"))
        else:
            self.over()

    def refresh(self) -> None:
        """Say again what is missing, as long as there is no session."""
        if self._session is None:
            self.state.put(_before(self._visit.value))

    def ask(self, item: Input) -> None:
        """Tell the session what the operator wants."""
        if self._session is not None:
            self._session.post(item)
            if isinstance(item, Noted):
                minutes, seconds = divmod(int(self.live.elapsed_s), 60)
                self._notice.put(Notice(f"Note kept at {minutes}:{seconds:02d}.", "quiet", brief=True))

    def escaped(self) -> bool:
        """Escape was pressed at the participant's window: pause; return whether it was paused already."""
        paused = self.live.phase == "paused"
        if not paused:
            self.ask(Did(Pause()))
        return paused

    def display_lost(self, words: str) -> None:
        """The participant's display is gone: pause, and say so until it is back or the window was moved."""
        if not self.running:
            return
        self.ask(Did(Pause(DISPLAY_LOST)))
        self.state.put(replace(self.state.value, display_gone=words))

    def display_back(self, words: str) -> None:
        """The participant's window is where it was, or where the operator wanted it; the pause lasts."""
        self.state.put(replace(self.state.value, display_gone=""))
        self._notice.put(Notice(words, brief=True) if words else None)

    def end(self, why: str) -> None:
        """End the session in order."""
        self.ask(Did(Abort(why)))

    def over(self) -> None:
        """The session has come to its end: sum it up."""
        assert self._session is not None
        try:
            told = summary(self._session.result(), self._session.state())
        except GazeTwinError as error:
            self._show(failed(error, None))
            return
        self._show(told)
        if told.path is not None:
            path = told.path
            self._later(lambda: judged(path), self._add, lambda error: self._add(_unjudged(error)))

    def go_on(self) -> None:
        """Open the room that comes next."""
        state = self.state.value
        path = state.summary.path if state.summary else None
        self._go(state.to, path)

    def _show(self, told: Summary) -> None:
        main, to = _AFTER["failed" if told.path is None else "pages" if told.has_pages else "gaze"]
        self.state.put(SessionState("over", main=main, to=to, summary=told))

    def _add(self, line: Line) -> None:
        state = self.state.value
        if state.summary is not None:
            told = replace(state.summary, lines=(*state.summary.lines, line))
            self.state.put(replace(state, summary=told))


def _before(visit: Visit) -> SessionState:
    for name, room, line in _ASKED:
        if getattr(visit, name) is None:
            return SessionState(line=line, main=f"Go to {room.capitalize()}", to=room)
    line = "Nothing is being recorded. A session begins in room 4, with the calibration."
    return SessionState(line=line, main="Go to Calibration", to="calibration")


def _unjudged(error: GazeTwinError) -> Line:
    return Line("Quality", f"could not be judged: {error.what} {error.fix}", "warn")
