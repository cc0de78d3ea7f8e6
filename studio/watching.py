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


@contextmanager
def interruptible() -> Iterator[Watch]:
    """Yield what makes Ctrl-C (and a terminate) end a session in order; a second one ends it at once."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def watch(conductor: Conductor) -> None:
        def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a signal handler's signature)
            restore()
            conductor.post(Did(Abort(f"interrupted by {signal.Signals(number).name}")))

        for number in _SIGNALS:
            signal.signal(number, end)

    try:
        yield watch
    finally:
        restore()


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
