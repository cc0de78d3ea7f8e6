"""``gazetwin record`` with a participant in front of the display and nobody beside it."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from acquisition.clock import Clock
from protocols.trial_events import Abort, Pause, Resume
from studio.conductor import Conductor
from studio.inputs import Did
from studio.performance import Performance
from studio.recording import Order, Recorded, record
from studio.sources import Rig
from studio.watching import Watch
from studio.windows.participation import READ_KEYS


def record_on_display(app: QApplication, order: Order, rig: Rig, clock: Clock, watch: Watch) -> Recorded:
    """Record one session with the participant's window on the last display.

    Space or Enter leaves a message. Escape pauses; then Escape ends the session and Space resumes it.
    A simulated participant acts by itself; the mouse and the keys are not listened to then, except Escape.

    Raises:
        GazeTwinError: see ``studio.recording.record``.
    """

    def job(performance: Performance[Recorded]) -> Recorded:
        def began(conductor: Conductor) -> None:
            performance.began(conductor)
            watch(conductor)

        performance.listen(rig)
        return record(order, rig, performance.stage, clock, watch=began)

    performance = Performance(job, order.study.screen.size_px, clock)
    _Alone(performance)
    performance.over.connect(app.exit)
    performance.start(lambda window: window.show_on(QGuiApplication.screens()[-1]))
    # The session ends this loop; a quit posted by its closing window would end whatever loop comes next.
    by_windows = app.quitOnLastWindowClosed()
    app.setQuitOnLastWindowClosed(False)
    try:
        app.exec()
    finally:
        performance.dismiss()
        app.setQuitOnLastWindowClosed(by_windows)
    return performance.result()


class _Alone(QObject):
    """Without an operator's window the participant's keys also pause, resume and end the session."""

    def __init__(self, performance: Performance[Recorded]) -> None:
        super().__init__(performance)
        self._performance = performance
        performance.escaped.connect(self._escape)
        performance.window.key_pressed.connect(self._key)

    def _escape(self) -> None:
        ended = Abort("ended at the participant's display")
        self._performance.post(Did(ended if self._paused() else Pause()))

    def _key(self, name: str) -> None:
        if name in READ_KEYS and self._paused():
            self._performance.post(Did(Resume()))

    def _paused(self) -> bool:
        return self._performance.state().phase == "paused"
