"""Looking at a running session from the command line, and ending it with Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from protocols.trial_events import Abort
from protocols.wire import Progress
from studio.conductor import Conductor
from studio.inputs import Did
from studio.progress import Tell, on_terminal

Watch = Callable[[Conductor], None]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EVERY_S = 0.25
_ENDED = ("fitting", "finished", "aborted", "failed")


class Interruption:
    """What Ctrl-C and a terminate do: end the session in order; once more, or outside of one, leave.

    Args:
        leave: leaves at once.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._conductor: Conductor | None = None
        self._asked = False

    def watch(self, conductor: Conductor) -> None:
        """End this session from now on."""
        self._conductor = conductor

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal, in the main thread."""
        del frame
        if self._asked or self._conductor is None or self._conductor.over:
            self._leave()
        else:
            self._asked = True
            self._conductor.post(Did(Abort(f"interrupted by {signal.Signals(number).name}")))


def interrupt() -> None:
    """Leave a program without windows."""
    raise KeyboardInterrupt


@contextmanager
def interruptible(leave: Callable[[], object] = interrupt) -> Iterator[Watch]:
    """Yield what makes Ctrl-C (and a terminate) end a session in order; enter it in the main thread.

    Args:
        leave: what to do when there is no session to end; a program with windows must not raise.
    """
    handler = Interruption(leave)
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield handler.watch
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def watched(tell: Tell) -> Iterator[Watch]:
    """Yield what shows a session's progress while it runs, when somebody watches the terminal."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def watch(conductor: Conductor) -> None:
        if on_terminal():
            thread = threading.Thread(
                target=_show, args=(conductor, tell, over), name="progress", daemon=True
            )
            threads.append(thread)
            thread.start()

    try:
        yield watch
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _show(conductor: Conductor, tell: Tell, over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        state = conductor.live_state()
        if state.phase in _ENDED:
            return
        line = f"{state.line} {state.quality.samples} samples"
        tell(Progress(done=state.trials_over, total=len(state.trials) or None, message=line))
