"""What the programs that load a soft prompt then do: they answer as the twin does, or are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoTokenizer

from protocols.errors import ExportError, PersonaMismatch
from protocols.invented import invented_screen
from protocols.stimulus import Page, Viewport
from tests.tuning.small_models import MAKERS, save_qwen
from tuning.backbones.base import Placement
from tuning.backbones.chat import ChatWording
from tuning.backbones.contract import contract_pages
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.config import Precision
from tuning.exporting import peft_prompt
from tuning.exporting.contract import Personas, Subject, Target
from tuning.exporting.contract_suite import check_target
from tuning.exporting.export import export
from tuning.exporting.invented import invented_personas
from tuning.exporting.looks import CsvLooks, ParquetLooks
from tuning.exporting.merged import Merged
from tuning.exporting.peft_prompt import PeftPrompt
from tuning.exporting.peft_tokens import PeftTokens
from tuning.exporting.vllm import Vllm, decoded
from tuning.pagespec import PageSpec
from tuning.prompts import SoftPrompt
from tuning.registry import load_backbone, make_operator

# PEFT asks transformers by a name that transformers is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

EXACT = 5e-5
"""Of logits of the size of one: fused and explicit attention add up in another order."""
HALF = 0.1
"""Of the same logits in bfloat16, which keeps three digits."""
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
) -> Callable[..., VisionLanguageBackbone]:
    """Return a small model by name, made once."""
    made: dict[str, Path] = {}

    def load(name: str, precision: Precision = "fp32") -> VisionLanguageBackbone:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("model") / "small"
            made[name].mkdir()
            torch.manual_seed(11)
            SMALL[name](made[name])
        backbone = load_backbone(str(made[name]), precision=precision)
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


def native_inputs(
    backbone: VisionLanguageBackbone, put: dict[str, Any], page: Page, *, skip_prompt: bool = False
) -> dict[str, Any]:
    """Return what the model's own forward pass takes, from the ids that a file gives and a page."""
    pixels = backbone._pixels(page)
    with torch.no_grad():
        patches = len(backbone._encode(page).tokens)
    ids: list[int] = []
    for part in put["input_ids"]:
        if isinstance(part, dict):
            ids += [part["image_token"]] * patches
        elif not (skip_prompt and isinstance(part, str)):
            ids.append(part)
    tokens = torch.tensor([ids])
    found = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), **pixels}
    if backbone.spec.positions == "mrope_3d":
        found["mm_token_type_ids"] = (tokens == backbone.image_token).int()
        backbone.model.model.rope_deltas = None
    return found


def native_logits(
    model: Any,
    backbone: VisionLanguageBackbone,
    put: dict[str, Any],
    page: Page,
    *,
    skip_prompt: bool = False,
) -> Tensor:
    """Return the letters' logits by the model's own forward pass."""
    inputs = native_inputs(backbone, put, page, skip_prompt=skip_prompt)
    with torch.no_grad():
        logits: Tensor = model(**inputs).logits[0, -1]
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
    small: Callable[..., VisionLanguageBackbone],
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
    small: Callable[..., VisionLanguageBackbone], page: Page, tmp_path: Path
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


@pytest.mark.parametrize(("name", "placement"), [("qwen", "front"), ("internvl", "after-image")])
def test_the_refused_prompt_adapters_would_be_somebody_else(
    name: str,
    placement: Placement,
    small: Callable[..., VisionLanguageBackbone],
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What PEFT makes of a prompt with M-RoPE, or of one after the image, is far from rounding."""
    backbone = small(name)
    personas = louder(invented_personas(1, backbone, placement))
    twin = twin_logits(backbone, personas.subjects[0], page)
    monkeypatch.setattr(peft_prompt, "_refuse_other_function", lambda _: None)
    export(PeftPrompt(), personas, tmp_path / "out")
    adapted = PeftModel.from_pretrained(backbone.model, str(tmp_path / "out"), subfolder="P01")
    put = question(tmp_path / "out" / "P01" / "persona.json")
    found = native_logits(adapted, backbone, put, page, skip_prompt=True)
    assert float((found - twin).abs().max()) > 100 * EXACT


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_merged_model_answers_as_the_twin_does(
    name: str,
    placement: Placement,
    small: Callable[..., VisionLanguageBackbone],
    page: Page,
    tmp_path: Path,
) -> None:
    backbone = small(name)
    before = {key: value.clone() for key, value in backbone.model.state_dict().items()}
    personas = louder(invented_personas(2, backbone, placement))
    twins = [twin_logits(backbone, subject, page) for subject in personas.subjects]
    export(Merged(), personas, tmp_path / "out")
    assert all(torch.equal(value, before[key]) for key, value in backbone.model.state_dict().items())
    assert backbone.model.config.get_text_config().vocab_size == len(before["lm_head.weight"])

    merged: Any = AutoModelForImageTextToText.from_pretrained(tmp_path / "out")
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "out")
    tokens = json.loads((tmp_path / "out" / "tokens.json").read_text(encoding="utf-8"))
    assert set(merged.generation_config.suppress_tokens) >= set(tokens["suppress_tokens"])
    for subject, twin in zip(personas.subjects, twins, strict=True):
        told = json.loads(
            (tmp_path / "out" / "personas" / f"{subject.name}.json").read_text(encoding="utf-8")
        )
        ids = tokenizer(told["words"], add_special_tokens=False)["input_ids"]
        assert ids == tokens["participants"][subject.name]["token_ids"]
        assert native_logits(merged, backbone, told["question"], page) == pytest.approx(twin, abs=EXACT)


def test_generation_never_writes_a_participants_words(
    small: Callable[..., VisionLanguageBackbone], page: Page, tmp_path: Path
) -> None:
    """With tied embeddings the words' rows are also outputs, and loud ones."""
    backbone = small("qwen with spare rows, tied")
    personas = louder(louder(invented_personas(2, backbone)))
    export(Merged(), personas, tmp_path / "out")
    merged: Any = AutoModelForImageTextToText.from_pretrained(tmp_path / "out")
    reserved = set(json.loads((tmp_path / "out" / "tokens.json").read_text())["suppress_tokens"])
    put = question(tmp_path / "out" / "personas" / "P01.json")
    inputs = native_inputs(backbone, put, page)
    loudest = int(merged(**inputs).logits[0, -1].argmax())
    settings = {"max_new_tokens": 3, "do_sample": False, "pad_token_id": 0}
    written = merged.generate(**inputs, **settings)[0, inputs["input_ids"].shape[1] :].tolist()
    unguarded = merged.generate(**inputs, **settings, suppress_tokens=None)[0, -3:].tolist()
    assert loudest in reserved
    assert set(unguarded) & reserved
    assert not set(written) & reserved


@pytest.mark.parametrize("name", ["qwen", "internvl"])
def test_half_precision_leaves_in_half_precision(
    name: str, small: Callable[..., VisionLanguageBackbone], page: Page, tmp_path: Path
) -> None:
    half = small(name, "bf16")
    personas = louder(invented_personas(1, half))
    twin = twin_logits(half, personas.subjects[0], page)
    export(Merged(), personas, tmp_path / "out")
    merged: Any = AutoModelForImageTextToText.from_pretrained(tmp_path / "out")
    assert merged.dtype == torch.bfloat16
    put = question(tmp_path / "out" / "personas" / "P01.json")
    assert native_logits(merged, half, put, page).float() == pytest.approx(twin, abs=HALF)
    if name == "qwen":
        export(Vllm(), personas, tmp_path / "requests")
        line = json.loads((tmp_path / "requests" / "prompts.jsonl").read_text())
        assert decoded(line["prompt_embeds"]).dtype == torch.bfloat16
        assert line["dtype"] == "bfloat16"


def test_the_shipped_model_leaves_as_one_that_others_load(page: Page, tmp_path: Path) -> None:
    personas = louder(invented_personas(1))
    backbone = personas.model()
    assert isinstance(backbone, VisionLanguageBackbone)
    twin = twin_logits(backbone, personas.subjects[0], page)
    export(Merged(), personas, tmp_path / "out")
    merged: Any = AutoModelForImageTextToText.from_pretrained(tmp_path / "out")
    put = question(tmp_path / "out" / "personas" / "P01.json")
    assert native_logits(merged, backbone, put, page) == pytest.approx(twin, abs=EXACT)


def test_requests_carry_the_prompt_and_the_very_question_of_the_fit(
    small: Callable[..., VisionLanguageBackbone], tmp_path: Path
) -> None:
    """A server joins the parts of a turn in order: image, prompt, and what the template makes of the text."""
    backbone = small("qwen")
    personas = louder(invented_personas(2, backbone, "after-image"))
    export(Vllm(), personas, tmp_path / "out")
    for subject in personas.subjects:
        request = json.loads((tmp_path / "out" / subject.name / "request.json").read_text(encoding="utf-8"))
        _, sent, text = request["messages"][0]["content"]
        assert torch.equal(decoded(sent["data"]), subject.persona.prompt.tokens)
        assert isinstance(backbone.wording, ChatWording)
        template = backbone.wording.tokenizer.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, text]}],
            tokenize=False,
            add_generation_prompt=True,
        )
        after = template.partition("<|vision_end|>")[2]
        assert backbone.wording.question(subject.provenance.preferred) == backbone.wording._ids(after)


def test_prompts_that_a_target_would_put_elsewhere_are_refused(
    small: Callable[..., VisionLanguageBackbone], tmp_path: Path
) -> None:
    qwen, intern = small("qwen"), small("internvl")
    for target, personas, other in (
        (PeftPrompt(), invented_personas(1, qwen, "front"), "peft-tokens"),
        (PeftPrompt(), invented_personas(1, intern, "after-image"), "peft-tokens"),
        (Vllm(), invented_personas(1, qwen, "front"), "merged"),
        (Vllm(), invented_personas(1, intern, "after-image"), "merged"),
        (Vllm(), invented_personas(1), "no chat template"),
    ):
        with pytest.raises(ExportError, match=other):
            export(target, personas, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []


def test_another_model_is_refused(small: Callable[..., VisionLanguageBackbone], tmp_path: Path) -> None:
    personas = replace(invented_personas(1, small("qwen")), model=lambda: small("internvl"))
    for target in (PeftTokens(), Merged(), Vllm()):
        with pytest.raises(PersonaMismatch, match="small"):
            export(target, personas, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "model", "placement"),
    [
        (PeftPrompt(), "internvl", "front"),
        (PeftTokens(), "qwen", "after-image"),
        (Merged(), "qwen with spare rows, tied", "front"),
        (Vllm(), "qwen", "after-image"),
        (CsvLooks(), "qwen", "after-image"),
        (ParquetLooks(), "qwen", "after-image"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_targets_keep_the_contract(
    target: Target,
    model: str,
    placement: Placement,
    small: Callable[..., VisionLanguageBackbone],
    tmp_path: Path,
) -> None:
    personas = invented_personas(2, small(model), placement)
    screen = invented_screen(np.random.default_rng(0), "shown", "rows")
    pages = (PageSpec(screen=screen, viewport=Viewport.top_of(screen)),)
    report = check_target(target, replace(personas, pages=pages), tmp_path)
    assert report.verification.by == ("schema" if target.name == "vllm" else "package")


@pytest.mark.parametrize("target", [CsvLooks(), ParquetLooks()], ids=["csv", "parquet"])
def test_tables_hold_what_the_twins_do(target: Target, tmp_path: Path) -> None:
    personas = invented_personas(2)
    screen = invented_screen(np.random.default_rng(1), "=cmd()", "rows")
    pages = tuple(
        PageSpec(screen=screen, viewport=Viewport(y, (0,) * len(screen.rows))) for y in (0.0, 340.0)
    )
    export(target, replace(personas, pages=pages), tmp_path / "out")
    path = tmp_path / "out" / f"looks.{target.name}"
    table = pd.read_csv(path) if target.name == "csv" else pd.read_parquet(path)
    assert set(table["screen"]) == {"'=cmd()" if target.name == "csv" else "=cmd()"}
    for subject in personas.subjects:
        for number, spec in enumerate(pages):
            seen = subject.look(spec)
            own = table[(table["participant"] == subject.name) & (table["page"] == number)]
            assert own["attention"].to_numpy() == pytest.approx(seen.twin.attention, abs=1e-6)
            assert own["click_combined"].to_numpy() == pytest.approx(seen.combined.choice, abs=1e-6)
            assert own["film"].tolist() == [slot.film for slot in seen.page.layout.slots]
    with pytest.raises(ExportError, match="--page"):
        export(target, personas, tmp_path / "none")
