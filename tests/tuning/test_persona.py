from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from protocols.errors import PersonaMismatch
from tuning.backbones.base import BackboneSpec
from tuning.baselines import PositionMap
from tuning.config import FitConfig
from tuning.described import described_at
from tuning.habit import Habit, Pooling
from tuning.persona import Persona
from tuning.predictions import Prediction
from tuning.prompts import SoftPrompt
from tuning.provenance import Provenance

SPEC = BackboneSpec("fake", "a" * 64, 8, 2, 2, "mrope_3d", 1.0)


@pytest.fixture
def persona() -> Persona:
    config = FitConfig(prompt_length=3, basis_size=4, seed=9)
    provenance = Provenance(
        participant="P01",
        preferred=("Drama",),
        sessions=(),
        backbone="fake",
        backbone_digest="a" * 64,
        positions="mrope_3d",
        cohort="",
        config=config,
        splits={"s1": "train", "s2": "test"},
        best_step=30,
        validation={"kl": 0.4},
        heldout={"twin": {"kl": 0.5}},
        uniform_shares={"participant_mean": 0.25},
        versions={"gazetwin": "0"},
    )
    habit = Habit(
        PositionMap(np.arange(1.0, 16).reshape(3, 5)),
        np.array([0.9, 1.1]),
        Pooling(np.array([0.5, 0.6, 0.0, 0.1]), np.array([0.0, 0.4, 0.0, 1.2])),
        provenance.uniform_shares,
    )
    prompt = SoftPrompt(torch.randn(3, 8, generator=torch.Generator().manual_seed(1)), "P01")
    return Persona(prompt, torch.arange(4.0), torch.zeros(3, 8), habit, provenance)


def test_a_twin_that_no_step_improved_says_so(persona: Persona, tmp_path: Path) -> None:
    own = persona.provenance
    assert own.unchanged == ""
    start = own.model_copy(update={"best_step": 0, "start": "V06"})
    assert "untrained" in start.unchanged
    assert "that of earlier participant V06, unchanged" in start.unchanged
    assert "V06" not in start.model_copy(update={"start": ""}).unchanged
    found = start.config.model_copy(update={"method": "search", "personal_prompt": False})
    assert start.model_copy(update={"config": found}).unchanged == ""
    path = tmp_path / "p.safetensors"
    replace(persona, provenance=start).save(path)
    (shown,) = described_at(str(path))
    assert dict(shown.lines())["fitted"] == start.unchanged


def test_an_earlier_file_with_two_exponents_keeps_its_meaning(persona: Persona, tmp_path: Path) -> None:
    earlier = replace(persona.habit, pooling=Pooling(np.array([0.5, 0.6]), np.array([0.1, 1.2])))
    path = tmp_path / "earlier.safetensors"
    replace(persona, habit=earlier).save(path)
    pooling = Persona.load(path).habit.pooling
    prior, model = np.array([0.2, 0.3, 0.5]), Prediction(np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.1, 0.8]))
    seen = pooling.combined(prior, model, Prediction(np.ones(3) / 3, np.array([0.6, 0.3, 0.1])))
    expected = prior**0.5 * model.attention**0.6, prior**0.1 * model.choice**1.2
    assert seen.attention == pytest.approx(expected[0] / expected[0].sum())
    assert seen.choice == pytest.approx(expected[1] / expected[1].sum())


def test_a_round_trip_is_exact(persona: Persona, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "p.safetensors"
    persona.save(path)
    again = Persona.load(path)
    assert torch.equal(again.prompt.tokens, persona.prompt.tokens)
    assert torch.equal(again.coefficients, persona.coefficients)
    assert np.array_equal(again.habit.map.density, persona.habit.map.density)
    assert np.array_equal(again.habit.pooling.click, persona.habit.pooling.click)
    assert again.provenance == persona.provenance
    assert [p.name for p in path.parent.iterdir()] == ["p.safetensors"]


def test_the_metadata_is_readable_json_with_the_whole_provenance(persona: Persona, tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    persona.save(path)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    described = json.loads(header["__metadata__"]["gazetwin"])
    assert described["schema"] == "gazetwin-persona/1"
    assert described["config"]["seed"] == 9
    assert described["heldout"] == {"twin": {"kl": 0.5}}


@pytest.mark.parametrize(
    "other",
    [{"digest": "b" * 64}, {"positions": "rope_1d"}, {"width": 16}],
    ids=["weights", "positions", "width"],
)
def test_another_backbone_is_refused(persona: Persona, other: dict[str, object]) -> None:
    persona.require(SPEC)
    with pytest.raises(PersonaMismatch, match="P01"):
        persona.require(replace(SPEC, **other))  # type: ignore[arg-type]  # one field of the right type each


def test_a_truncated_file_is_refused_at_every_length(persona: Persona, tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    persona.save(path)
    whole = path.read_bytes()
    for length in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(PersonaMismatch, match="damaged"):
            Persona.load(path)


def test_hostile_files_are_refused(persona: Persona, tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    with pytest.raises(PersonaMismatch, match="no such file"):
        Persona.load(path)
    path.write_bytes(b"\xff" * 4096)
    with pytest.raises(PersonaMismatch, match="damaged"):
        Persona.load(path)
    save_file({"prompt": torch.zeros(2)}, path)
    with pytest.raises(PersonaMismatch, match="no description"):
        Persona.load(path)
    save_file({"prompt": torch.zeros(2)}, path, metadata={"gazetwin": '{"schema": "gazetwin-persona/2"}'})
    with pytest.raises(PersonaMismatch, match="schema"):
        Persona.load(path)
    described = {"gazetwin": persona.provenance.model_dump_json(by_alias=True)}
    save_file({"prompt": torch.zeros(3, 8)}, path, metadata=described)
    with pytest.raises(PersonaMismatch, match="tensors"):
        Persona.load(path)
    save_file({"prompt": torch.full((3, 8), torch.nan)}, path, metadata=described)
    with pytest.raises(PersonaMismatch, match="prompt"):
        Persona.load(path)
    replace(persona, habit=replace(persona.habit, map=PositionMap(np.zeros((3, 5))))).save(path)
    with pytest.raises(PersonaMismatch, match="positive"):
        Persona.load(path)
