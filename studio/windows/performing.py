"""Work in a thread while the main thread serves windows."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from protocols.errors import SetupError
from studio.theme import DARK
from studio.windows.appearance import dress

T = TypeVar("T")
_HEARTBEAT = "heartbeat"


def application() -> QApplication:
    """Return the application, dressed, making it when there is none.

    Raises:
        SetupError: there is no display; Qt itself would end the program.
    """
    known = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in known):
        raise SetupError(
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "Windows have nowhere to appear.",
            "Use --headless, or run this where windows can be shown.",
        )
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    dress(app, DARK)
    _listen_to_signals(app)
    return app


def _listen_to_signals(app: QApplication) -> None:
    """Let Python run its signal handlers: an idle Qt loop would never return to it."""
    if app.findChild(QTimer, _HEARTBEAT) is None:
        heartbeat = QTimer(app)
        heartbeat.setObjectName(_HEARTBEAT)
        heartbeat.timeout.connect(lambda: None)
        heartbeat.start(100)


class Work(QObject, Generic[T]):
    """One job in a plain thread; ``over`` is emitted in the main thread when it has ended.

    Args:
        job: runs in the thread; must not touch widgets.
    """

    over = Signal()
    _done = Signal()

    def __init__(self, job: Callable[[], T]) -> None:
        super().__init__()
        self._job = job
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        self._done.connect(self.over, Qt.ConnectionType.QueuedConnection)

    @property
    def error(self) -> BaseException | None:
        """What the job ended with, None when it goes on or went well."""
        return self._error

    def start(self) -> None:
        """Start the job."""
        self._thread.start()

    def result(self) -> T:
        """Return what the job returned, or raise what it raised.

        Raises:
            KeyboardInterrupt: the windows were left before it ended.
        """
        if self._error is not None:
            raise self._error
        if not self._result:
            raise KeyboardInterrupt
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._job())
        except BaseException as error:  # noqa: BLE001 (handed to the main thread, which raises it)
            self._error = error
        self._done.emit()
