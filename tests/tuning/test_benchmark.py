"""The benchmark runs, compares what it says it compares, and judges by its targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import _fits, tuning
from benchmarks._training_step import Variant, in_child, measure

COMMAND = ["--size", "tiny", "--device", "cpu"]


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_prompt_gradients_agree_for_every_operator_and_placement(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Memory is only true in a program of its own.
    monkeypatch.setattr(tuning, "in_child", lambda *which: replace(measure(*which), peak_mb=1.0))
    monkeypatch.setattr(_fits, "in_child", lambda _, *arguments: _fits.random_fit(*arguments))
    assert tuning.main(COMMAND)
    lines = capsys.readouterr().out.splitlines()
    steps = [line for line in lines if line.startswith(tuning.OPERATORS)]
    assert len(steps) == len(tuning.OPERATORS) * len(tuning.PLACEMENTS)
    assert all("pass (gradient <= 0.0001)" in line for line in steps)
    assert "2 steps of 4 pages" in lines[-1]


def test_a_measurement_comes_back_from_a_program_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = in_child(Variant("tiny", 160, "cpu", "rollout", "front", "row"), tmp_path / "gradient.npy")
    assert found is not None
    assert found.seconds > 0
    assert (tmp_path / "gradient.npy").is_file()


def test_targets_are_judged_on_time_memory_and_gradient() -> None:
    variant = Variant("default", tuning.SMALL, "cpu", "attnlrp", "front", "row")
    assert tuning.judged(variant, 2.0, 0.45, 1e-4).startswith("pass")
    for ratio, share, difference in ((1.9, 0.4, 0.0), (3.0, 0.5, 0.0), (3.0, 0.4, 2e-4)):
        assert tuning.judged(variant, ratio, share, difference).startswith("MISS")
    assert tuning.judged(Variant("4b", 700, "cuda", "rollout", "front", "row"), 1.0, 1.0, 0.5) == ""


def test_the_size_of_a_real_model_is_on_offer() -> None:
    size = tuning.SIZES["4b"]
    assert (size.layers, size.width, size.heads, size.kv_heads) == (36, 2560, 32, 8)
