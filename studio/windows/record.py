"""``gazetwin record`` with a participant in front of the display."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from acquisition.clock import Clock
from acquisition.mouse import MouseSource
from protocols.trial_events import Abort, Click, Continue, Event, Pause, Resume, Scroll
from studio.conductor import Conductor
from studio.inputs import Did, Input, Pointed
from studio.recording import Order, Recorded, record
from studio.sources import Rig
from studio.watching import Watch
from studio.windows.participant import ParticipantWindow
from studio.windows.performing import Work
from studio.windows.stage import WindowStage

_SCROLL_KEYS_PX = {"up": -100.0, "down": 100.0, "page-up": -679.0, "page-down": 679.0}
_READ_KEYS = ("space", "enter")


def record_on_display(app: QApplication, order: Order, rig: Rig, clock: Clock, watch: Watch) -> Recorded:
    """Record one session with the participant's window on the last display.

    Space or Enter leaves a message. Escape pauses; then Escape ends the session and Space resumes it.
    A simulated participant acts by itself; the mouse and the keys are not listened to then, except Escape.

    Raises:
        GazeTwinError: see ``studio.recording.record``.
    """
    return _Display(app, order, rig, clock, watch).run()


class _Display:
    def __init__(self, app: QApplication, order: Order, rig: Rig, clock: Clock, watch: Watch) -> None:
        self._app, self._order, self._rig, self._clock, self._watch = app, order, rig, clock, watch
        self._conductor: Conductor | None = None
        self._window = ParticipantWindow(order.study.screen.size_px)
        self._stage = WindowStage(self._window, clock)
        self._work = Work(self._job)
        self._work.over.connect(app.exit)
        self._window.escape_pressed.connect(self._escape)
        if rig.viewer is None:
            self._listen()

    def run(self) -> Recorded:
        self._window.show_on(QGuiApplication.screens()[-1])
        self._work.start()
        try:
            self._app.exec()
        finally:
            self._window.dismiss()
        return self._work.result()

    def _job(self) -> Recorded:
        return record(self._order, self._rig, self._stage, self._clock, watch=self._began)

    def _began(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._watch(conductor)

    def _listen(self) -> None:
        window = self._window
        window.pointer_moved.connect(self._pointed)
        window.clicked.connect(lambda x, y: self._did(Click((x, y))))
        window.scrolled.connect(lambda delta_px: self._did(Scroll(delta_px)))
        window.key_pressed.connect(self._key)

    def _pointed(self, x_px: float, y_px: float, buttons: int) -> None:
        t_s = self._clock.now_s()
        if isinstance(self._rig.source, MouseSource):
            self._rig.source.push(t_s, (x_px, y_px))
        self._post(Pointed(t_s, (x_px, y_px), buttons))

    def _key(self, name: str) -> None:
        if name in _SCROLL_KEYS_PX:
            self._did(Scroll(_SCROLL_KEYS_PX[name]))
        elif name in _READ_KEYS:
            self._did(Resume() if self._paused() else Continue())

    def _escape(self) -> None:
        self._did(Abort("ended at the participant's display") if self._paused() else Pause())

    def _paused(self) -> bool:
        return self._conductor is not None and self._conductor.live_state().phase == "paused"

    def _did(self, event: Event) -> None:
        self._post(Did(event, self._clock.now_s()))

    def _post(self, item: Input) -> None:
        if self._conductor is not None:
            self._conductor.post(item)
