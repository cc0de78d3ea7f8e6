"""Work beside the main thread whose result comes back to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from protocols.errors import GazeTwinError

T = TypeVar("T")


class Later(Protocol):
    """Runs a job somewhere and tells its result; what controllers know of threads. Tests run it at once."""

    def __call__(
        self, job: Callable[[], T], then: Callable[[T], None], failed: Callable[[GazeTwinError], None]
    ) -> None:
        """Run ``job``; then call ``then`` with its result, or ``failed`` with what went wrong."""
        ...


class Background(QObject):
    """Runs each job in a thread of its own and tells the result in the main thread.

    A job that fails with anything but a GazeTwinError raises it in the main thread: it is a defect of ours.
    """

    _over = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._over.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def __call__(
        self, job: Callable[[], T], then: Callable[[T], None], failed: Callable[[GazeTwinError], None]
    ) -> None:
        """Run ``job``; see `Later`."""

        def run() -> None:
            try:
                result = job()
            except GazeTwinError as error:
                told = error
                self._over.emit(lambda: failed(told))
            except BaseException as error:  # noqa: BLE001 (raised again in the main thread)
                defect = error
                self._over.emit(lambda: _raise(defect))
            else:
                self._over.emit(lambda: then(result))

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=run, name="background", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self, patience_s: float = 10.0) -> None:
        """Wait for what is running; its results are no longer told."""
        self._closed = True
        for thread in self._threads:
            thread.join(patience_s)

    def _tell(self, said: Callable[[], None]) -> None:
        if not self._closed:
            said()


def _raise(error: BaseException) -> None:
    raise error
