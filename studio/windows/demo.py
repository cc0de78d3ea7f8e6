"""The demonstration with both windows: what the participant sees, and what the operator sees."""

from __future__ import annotations

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from protocols.trial_events import Abort
from studio.conductor import Conductor
from studio.demo import Demonstration, DemoOrder, DemoResult
from studio.inputs import Did, Input
from studio.live import LivePump
from studio.performance import Performance
from studio.progress import told
from studio.sources import own_network
from studio.watching import Watch, interruptible
from studio.windows.operator import OperatorWindow
from studio.windows.participant import ParticipantWindow
from studio.windows.performing import application

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
    """Both windows, and the demonstration behind them."""

    def __init__(self, app: QApplication, demonstration: Demonstration, watch: Watch, stay: bool) -> None:
        self._app, self._demonstration = app, demonstration
        self._watch, self._stay = watch, stay
        self._operator = OperatorWindow()
        self._performance = Performance(self._job, demonstration.study.screen.size_px, SteadyClock())
        self._pump = LivePump(self._performance.state, self._operator.render_state)
        self._performance.escaped.connect(self._operator.ask_abort)
        self._performance.over.connect(self._finish)
        self._operator.asked.connect(self._asked)

    def run(self) -> DemoResult:
        """Show everything until it is over."""
        self._performance.start(lambda window: _place(window, self._operator))
        self._pump.start()
        try:
            self._app.exec()
        finally:
            self._pump.stop()
            self._performance.dismiss()
            self._operator.hide()
        return self._performance.result()

    def _job(self, performance: Performance[DemoResult]) -> DemoResult:
        def began(conductor: Conductor) -> None:
            performance.began(conductor)
            self._watch(conductor)

        return self._demonstration.run(performance.stage, began)

    def _asked(self, item: Input) -> None:
        if isinstance(item, Did) and isinstance(item.event, Abort) and self._performance.recorded:
            self._app.exit()
        else:
            self._performance.post(item)

    def _finish(self) -> None:
        """The work is over: leave the last picture for a moment, or for as long as it is looked at."""
        if not self._stay or self._performance.error:
            QTimer.singleShot(0 if self._performance.error else _LAST_LOOK_MS, self._app.exit)


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
