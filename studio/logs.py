"""Where the Studio writes what happened: a file in the data folder that is kept small."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

log = logging.getLogger(__name__)

_MOST_BYTES, _KEPT = 2_000_000, 5
_FORM = "%(asctime)s %(levelname)s %(name)s %(threadName)s: %(message)s"

Problem = Callable[[str], None]


class LogFile:
    """Logs into ``<data folder>/logs/studio.log`` and takes errors that nobody has caught.

    Args:
        data_folder: of the Studio.

    Attributes:
        path: the file.
    """

    def __init__(self, data_folder: Path) -> None:
        self.path = data_folder / "logs" / "studio.log"
        self._handler: logging.Handler | None = None
        self._before = (sys.excepthook, threading.excepthook, logging.getLogger().level)

    def open(self, told: Problem) -> None:
        """Begin; what nobody catches goes into the file and, in one sentence, to ``told``, in its thread.

        Raises:
            OSError: the folder cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(
            self.path, maxBytes=_MOST_BYTES, backupCount=_KEPT, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter(_FORM))
        logging.getLogger().addHandler(self._handler)
        logging.getLogger().setLevel(logging.INFO)

        def caught(
            kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
        ) -> None:
            if issubclass(kind, KeyboardInterrupt):
                sys.__excepthook__(kind, error or kind(), trace)
                return
            log.error("nobody caught this", exc_info=(kind, error or kind(), trace))
            told(self._words(kind, error))

        sys.excepthook = caught
        threading.excepthook = lambda a: caught(a.exc_type, a.exc_value, a.exc_traceback)

    def close(self) -> None:
        """End; everything is as before ``open``. Idempotent."""
        if self._handler is None:
            return
        sys.excepthook, threading.excepthook, level = self._before
        logging.getLogger().setLevel(level)
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()
        self._handler = None

    def _words(self, kind: type[BaseException], error: BaseException | None) -> str:
        said = str(error).rstrip(".") or kind.__name__
        return (
            f"Something went wrong inside the Studio ({kind.__name__}: {said}). What was recorded is in its"
            f" file. Details are in {self.path}; please report them."
        )
