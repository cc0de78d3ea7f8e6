"""Looking at a running session from the command line, and ending it with Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from protocols.trial_events import Abort
from studio.cli.output import progress
from studio.conductor import Conductor
from studio.inputs import Did
from studio.state import LiveState

Watch = Callable[[Conductor], None]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EVERY_S = 0.25


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
def watched() -> Iterator[Watch]:
    """Yield what shows a session's progress on a terminal; does nothing elsewhere."""
    if not sys.stderr.isatty():
        yield _nothing
        return
    over = threading.Event()
    threads: list[threading.Thread] = []

    def watch(conductor: Conductor) -> None:
        thread = threading.Thread(target=_show, args=(conductor, over), name="progress", daemon=True)
        threads.append(thread)
        thread.start()

    try:
        yield watch
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _nothing(conductor: Conductor) -> None:
    """Show nothing: nobody would see it."""
    del conductor


def _show(conductor: Conductor, over: threading.Event) -> None:
    with progress() as bar:
        task = bar.add_task("starting", total=None)
        while not over.wait(_EVERY_S):
            state = conductor.live_state()
            bar.update(task, description=_line(state), completed=state.trials_over, total=_total(state))


def _line(state: LiveState) -> str:
    return f"{state.line} {state.quality.samples} samples"


def _total(state: LiveState) -> float | None:
    return len(state.trials) or None
