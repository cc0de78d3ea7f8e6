"""A study's program that is killed goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from protocols.wire import Done, Progress, decode
from tuning.events import Event, Warned

SMALL = """
name = "small"
fit = { steps = 2, evaluate_every = 1 }
[cohort]
kind = "synthetic"
participants = 4
patternless = 1
[cohort.screens]
training = 4
validation = 1
heldout = 2
seed = 4
[[ablations]]
name = "nobody to search among"
fit = { method = "search", personal_prompt = false, prompt_length = 3 }
"""


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "tuning", "study", str(folder / "s.toml"), "--out", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def finished(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "cells").glob("*.json")}


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_study_goes_on_and_repeats_nothing(tmp_path):
    (tmp_path / "s.toml").write_text(SMALL, encoding="utf-8")
    first = start(tmp_path)
    for line in first.stdout:
        said = decode(line, Event)
        if isinstance(said, Progress) and said.done >= 2:
            break
    workers = _children(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stdout.close()
    kept = finished(tmp_path)
    assert 2 <= len(kept) < 6
    _wait_for_end(workers)
    assert finished(tmp_path) == kept  # nobody goes on for a dead owner

    again = start(tmp_path)
    said = [decode(line, Event) for line in again.stdout]
    assert again.wait() == 0
    again.stdout.close()
    assert isinstance(said[-1], Done)
    ends = [s for s in said if isinstance(s, Progress) and s.total == 10]
    assert ends[0].done == len(kept)
    assert len(ends) - 1 == 10 - len(kept)  # one report for each cell that was missing
    assert len([s for s in ends if s.message.startswith("nobody to search among: ")]) == 4
    now = finished(tmp_path)
    assert len(now) == 6  # the ablation that cannot be fitted has no result, and says so
    assert {name: now[name] for name in kept} == kept
    assert len([s for s in said if isinstance(s, Warned) and "No cohort suits" in s.what]) == 4
    _report_is_whole(tmp_path)


def _report_is_whole(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert html.index("What this does not show") < html.index("Targets")
    assert "No cohort suits" in html
    assert "4 of 10 cells have no result" in html
    assert str(folder) not in html
    assert "src=" not in html
    assert "http://" not in html
    said = (folder / "README.md").read_text(encoding="utf-8")
    assert "combined twin" in said
    assert sum(p.stat().st_size for p in folder.iterdir() if p.is_file()) < 1_500_000


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _wait_for_end(pids: list[int]) -> None:
    assert pids
    until = time.monotonic() + 20
    while any(psutil.pid_exists(pid) for pid in pids):
        assert time.monotonic() < until, "a worker outlived its owner"
        time.sleep(0.05)
