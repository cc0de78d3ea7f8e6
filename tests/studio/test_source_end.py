"""How recordings end: by Ctrl-C, by a tracker that leaves, or with a refusal before they began."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sessions.check import check
from sessions.reader import Recording
from sessions.recover import RecoveryReport
from sessions.schema import State
from studio.cli.recover import recover
from studio.watching import Interruption

GAZETWIN = Path(sys.executable).with_name("gazetwin")
FREE = ("record", "--study", "free-gaze", "--participant", "P01", "--headless")
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    programs: list[subprocess.Popen[str]] = []

    def started(*arguments: object) -> subprocess.Popen[str]:
        command = [str(argument) for argument in (GAZETWIN, *arguments)]
        programs.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return programs[-1]

    yield started
    for program in programs:
        program.kill()
        program.communicate()


def refused(*arguments: object) -> str:
    """Run a command that is to be refused; return what it said."""
    told = subprocess.run(
        [str(argument) for argument in (GAZETWIN, *arguments)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    return told.stderr


def heard(program: subprocess.Popen[str], words: str) -> str:
    """Return the first line of standard error with these words."""
    assert program.stderr is not None
    for line in program.stderr:
        if words in line:
            return line
    raise AssertionError(f"{words!r} was never said")


def test_ctrl_c_is_the_normal_end_of_free_gaze_however_often_it_is_pressed(
    tmp_path: Path, start: Start
) -> None:
    program = start(*FREE, "--source", "mock", "--out", tmp_path, "--json")
    heard(program, "Recording ")
    time.sleep(1.0)
    for _ in range(4):
        program.send_signal(signal.SIGINT)
        time.sleep(0.05)
    said, errors = program.communicate(timeout=20)
    assert program.returncode == 0, errors
    assert "Traceback" not in errors
    assert json.loads(said)["outcome"] == "complete"
    with Recording.open(tmp_path / "session.h5") as recording:
        assert recording.state is State.SEALED
        assert recording.samples == json.loads(said)["samples"]["recorded"] > 0


class Session:
    """What the handler of Ctrl-C sees of a session that takes its time to end."""

    over = concluded = False

    def __init__(self) -> None:
        self.told: list[object] = []

    def post(self, item: object) -> None:
        self.told.append(item)


def test_whoever_presses_again_is_asked_to_wait(capfd: pytest.CaptureFixture[str]) -> None:
    left: list[int] = []
    handler = Interruption(lambda: left.append(1))
    session = Session()
    handler.watch(session)  # type: ignore[arg-type]  # the part of a conductor that is used
    handler(signal.SIGINT, None)
    assert capfd.readouterr().err == ""
    handler(signal.SIGINT, None)
    handler(signal.SIGINT, None)
    assert capfd.readouterr().err.count("Ending, please wait") == 2
    assert (len(session.told), left) == (1, [])


@pytest.fixture
def tracker(start: Start) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the same simulated tracker; each time one that can be killed."""

    def begin() -> subprocess.Popen[str]:
        program = start("tracker", "--as", "tobii-pro")
        heard(program, "goes out as")
        return program

    return begin


def test_a_tracker_that_comes_back_late_is_recorded_on(tmp_path: Path, start: Start, tracker) -> None:
    first = tracker()
    program = start(*FREE, "--source", "lsl", "--out", tmp_path, "--json")
    heard(program, "Recording ")
    time.sleep(1.0)
    first.kill()
    assert "Waiting until it comes back" in heard(program, "has left the network")
    time.sleep(1.0)
    tracker()
    back = heard(program, "is back")
    time.sleep(1.0)
    program.send_signal(signal.SIGINT)
    said, errors = program.communicate(timeout=20)
    assert program.returncode == 0, errors
    assert "has left the network" not in errors
    assert "sends again" not in errors
    told = json.loads(said)
    assert told["outcome"] == "complete"
    assert [c["received"] > 50 for c in told["connections"]] == [True, True]
    with Recording.open(tmp_path / "session.h5") as recording:
        gap_s = float(np.diff(recording.gaze().t_s).max())
    assert gap_s > 3.0
    assert f"; {gap_s:.2f} s of gaze are missing." in back
    found = {item.name: item.found for item in check(tmp_path / "session.h5").items}
    assert f"; no sample for {gap_s:.2f} s in between" in found["connections"]
    assert f"lost while connected; {gap_s:.2f} s without connection, about" in found["samples delivered"]


def test_a_tracker_that_does_not_come_back_leaves_no_complete_session(
    tmp_path: Path, start: Start, tracker
) -> None:
    first = tracker()
    program = start(*FREE, "--source", "lsl", "--out", tmp_path, "--json")
    heard(program, "Recording ")
    time.sleep(1.0)
    first.kill()
    heard(program, "has left the network")
    assert program.poll() is None
    program.send_signal(signal.SIGINT)
    said, errors = program.communicate(timeout=20)
    assert program.returncode == 1, errors
    told = json.loads(said)
    assert told["outcome"] == "aborted"
    assert told["why"].startswith("the gaze source was lost after ")
    with Recording.open(tmp_path / "session.h5") as recording:
        assert recording.state is State.ABORTED
    found = {item.name: item.found for item in check(tmp_path / "session.h5").items}
    assert found["state"] == f"aborted: {told['why']}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("record", "--study", "demo", "--participant", "P01", "--headless", "--source", "mouse"),
            "--headless",
        ),
        ((*FREE, "--source", "mouse"), "--headless shows none"),
        ((*FREE, "--source", "replay:nope.h5"), "nope.h5"),
    ],
)
def test_a_recording_that_is_refused_was_never_announced(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    told = refused(*arguments, "--out", tmp_path / "out")
    assert said in told
    assert "Recording " not in told
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_is_refused_before_the_recording_is_announced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    told = refused(*FREE, "--source", "mock", "--out", tmp_path / "file" / "out")
    assert "Recording " not in told
    assert os.fspath(tmp_path / "file") in told


@pytest.mark.parametrize("arguments", [("--as", "pupil-core"), ("--as", "titta", "--replay", "nope.tsv")])
def test_a_tracker_that_is_refused_was_never_announced(arguments: tuple[str, ...]) -> None:
    assert "goes out" not in refused("tracker", *arguments)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (State.ABORTED, State.ABORTED, "had ended in order (aborted); what was left over was put in"),
        (State.RECORDING, State.RECOVERED, "was still recording; it is readable again (recovered)"),
    ],
)
def test_recover_says_in_what_state_a_recording_was_and_is(
    before: State,
    after: State,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = Path("s.h5")
    report = RecoveryReport(
        path=path, before=before, after=after, journal="applied", kept={"gaze": 1}, dropped={}
    )
    monkeypatch.setattr("sessions.recover.recover", lambda _: report)
    recover(path)
    assert capsys.readouterr().out == f"s.h5 {words}: 1 gaze sample.\n"
