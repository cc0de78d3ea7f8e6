"""Ctrl-C reaches a recording whose windows are idle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sessions.reader import Recording


def test_an_idle_window_still_hears_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", "from studio.cli import main; main()", "record", "--study", "demo"]
    command += ["--participant", "P01", "--source", "mouse", "--out", str(tmp_path)]
    program = subprocess.Popen(
        command, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "session.h5").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.5)
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=20) == 1
    finally:
        program.kill()
        program.wait()
    with Recording.open(tmp_path / "session.h5") as recording:
        assert recording.state == "aborted"
