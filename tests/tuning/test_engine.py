"""The engine as others see it: a child program, JSON lines, a random model brought by a plug-in."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocols.invented import invented_screen
from protocols.stimulus import Viewport
from protocols.wire import Cancelled, Done, Failed, Message, decode, encode
from tuning import events
from tuning.config import FitConfig
from tuning.engine import Engine
from tuning.events import Event, PageSpec

pytestmark = pytest.mark.engine

PLUGIN = """
import torch
from transformers import Qwen3VLForConditionalGeneration
from tuning.backbones.tiny import assemble, configuration

def load():
    torch.manual_seed(0)
    print("a library that prints")
    return assemble(Qwen3VLForConditionalGeneration(configuration()), "f" * 64)
"""
CONFIG = FitConfig(steps=6, prompt_length=4, basis_size=2, evaluate_every=3, personal_prompt=False)


class Running:
    """A started engine."""

    def __init__(self, plugins: Path) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuning", "engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(plugins), "OMP_NUM_THREADS": "1"},
        )

    def send(self, request: Message) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(encode(request) + "\n")
        self._program.stdin.flush()

    def receive(self) -> Any:
        assert self._program.stdout is not None
        return decode(self._program.stdout.readline(), Event)

    def ask(self, request: Message) -> list[Any]:
        self.send(request)
        answers = [self.receive()]
        while not isinstance(answers[-1], Done | Failed | Cancelled):
            answers.append(self.receive())
        return answers

    def close(self) -> int:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.close()
        code = self._program.wait(20)
        self._program.stdout.close()
        return code


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "tiny_random.py").write_text(PLUGIN)
    info = folder / "tiny_random-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-random\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gazetwin.backbones]\ntiny-random = tiny_random:load\n")
    return folder


@pytest.fixture
def engine(plugins: Path) -> Iterator[Running]:
    running = Running(plugins)
    yield running
    running.close()


@pytest.fixture(scope="module")
def specs() -> list[PageSpec]:
    screens = [invented_screen(np.random.default_rng([8, i]), f"s{i}", "rows") for i in range(3)]
    return [PageSpec(screen=s, viewport=Viewport(200.0 * (i == 2), (0,) * 10)) for i, s in enumerate(screens)]


def test_a_session_with_the_engine(engine: Running, specs: list[PageSpec]) -> None:
    early = engine.ask(events.Predict(page=specs[0]))
    assert early[0].what.startswith("No backbone")
    ready, done = engine.ask(events.Load(backbone="tiny-random"))
    assert (ready.backbone, ready.digest, ready.cohort) == ("carousel-tiny", "f" * 64, 0)
    assert isinstance(done, Done)

    assert isinstance(engine.ask(events.Predict(page=specs[0]))[0], Failed)
    begin = events.Begin(participant="P01", preferred=("Drama", "Crime", "Horror"), config=CONFIG)
    assert engine.ask(begin) == [Done()]
    before = engine.ask(events.Predict(page=specs[0]))[0]
    assert set(before.views) == {"twin", "twin_combined", "backbone", "uniform"}
    for view in before.views.values():
        assert sum(view.attention) == pytest.approx(1.0)
        assert sum(view.choice) == pytest.approx(1.0)

    gaze = (5.0, *[0.0] * 14)
    observed = engine.ask(events.Observe(page=specs[0], gaze=gaze, click=2, budget_s=30.0))[0]
    assert (observed.observed, observed.note) == (1, "")
    assert observed.steps > 0
    after = engine.ask(events.Predict(page=specs[0]))[0]
    assert {"participant_mean", "participant_mean_genre"} < set(after.views)
    assert after.views["twin_combined"].attention[0] > before.views["twin_combined"].attention[0]
    assert after.views["backbone"] == before.views["backbone"]

    blank = engine.ask(events.Observe(page=specs[1], gaze=(0.0,) * 15))[0]
    assert (blank.observed, blank.steps) == (1, 0)
    assert blank.note
    wrong = engine.ask(events.Observe(page=specs[2], gaze=gaze))[0]
    assert "10 slots" in wrong.what


def test_bad_requests_are_answered_and_do_not_end_the_program(engine: Running, tmp_path: Path) -> None:
    assert engine._program.stdin is not None
    engine._program.stdin.write('{"v": 1, "kind": "dance"}\nnot json\n\n')
    engine._program.stdin.flush()
    assert [engine.receive().code for _ in range(2)] == ["ProgramError", "ProgramError"]
    missing = engine.ask(events.Load(backbone="no-such-model"))[0]
    assert missing.code == "BackboneMissing"
    assert "tiny-random" in missing.fix
    engine.ask(events.Load(backbone="tiny-random"))
    gone = engine.ask(
        events.Fit(sessions=(str(tmp_path / "none.h5"),), out=str(tmp_path / "p"), config=CONFIG)
    )
    assert gone[-1].code == "SessionMissing"
    lost = engine.ask(events.Compare(persona=str(tmp_path / "none"), sessions=("x",), out="y"))[0]
    assert lost.code == "PersonaMismatch"


def test_shutdown_ends_the_program(engine: Running) -> None:
    engine.send(events.Shutdown())
    assert engine._program.wait(20) == 0


class Endless:
    """Stands in for a loaded model: one job that never ends by itself."""

    def __init__(self) -> None:
        self.closed = False

    def job(self, request: events.Work) -> Iterator[Event]:  # noqa: ARG002 - the only job there is
        try:
            step = 0
            while True:
                step += 1
                yield events.Step(step=step, total=9, loss=0, attention=0, click=0, penalty=0)
        finally:
            self.closed = True


class CancellingSink(io.StringIO):
    """Lets the engine hear a cancel after the third step, as another program would send it."""

    def __init__(self) -> None:
        super().__init__()
        self.engine: Engine | None = None

    def write(self, text: str) -> int:
        if self.engine is not None and json.loads(text).get("step") == 3:
            self.engine._hear(encode(events.Cancel()))
        return super().write(text)


def test_cancel_ends_the_running_request_between_two_steps() -> None:
    sink = CancellingSink()
    bench = Endless()
    simulate = events.Simulate(
        persona="p",
        pages=(
            PageSpec(
                screen=invented_screen(np.random.default_rng(1), "s", "rows"), viewport=Viewport(0, (0,) * 10)
            ),
        ),
    )
    requests = [encode(events.Cancel()), encode(simulate), encode(events.Shutdown())]
    sink.engine = Engine(io.StringIO("\n".join(requests)), sink)
    sink.engine._bench = bench  # type: ignore[assignment]  # only its job is used
    sink.engine.run()
    answers = [decode(line, Event) for line in sink.getvalue().splitlines()]
    assert [a.kind for a in answers] == ["step", "step", "step", "cancelled"]
    assert bench.closed


def test_missing_model_libraries_are_named_with_the_command_that_installs_them() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from protocols.errors import SetupError\n"
        "from tuning.engine import open_bench\nfrom tuning.events import Load\n"
        "try:\n    open_bench(Load())\n"
        "except SetupError as error:\n    print(error.fix)\n"
    )
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert "gazetwin[tune]" in out.stdout
