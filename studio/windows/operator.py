"""The operator's view in a window of its own, for a session outside of the Studio.

How to drive it::

    window = OperatorWindow(palette=DARK)
    pump = LivePump(performance.state, window.render_state)   # pulls 30 times a second
    pump.start()
    window.asked.connect(performance.post)   # it only asks; the next state says what happened
    performance.escaped.connect(window.ask_abort)

Closing it during a session asks for confirmation like Abort; otherwise it just closes.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from studio.state import LiveState
from studio.theme import DARK, Palette
from studio.widgets.operator_view import OperatorView


class OperatorWindow(QMainWindow):
    """Renders one ``LiveState`` after the other.

    Args:
        palette: dark or light.
    """

    asked = Signal(object)

    def __init__(self, palette: Palette = DARK) -> None:
        super().__init__()
        self.view = OperatorView(palette)
        self.view.asked.connect(self.asked)
        self.view.setContentsMargins(8, 8, 8, 8)
        self.setCentralWidget(self.view)
        self.setWindowTitle("GazeTwin: operator")
        self.resize(1280, 800)

    def render_state(self, state: LiveState) -> None:
        """Show a state."""
        self.view.render_state(state)

    def ask_abort(self) -> None:
        """Ask whether to end the session for good."""
        self.view.ask_abort()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask first while a session is going on."""
        if self.view.lasting:
            event.ignore()
            self.ask_abort()
        else:
            event.accept()
