"""Looking at a running session from the command line, and ending it with Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.markup import escape

from protocols.trial_events import Abort
from protocols.wire import Progress
from protocols.words import counted
from studio.conductor import Conductor
from studio.inputs import Did
from studio.progress import Tell, on_terminal

Watch = Callable[[Conductor], None]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EVERY_S = 0.25
_WAIT = b"\nEnding, please wait: everything recorded is being saved.\n"
_ENDED = ("fitting", "finished", "aborted", "failed")


class Interruption:
    """What Ctrl-C and a terminate do: end the session in order, which takes its time; outside of one, leave.

    Args:
        leave: leaves at once.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._conductor: Conductor | None = None
        self.asked = False

    def watch(self, conductor: Conductor) -> None:
        """End this session from now on."""
        self._conductor = conductor

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal, in the main thread."""
        del frame
        session = self._conductor
        if self.asked or (session is not None and session.over and not session.concluded):
            os.write(sys.stderr.fileno(), _WAIT)  # rich may be printing, and cannot be entered again
        elif session is None or session.over:
            self._leave()
        else:
            self.asked = True
            session.post(Did(Abort(f"interrupted by {signal.Signals(number).name}")))


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
            # Whoever has asked for the end may ask again while sources and windows close.
            signal.signal(number, signal.SIG_IGN if handler.asked else earlier)


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
        bad = [f" [bold red]{escape(n.text)}[/bold red]" for n in state.notices if n.mood == "bad"]
        line = f"{escape(state.line)} {counted(state.quality.samples, 'sample')}{''.join(bad[:1])}"
        tell(Progress(done=state.trials_over, total=len(state.trials) or None, message=line))
