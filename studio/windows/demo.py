"""The demonstration with both windows: what the participant sees, and what the operator sees."""

from __future__ import annotations

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from protocols.trial_events import Abort, Pause, Resume, Skip
from studio.conductor import Conductor
from studio.demo import Demonstration, DemoOrder, DemoResult
from studio.inputs import Did, Input, Noted
from studio.live import LivePump
from studio.progress import told
from studio.sources import own_network
from studio.state import LiveState
from studio.watching import Watch, interruptible
from studio.windows.operator import OperatorWindow
from studio.windows.participant import ParticipantWindow
from studio.windows.performing import Work, application
from studio.windows.stage import WindowStage

_LAST_LOOK_MS = 4000
_PARTICIPANT_SHARE = 0.33  # of the width of an only display


def demonstrate(order: DemoOrder, stay: bool) -> DemoResult:
    """Run the demonstration in two windows; they close by themselves unless they are to stay.

    Args:
        order: what to demonstrate.
        stay: leave the operator's window open until it is closed by hand.

    Raises:
        GazeTwinError: a part failed.
        KeyboardInterrupt: it was left early.
    """
    app = application()
    with own_network(), told() as tell, interruptible(app.exit) as watch:
        return _Windows(app, Demonstration(order, tell), watch, stay).run()


class _Windows:
    """Both windows and the work behind them. Only ``_job`` and ``_began`` run beside the main thread."""

    def __init__(self, app: QApplication, demonstration: Demonstration, watch: Watch, stay: bool) -> None:
        self._app, self._demonstration = app, demonstration
        self._watch, self._stay = watch, stay
        self._conductor: Conductor | None = None
        self._participant = ParticipantWindow(demonstration.study.screen.size_px)
        self._operator = OperatorWindow()
        self._stage = WindowStage(self._participant, SteadyClock())
        self._pump = LivePump(self._state, self._operator.render_state)
        self._work = Work(self._job)
        self._connect()

    def run(self) -> DemoResult:
        """Show everything until it is over."""
        _place(self._participant, self._operator)
        self._pump.start()
        self._work.start()
        try:
            self._app.exec()
        finally:
            self._pump.stop()
            self._participant.dismiss()
            self._operator.hide()
        return self._work.result()

    def _connect(self) -> None:
        window = self._operator
        window.pause_requested.connect(lambda: self._post(Did(Pause())))
        window.resume_requested.connect(lambda: self._post(Did(Resume())))
        window.skip_requested.connect(lambda: self._post(Did(Skip())))
        window.note_made.connect(lambda text: self._post(Noted(text)))
        window.abort_requested.connect(self._abort)
        self._participant.escape_pressed.connect(window.ask_abort)
        self._work.over.connect(self._finish)

    def _job(self) -> DemoResult:
        return self._demonstration.run(self._stage, self._began)

    def _began(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._watch(conductor)

    def _state(self) -> LiveState:
        conductor = self._conductor
        return LiveState(simulated=True) if conductor is None else conductor.live_state()

    def _post(self, item: Input) -> None:
        if self._conductor is not None:
            self._conductor.post(item)

    def _abort(self, reason: str) -> None:
        if self._conductor is None or self._conductor.over:
            self._app.exit()
        else:
            self._post(Did(Abort(reason)))

    def _finish(self) -> None:
        """The work is over: leave the last picture for a moment, or for as long as it is looked at."""
        self._participant.dismiss()
        if not self._stay or self._work.failed:
            QTimer.singleShot(0 if self._work.failed else _LAST_LOOK_MS, self._app.exit)


def _place(participant: ParticipantWindow, operator: OperatorWindow) -> None:
    """Give each window a display; on an only one they stand side by side."""
    first, *others = QGuiApplication.screens()
    area = first.availableGeometry()
    if others:
        participant.show_on(others[-1])
        operator.setGeometry(area)
    else:
        width = round(area.width() * _PARTICIPANT_SHARE)
        size = participant.sizeHint()
        height = round(width * size.height() / size.width())
        operator.setGeometry(QRect(area.left(), area.top(), area.width() - width, area.height()))
        participant.setGeometry(QRect(area.left() + area.width() - width, area.top(), width, height))
        participant.show()
    operator.show()
