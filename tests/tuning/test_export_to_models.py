"""What the programs that load a soft prompt then do: they answer as the twin does, or are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch import Tensor

from protocols.stimulus import Page
from tests.tuning.small_models import MAKERS, save_qwen
from tuning.backbones.base import Placement
from tuning.backbones.contract import contract_pages
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.exporting.contract import Personas, Subject
from tuning.exporting.export import export
from tuning.exporting.invented import invented_personas
from tuning.exporting.peft_prompt import PeftPrompt
from tuning.exporting.peft_tokens import PeftTokens
from tuning.prompts import SoftPrompt
from tuning.registry import load_backbone, make_operator

# PEFT asks transformers by a name that transformers is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

EXACT = 5e-5
"""Of logits of the size of one: fused and explicit attention add up in another order."""
PLACEMENTS: tuple[Placement, ...] = ("front", "after-image")

SMALL: dict[str, Callable[[Path], None]] = {
    "qwen": save_qwen,
    "qwen with spare rows, tied": lambda folder: save_qwen(folder, 40, tied=True),
    "internvl": MAKERS["internvl over qwen3"],
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory,
    cache: None,  # noqa: ARG001 - the cache must be ours
) -> Callable[[str], VisionLanguageBackbone]:
    """Return a small model by name, made once."""
    made: dict[str, Path] = {}

    def load(name: str) -> VisionLanguageBackbone:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("model") / "small"
            made[name].mkdir()
            torch.manual_seed(11)
            SMALL[name](made[name])
        backbone = load_backbone(str(made[name]))
        assert isinstance(backbone, VisionLanguageBackbone)
        return backbone

    return load


@pytest.fixture(scope="module")
def page() -> Page:
    return contract_pages()[0]


def twin_logits(backbone: VisionLanguageBackbone, subject: Subject, page: Page) -> Tensor:
    """Return the letters' logits as the twin computes them."""
    own = subject.provenance
    prepared = backbone.prepare(page, own.preferred)
    plan = make_operator(own.config.operator).plan(backbone.spec)
    with torch.no_grad():
        prompt = subject.persona.prompt.batch(1)
        return backbone.trace([prepared], prompt, own.config.placement, plan).letter_logits[0]


def native_logits(
    model: Any,
    backbone: VisionLanguageBackbone,
    put: dict[str, Any],
    page: Page,
    *,
    skip_prompt: bool = False,
) -> Tensor:
    """Return the letters' logits by the model's own forward pass on ids that a file gives."""
    pixels = backbone._pixels(page)
    count = len(backbone._encode(page).tokens)
    ids: list[int] = []
    for part in put["input_ids"]:
        ids += (
            [part["image_token"]] * count
            if isinstance(part, dict)
            else []
            if skip_prompt and isinstance(part, str)
            else [part]
        )
    tokens = torch.tensor([ids])
    more = {"attention_mask": torch.ones_like(tokens), **pixels}
    if backbone.spec.positions == "mrope_3d":
        more["mm_token_type_ids"] = (tokens == backbone.image_token).int()
        backbone.model.model.rope_deltas = None
    with torch.no_grad():
        logits = model(input_ids=tokens, **more).logits[0, -1]
    return logits[[put["letters"][letter] for letter in page.layout.letters]]


def louder(personas: Personas) -> Personas:
    """Return personas whose prompts change answers visibly: random models hardly hear quiet ones."""
    found = []
    for subject in personas.subjects:
        tokens = subject.persona.prompt.tokens * 5
        persona = replace(subject.persona, prompt=SoftPrompt(tokens, subject.name))
        found.append(replace(subject, persona=persona))
    return replace(personas, subjects=tuple(found))


def question(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["question"]
    return found


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_reserved_tokens_answer_as_the_twin_does(
    name: str,
    placement: Placement,
    small: Callable[[str], VisionLanguageBackbone],
    page: Page,
    tmp_path: Path,
) -> None:
    backbone = small(name)
    personas = louder(invented_personas(2, backbone, placement))
    twins = [twin_logits(backbone, subject, page) for subject in personas.subjects]
    export(PeftTokens(), personas, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "tokens.json").read_text(encoding="utf-8"))
    if told["resize_token_embeddings"]:
        backbone.model.resize_token_embeddings(told["resize_token_embeddings"], mean_resizing=False)
    adapted = PeftModel.from_pretrained(backbone.model, str(tmp_path / "out"))
    for subject, twin in zip(personas.subjects, twins, strict=True):
        put = question(tmp_path / "out" / f"{subject.name}.json")
        assert native_logits(adapted, backbone, put, page) == pytest.approx(twin, abs=EXACT)
    assert float((twins[0] - twins[1]).abs().max()) > 0.05


def test_a_prompt_adapter_in_front_answers_as_the_twin_does(
    small: Callable[[str], VisionLanguageBackbone], page: Page, tmp_path: Path
) -> None:
    backbone = small("internvl")
    personas = louder(invented_personas(2, backbone, "front"))
    twins = [twin_logits(backbone, subject, page) for subject in personas.subjects]
    export(PeftPrompt(), personas, tmp_path / "out")
    for subject, twin in zip(personas.subjects, twins, strict=True):
        adapted = PeftModel.from_pretrained(backbone.model, str(tmp_path / "out"), subfolder=subject.name)
        put = question(tmp_path / "out" / subject.name / "persona.json")
        assert native_logits(adapted, backbone, put, page, skip_prompt=True) == pytest.approx(twin, abs=EXACT)
    assert float((twins[0] - twins[1]).abs().max()) > 0.05
