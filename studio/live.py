"""The pump between a session and the operator's window: the window pulls, nobody pushes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

from studio.state import LiveState

RATE_HZ = 30


class LivePump(QObject):
    """Pulls a state from the session and renders it, 30 times a second.

    Nothing queues up: a slow frame delays the next one, and a state that is the very same object is not drawn
    again. When pulling or rendering fails, the pump stops before the error travels on: it is reported once.

    Args:
        pull: returns the state now; must not block.
        render: shows it.
    """

    def __init__(
        self,
        pull: Callable[[], LiveState],
        render: Callable[[LiveState], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._pull = pull
        self._render = render
        self._last: LiveState | None = None
        self._timer = QTimer(self, interval=round(1000 / RATE_HZ))
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)

    @property
    def running(self) -> bool:
        """Whether the pump is on."""
        return self._timer.isActive()

    def start(self) -> None:
        """Begin, with one state at once."""
        self._timer.start()
        self.beat()

    def stop(self) -> None:
        """End; the last state stays on the screen."""
        self._timer.stop()

    def beat(self) -> None:
        """Pull and render once."""
        try:
            state = self._pull()
            if state is not self._last:
                self._render(state)
        except BaseException:
            self.stop()
            raise
        self._last = state
