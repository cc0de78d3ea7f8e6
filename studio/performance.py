"""One session in front of a participant: their window in the main thread, everything else in another.

How to drive it::

    performance = Performance(job, study.screen.size_px, clock)
    performance.over.connect(...)            # in the main thread, when all is written
    performance.escaped.connect(...)         # the escape key was pressed at the participant's window
    performance.start(lambda window: window.show_on(display))
    LivePump(performance.state, render).start()
    performance.post(Did(Pause()))
    performance.result()                     # what the job returned; raises what it raised

The job is called in the session's thread. It shows things on ``stage``, says ``began`` when there is a
conductor, and ``listen`` when somebody sits in front of the window whose mouse and keys count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from acquisition.clock import Clock
from acquisition.mouse import MouseSource
from protocols.errors import GazeTwinError
from studio.conductor import Conductor
from studio.inputs import Input
from studio.sources import Rig
from studio.state import LiveState
from studio.windows.participant import ParticipantWindow
from studio.windows.participation import Participation
from studio.windows.performing import Work
from studio.windows.stage import WindowStage

T = TypeVar("T")


class Performance(QObject, Generic[T]):
    """Runs one job with a participant's window. Belongs to the main thread, except for what says otherwise.

    Args:
        job: runs the session in a thread of its own.
        size_px: of every page of the study.
        clock: session clock.

    Attributes:
        window: the participant's.
        stage: what the job shows things on; for the session's thread.
    """

    over = Signal()
    escaped = Signal()

    def __init__(self, job: Callable[[Performance[T]], T], size_px: tuple[int, int], clock: Clock) -> None:
        super().__init__()
        self.window = ParticipantWindow(size_px)
        self.stage = WindowStage(self.window, clock)
        self._participation = Participation(self.window, clock, self.post)
        self._conductor: Conductor | None = None
        self._early: list[Input] = []
        self._started = self._ended = False
        self._work = Work(lambda: self._perform(job))
        self._work.over.connect(self._finish)
        self.window.escape_pressed.connect(self.escaped)

    @property
    def running(self) -> bool:
        """Whether it has been started and not all is written yet."""
        return self._started and not self._ended

    @property
    def recorded(self) -> bool:
        """Whether the session itself has come to its end; the job may go on with what it recorded."""
        return self._conductor is not None and self._conductor.over

    def start(self, place: Callable[[ParticipantWindow], None]) -> None:
        """Show the window with ``place`` and run the job."""
        place(self.window)
        self._started = True
        self._work.start()

    def post(self, item: Input) -> None:
        """Tell the session what happened; what comes before it has begun waits until then."""
        if self._conductor is None:
            self._early.append(item)
        else:
            self._conductor.post(item)

    def state(self) -> LiveState:
        """Return what the operator sees now; never blocks."""
        if isinstance(error := self._work.error, GazeTwinError):
            return LiveState(phase="failed", line=str(error))
        if self._conductor is None:
            return LiveState(line="Connecting to where gaze comes from …")
        return self._conductor.live_state()

    def result(self) -> T:
        """Return what the job returned, or raise what it raised.

        Raises:
            KeyboardInterrupt: it is not over.
        """
        return self._work.result()

    @property
    def error(self) -> BaseException | None:
        """What the job ended with, None when it goes on or went well."""
        return self._work.error

    def dismiss(self) -> None:
        """Close the participant's window for good."""
        self.window.dismiss()

    # ---- for the session's thread

    def began(self, conductor: Conductor) -> None:
        """There is a session to talk to from now on."""
        self._conductor = conductor
        while self._early:
            conductor.post(self._early.pop(0))

    def listen(self, rig: Rig) -> None:
        """Let mouse and keys of the window count, unless the participant is simulated."""
        if rig.viewer is None:
            follow = rig.source.push if isinstance(rig.source, MouseSource) else None
            self._participation.listen(follow)

    def _perform(self, job: Callable[[Performance[T]], T]) -> T:
        try:
            return job(self)
        finally:
            self.stage.close()

    def _finish(self) -> None:
        self._ended = True
        self.stage.close()
        self.dismiss()
        self.over.emit()
