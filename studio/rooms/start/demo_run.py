"""The demonstration as a program of its own, with one line about what it is doing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

_ENTRY = "from studio.cli import main; main()"
_PATIENCE_S = 5.0


class DemoRun:
    """Runs ``gazetwin demo``.

    Args:
        out: folder for session, persona and report.
        command: what is run, None for the demonstration.
    """

    def __init__(self, out: Path, command: tuple[str, ...] | None = None) -> None:
        demo = (sys.executable, "-P", "-c", _ENTRY, "demo", "--headless", "--out", str(out))
        self._command = command or demo
        self._lines = ["Starting the demonstration"]
        self._process: subprocess.Popen[str] | None = None
        self._began_s = 0.0
        self._reader = threading.Thread(target=self._read, name="demo", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._began_s = time.monotonic()
        # A session of its own: Ctrl-C at the terminal is for the Studio, which ends this in order.
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader.start()

    @property
    def line(self) -> str:
        """What it is doing, or what it said last, and for how long it runs."""
        return f"{self._lines[-1]} ({time.monotonic() - self._began_s:.0f} s; about three minutes in all)"

    @property
    def status(self) -> int | None:
        """Exit status, None while it runs."""
        return None if self._process is None else self._process.poll()

    def words(self) -> str:
        """Return everything that it said."""
        return " ".join(self._lines[1:])

    def cancel(self) -> None:
        """End it as Ctrl-C would; what it has recorded is kept. Idempotent."""
        process = self._process
        if process is None:
            return
        for end in (partial(process.send_signal, signal.SIGINT), process.terminate, process.kill):
            if process.poll() is None:
                end()
                try:
                    process.wait(_PATIENCE_S)
                except subprocess.TimeoutExpired:
                    continue
        self.close()

    def close(self) -> None:
        """Release what belonged to it, when it has ended. Idempotent."""
        if self._process is not None and self._process.stderr is not None:
            self._process.wait()
            self._reader.join()
            self._process.stderr.close()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        for text in self._process.stderr:
            if text.strip():
                self._lines = [*self._lines[-20:], text.strip()]
