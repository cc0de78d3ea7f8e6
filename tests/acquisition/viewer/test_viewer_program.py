from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from acquisition.liblsl import load_pylsl
from acquisition.truth import TrueFixations
from acquisition.viewer.messages import Click, Ended, Pointer, Ready, Report, ShowPage, ShowTarget, Stop
from acquisition.viewer.settings import ViewerSettings, ViewerTraits
from protocols.invented import invented_screen
from protocols.stimulus import Viewport
from protocols.wire import Failed, Message, decode, encode

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start viewer programs; none survives the test."""
    running: list[subprocess.Popen[str]] = []

    def started(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "acquisition", "viewer", *options]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(program)
        return program

    yield started
    for program in running:
        program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout):
            pipe.close()


def heard(program: subprocess.Popen[str]) -> Message:
    return decode(program.stdout.readline(), Report)


def tell(program: subprocess.Popen[str], order: Message) -> None:
    program.stdin.write(encode(order) + "\n")
    program.stdin.flush()


class Listener:
    """A plain LSL client that keeps everything."""

    def __init__(self, source_id: str) -> None:
        self._pylsl = load_pylsl()
        found = self._pylsl.resolve_byprop("source_id", source_id, 1, 10.0)
        self._inlet = self._pylsl.StreamInlet(found[0], recover=False)
        self._inlet.open_stream(5.0)
        self.t: list[float] = []
        self.values: list[list[float]] = []

    def now_s(self) -> float:
        return float(self._pylsl.local_clock())

    def pull(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            values, stamps = self._inlet.pull_chunk(timeout=0.02)
            self.t += stamps
            self.values += values

    def close(self) -> None:
        self._inlet.close_stream()
        del self._inlet


def test_every_sample_sent_is_heard_at_the_rate_and_time_it_claims(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "truth.npz"
    program = start("--seed", "7", "--truth", str(path), "--device", "every")
    ready = heard(program)
    assert isinstance(ready, Ready)
    assert (ready.stream, ready.preferred) == ("GazeTwin_Viewer", ViewerSettings(seed=7).person().preferred)
    listener = Listener(ready.source_id)
    tell(program, ShowTarget(t_s=listener.now_s(), xy_px=(300.0, 800.0)))
    listener.pull(1.5)
    assert abs(listener.now_s() - listener.t[-1]) < 0.2
    tell(program, Stop())
    ended = heard(program)
    listener.pull(0.2)
    listener.close()
    assert isinstance(ended, Ended)
    assert ended.sent == len(listener.t)
    assert (ended.first_s, ended.last_s) == (listener.t[0], listener.t[-1])
    assert np.diff(listener.t).mean() == pytest.approx(1 / 120, rel=0.02)
    assert (np.diff(listener.t) > 0).all()
    truth = TrueFixations.load(path)
    assert len(truth) == ended.fixations
    assert truth.xy_px[-1] == pytest.approx([300, 800], abs=10)
    assert program.wait(5) == 0


def test_a_page_is_looked_at_and_clicked_over_the_wire(start: Start, bench) -> None:
    viewer = ViewerTraits.of(ViewerSettings(seed=1).person())
    settings = ViewerSettings(seed=1, viewer=viewer, fixations=(3, 3), scroll_probability=0.0)
    program = start("--settings", settings.model_dump_json(), "--device", "page")
    listener = Listener(heard(program).source_id)
    screen = invented_screen(np.random.default_rng(0), "one", "rows")
    at_desk = bench(seed=1, viewer=viewer, fixations=(3, 3), scroll_probability=0.0)
    expected = at_desk.run_trial(screen)
    page = next(order for order in at_desk.orders if isinstance(order, ShowPage))
    tell(program, page.model_copy(update={"t_s": listener.now_s()}))
    actions: list[Message] = []
    while not any(isinstance(a, Click) for a in actions):
        actions.append(heard(program))
    assert actions[-1].xy_px == pytest.approx(expected.xy_px)
    assert any(isinstance(a, Pointer) for a in actions)
    stamps = [a.t_s for a in actions]
    assert stamps == sorted(stamps)
    assert abs(listener.now_s() - stamps[-1]) < 0.2
    assert Viewport.top_of(screen).scroll_px == 0.0
    listener.close()


@pytest.mark.parametrize("listening", [False, True])
def test_it_ends_with_the_one_who_started_it(start: Start, listening: bool) -> None:
    program = start("--device", f"orphan-{listening}")
    ready = heard(program)
    listener = Listener(ready.source_id) if listening else None
    program.stdin.close()
    assert program.wait(6) == 0
    if listener:
        listener.close()


def test_it_does_not_survive_a_killed_parent(tmp_path: Path) -> None:
    """The parent is killed without a chance to say goodbye; the closed pipe tells."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-P', '-m', 'acquisition', 'viewer', '--device', 'left'],"
            " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
            "p.stdout.readline()\nprint(p.pid, flush=True)\ntime.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 6
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--settings", "nonsense"), "settings of the simulated viewer are wrong"),
        (("--settings", '{"rate_hz": -1}'), "rate_hz"),
        (("--settings", '{"viewer": {"habit": "zigzag", "habit_strength": 1, "genre_pull": 1,'
          ' "click_pull": 1, "click_gaze": 1, "preferred": []}}'), "zigzag"),
    ],
)  # fmt: skip
def test_wrong_settings_are_said_in_words(start: Start, options: tuple[str, str], says: str) -> None:
    program = start(*options)
    failed = heard(program)
    assert isinstance(failed, Failed)
    assert says in failed.what
    assert program.wait(5) == 2


def test_an_order_it_does_not_understand_ends_it_with_a_reason(start: Start) -> None:
    program = start("--device", "garbled")
    heard(program)
    program.stdin.write("dance\n")
    program.stdin.flush()
    assert isinstance(heard(program), Failed)
    assert program.wait(5) == 2
