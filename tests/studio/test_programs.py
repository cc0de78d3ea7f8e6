"""Child programs: what they say, how they end, and that they always end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from protocols.errors import GazeTwinError, ProgramCrashed, ProgramError, ProgramTimeout
from protocols.wire import Cancelled, Done, Progress
from studio.programs import Program

ECHO = """
import sys
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
"""
DEAF = """
import signal, sys, time
for name in {ignored}:
    signal.signal(getattr(signal, name), signal.SIG_IGN)
sys.stdout.write('{{"v": 1, "kind": "done"}}\\n')
sys.stdout.flush()
time.sleep(60)
"""
DYING = """
import sys
sys.stderr.write("first\\nthe disk is full\\n")
sys.exit(7)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make programs from source text; they are closed at the end."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made: list[Program] = []

    def make(source: str) -> Program:
        name = f"child_{len(made)}"
        (tmp_path / f"{name}.py").write_text(source)
        made.append(Program("test", name, [], Progress | Done | Cancelled))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.close(patience_s=0.0)


def test_messages_travel_both_ways_in_order(program):
    echo = program(ECHO)
    for done in range(50):
        echo.send(Progress(done=done, message="ü\n"))
    assert [echo.receive(5).done for _ in range(50)] == list(range(50))
    assert echo.poll() is None
    assert echo.close() == 0
    assert not echo.running


def test_listener_gets_everything_and_then_why_it_ended(program):
    heard: list[object] = []
    echo = program(ECHO)
    echo.listener = heard.append
    echo.send(Done())
    assert echo.close() == 0
    assert isinstance(heard[0], Done)
    assert isinstance(heard[-1], ProgramCrashed)


def test_crash_is_told_with_the_last_words(program):
    dying = program(DYING)
    with pytest.raises(ProgramCrashed, match=r"status 7.*the disk is full"):
        dying.receive(10)
    with pytest.raises(ProgramCrashed):  # whoever asks next gets the same answer
        dying.receive(10)
    assert dying.close() == 7
    with pytest.raises(ProgramCrashed, match="the disk is full"):
        dying.send(Done())


def test_silence_is_a_timeout(program):
    with pytest.raises(ProgramTimeout, match=r"not answered for 0\.1 s"):
        program(ECHO).receive(0.1)


def test_nonsense_is_refused_and_the_program_can_still_be_ended(program):
    babbling = program("print('hello')\n" + ECHO)
    with pytest.raises(ProgramError, match="hello"):
        babbling.receive(10)
    assert babbling.close() == 0


@pytest.mark.parametrize(("ignored", "status"), [([], -signal.SIGTERM), (["SIGTERM"], -signal.SIGKILL)])
def test_a_program_that_will_not_end_is_terminated_then_killed(program, ignored, status):
    deaf = program(DEAF.format(ignored=ignored))
    deaf.receive(10)
    assert deaf.close(Done(), patience_s=0.1) == status
    assert not psutil.pid_exists(deaf.pid)
    assert deaf.close() == status


def test_ctrl_c_at_the_terminal_does_not_reach_children(program):
    assert os.getpgid(program(ECHO).pid) != os.getpgid(0)


def test_a_program_that_was_not_started_is_an_error():
    with pytest.raises(GazeTwinError, match="not started"):
        Program("test", "nothing", [], Done).send(Done())
