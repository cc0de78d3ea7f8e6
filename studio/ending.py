"""Ctrl-C and a terminate in the Studio: a session that runs is ended in order, then the Studio leaves."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from PySide6.QtCore import QTimer

from protocols.trial_events import Abort
from studio.house import House
from studio.inputs import Did
from studio.state import Notice

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_sessions(house: House, leave: Callable[[], object]) -> Iterator[None]:
    """End a running session and leave when the program is told to; for the main thread.

    Args:
        house: knows the session.
        leave: ends the event loop.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        # A signal comes between any two instructions; Qt is only called from its own loop.
        QTimer.singleShot(0, lambda: _end(house, leave, signal.Signals(number).name))

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _end(house: House, leave: Callable[[], object], name: str) -> None:
    performance = house.performance.value
    if performance is None or not performance.running:
        leave()
        return
    house.notice.put(Notice("Ending, please wait: everything recorded is being saved."))
    performance.over.connect(leave)
    performance.post(Did(Abort(f"interrupted by {name}")))
