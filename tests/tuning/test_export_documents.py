"""The examples of docs/exports.md for models, tables and Python, run as they stand."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from protocols.stimulus import Viewport
from protocols.study import load_study
from tests.interop.documented import example
from tests.tuning.small_models import MAKERS, save_qwen
from tuning.backbones.base import Placement
from tuning.exporting.contract import Personas
from tuning.exporting.export import export
from tuning.exporting.invented import invented_personas
from tuning.pagespec import PageSpec
from tuning.registry import load_backbone, make_target

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def shipped() -> Personas:
    personas = invented_personas(2)
    for subject in personas.subjects:
        subject.persona.save(Path(f"{subject.name}.persona.safetensors"))
    screen = load_study("demo").screens[2]
    return replace(personas, pages=(PageSpec(screen=screen, viewport=Viewport.top_of(screen)),))


def of_a_real_model(family: str, placement: Placement) -> Personas:
    torch.manual_seed(5)
    Path("MODEL").mkdir()
    (save_qwen if family == "qwen" else MAKERS["internvl over qwen3"])(Path("MODEL"))
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save("page.png")
    return invented_personas(1, load_backbone("MODEL"), placement)


def ran(heading: str, capsys: pytest.CaptureFixture[str]) -> str:
    exec(compile(example(heading), heading, "exec"), {"__name__": heading})
    return capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_python_tables_reserved_tokens_and_merged_models(capsys: pytest.CaptureFixture[str]) -> None:
    personas = shipped()
    assert ran("In Python", capsys).count("[") == 3
    for name, out in (("csv", "looks"), ("peft-tokens", "peft-tokens"), ("merged", "merged")):
        export(make_target(name), personas, Path(out))
    assert ran("csv and parquet", capsys).split()[-3:] == ["P02", "1.0", "1.0"]
    first = int(personas.model().model.get_input_embeddings().weight.shape[0])
    mine, other = (list(range(at, at + 5)) for at in (first, first + 5))
    told, others = (ast.literal_eval(line) for line in ran("peft-tokens", capsys).splitlines())
    assert [i for i in told if i in mine] == mine
    assert others == other
    told = ast.literal_eval(ran("merged", capsys))
    seen = personas.subjects[0].look(personas.pages[0]).twin.choice
    assert list(told.values()) == pytest.approx(seen, abs=1e-5)


@pytest.mark.usefixtures("folder")
def test_prompt_adapters(capsys: pytest.CaptureFixture[str]) -> None:
    export(make_target("peft-prompt"), of_a_real_model("internvl", "front"), Path("peft-prompt"))
    assert "torch.Size([5, 64])" in ran("peft-prompt", capsys)


@pytest.mark.usefixtures("folder")
def test_requests(capsys: pytest.CaptureFixture[str]) -> None:
    export(make_target("vllm"), of_a_real_model("qwen", "after-image"), Path("vllm"))
    assert "['image_url', 'prompt_embeds', 'text']" in ran("vllm", capsys)
