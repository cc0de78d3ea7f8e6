"""``gazetwin serve``: a person starts it, asks, and ends it with Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from protocols.errors import SetupError
from studio.serve_command import serve
from tuning.events import Load

pytestmark = pytest.mark.engine
GAZETWIN = Path(sys.executable).with_name("gazetwin")


def test_it_serves_until_it_is_told_to_end(files: dict[str, Path]) -> None:
    command = [str(GAZETWIN), "serve", str(files["P02"]), "--port", "0", "--json"]
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    try:
        assert program.stdout is not None
        told = json.loads(program.stdout.readline())
        assert told["personas"] == 1
        assert httpx.get(told["url"] + "/personas").json()["personas"][0]["participant"] == "P02"
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=30) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(told["url"] + "/health")
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def test_what_cannot_be_served_is_explained(files: dict[str, Path], tmp_path: Path) -> None:
    absent = subprocess.run(
        [GAZETWIN, "serve", str(tmp_path / "nobody")], capture_output=True, text=True, check=False
    )
    assert absent.returncode == 2
    assert "There is no persona" in absent.stderr
    with pytest.raises(SetupError, match=r"203\.0\.113\.1"):
        serve([str(files["P01"])], "203.0.113.1", 0, Load(), lambda said: pytest.fail(str(said)))
