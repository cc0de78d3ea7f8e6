"""The shipped weights: do they answer, do they look, and is the row probe exact on them?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks._full_maps import full_maps, relevance
from protocols.errors import BackboneMissing
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from tuning.backbones.base import Placement
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.backbones.tiny import load
from tuning.pretraining.judge import Verdict, judge
from tuning.pretraining.pages import draw_pages
from tuning.probing.attnlrp import AttnLRP, published
from tuning.probing.base import ProbingOperator, look
from tuning.probing.glimpse import Glimpse
from tuning.probing.rollout import Rollout

UNSEEN_POOL = 901
PREFERRED = ("Horror", "Comedy", "Drama")


@pytest.fixture(scope="module")
def backbone() -> Qwen3VLBackbone:
    return load()


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    screens = [
        invented_screen(np.random.default_rng(i), f"s{i}", "rows", pool_seed=UNSEEN_POOL) for i in range(8)
    ]
    return [render(screen, Viewport.top_of(screen), letters=True) for screen in screens]


@pytest.fixture(scope="module")
def verdicts(backbone: Qwen3VLBackbone) -> dict[str, Verdict]:
    return judge(backbone.model, draw_pages(7, 24, (UNSEEN_POOL,)))


def test_answers_are_close_to_a_perfect_models_on_films_never_seen(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["anyone"].top1 >= 0.7 * verdicts["anyone"].bayes_top1
    assert verdicts["manner"].top1 >= 0.7 * verdicts["manner"].bayes_top1


def test_relevance_lies_on_posters_well_beyond_their_area(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["anyone"].poster_mass > verdicts["anyone"].poster_area + 0.25
    assert verdicts["anyone"].gaze_kl_nats < 0.5 * verdicts["anyone"].uniform_kl_nats


def test_preferred_genres_are_looked_at_more(backbone: Qwen3VLBackbone, pages: list[Page]) -> None:
    prepared = [backbone.prepare(page, PREFERRED) for page in pages]
    with torch.no_grad():
        attention = look(backbone, Rollout(), prepared, None, "front").attention
    liked = torch.tensor([[film.genres[0] in PREFERRED for film in page.films] for page in pages])
    assert attention[liked].mean() > 1.3 * attention[~liked].mean()


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize(
    "operator", [Rollout(), AttnLRP(), published(), Glimpse()], ids=lambda operator: operator.name
)
def test_row_probe_equals_full_maps_in_single_precision(
    pages: list[Page], placement: Placement, operator: ProbingOperator
) -> None:
    backbone = load()
    backbone.model.set_attn_implementation("eager")
    one = backbone.prepare(pages[0], PREFERRED)
    generator = torch.Generator().manual_seed(1)
    prompt = torch.randn(1, 5, backbone.spec.width, generator=generator) * backbone.spec.embedding_rms
    prompt.requires_grad_()
    trace = backbone.trace([one], prompt, placement, operator.plan(backbone.spec))
    row = operator.relevance(trace, torch.tensor([3]))[0, trace.image]
    logits, maps, image = full_maps(backbone.model, one, prompt[0], placement)
    expected = relevance(operator, maps, logits[3])[image]
    weights = torch.linspace(-1, 2, len(row))
    (gradient,) = torch.autograd.grad((row * weights).sum(), prompt)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), prompt)
    assert (row - expected).abs().max() / expected.abs().max() < 1e-5
    assert (gradient - wanted).norm() / wanted.norm() < 1e-4


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BackboneMissing, match=r"nowhere\.safetensors"):
        load(tmp_path / "nowhere.safetensors")
