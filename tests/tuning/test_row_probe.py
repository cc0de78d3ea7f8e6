"""The row probe against an implementation with full attention maps, which exists only here."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones.base import Placement, Prepared
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.backbones.tiny import assemble, configuration
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.base import ProbingOperator
from tuning.probing.rollout import Rollout

# Random weights bring AttnLRP's per-head sums near zero, where dividing by them magnifies the single
# precision in which the native model takes norms and softmax. The stabiliser keeps the comparison one of
# formulas; the shipped weights are compared with the default one.
STABLE = 0.05
PREFERRED = ("Drama", "Horror", "Comedy")


@pytest.fixture(scope="module")
def backbone() -> Qwen3VLBackbone:
    torch.manual_seed(3)
    config = configuration()
    config._attn_implementation = "eager"
    model = Qwen3VLForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.visual.pos_embed.weight)
    return assemble(model.double(), "random")


@pytest.fixture(scope="module")
def prepared(backbone: Qwen3VLBackbone) -> list[Prepared]:
    screens = [invented_screen(np.random.default_rng(i), f"s{i}", "rows") for i in range(2)]
    pages = [render(s, Viewport.top_of(s), letters=True) for s in screens]
    return [backbone.prepare(page, PREFERRED) for page in pages]


def prompts_like(backbone: Qwen3VLBackbone, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    prompts = torch.randn(count, 6, backbone.spec.width, generator=generator, dtype=torch.float64) * 0.1
    return prompts.requires_grad_()


def full_maps(
    backbone: Qwen3VLBackbone, one: Prepared, prompt: Tensor, placement: Placement
) -> tuple[Tensor, tuple[Tensor, ...], int]:
    """Run the native decoder eagerly; return letter logits, every layer's map (H, T, T), image offset."""
    front = placement == "front"
    parts = [prompt, one.prefix, one.question] if front else [one.prefix, prompt, one.question]
    hidden = torch.cat(parts)[None]
    count, after = len(prompt), one.question_positions
    own = torch.arange(count).expand(3, count)
    if front:
        positions = torch.cat([own, one.prefix_positions + count, after + count], 1)
    else:
        positions = torch.cat([one.prefix_positions, own + after[:, :1], after + count], 1)
    start = one.image.start + (count if front else 0)
    mask = torch.zeros(1, hidden.shape[1], dtype=torch.bool)
    mask[:, start : start + one.image.stop - one.image.start] = True
    out = backbone.model.model.language_model(
        inputs_embeds=hidden,
        position_ids=positions[:, None],
        visual_pos_masks=mask,
        deepstack_visual_embeds=list(one.deepstack),
        output_attentions=True,
        use_cache=False,
    )
    logits = backbone.model.lm_head(out.last_hidden_state[0, -1])[one.letters]
    return logits, out.attentions, start


def brute_rollout(maps: tuple[Tensor, ...], m: int) -> Tensor:
    product = torch.eye(maps[0].shape[-1], dtype=torch.float64)
    for attention in maps[-m:]:
        product = (0.5 * attention[0].mean(0) + 0.5 * torch.eye(len(product), dtype=torch.float64)) @ product
    return product[-1]


def brute_attnlrp(maps: tuple[Tensor, ...], m: int, explained: Tensor, epsilon: float) -> Tensor:
    gradients = torch.autograd.grad(explained, maps[-m:], create_graph=True)
    total = torch.eye(maps[0].shape[-1], dtype=torch.float64)
    for depth, (attention, gradient) in enumerate(zip(maps[-m:], gradients, strict=True), start=1):
        product = attention[0] * gradient[0]
        sums = product.sum(-1, keepdim=True)
        expanded = product / (sums + epsilon * torch.where(sums < 0, -1.0, 1.0))
        total = total + depth / (m * (m + 1) / 2) * expanded.mean(0)
    return total[-1].abs()


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize(
    "operator", [Rollout(2), Rollout(4), AttnLRP(1, STABLE), AttnLRP(3, STABLE)], ids=repr
)
def test_rows_and_prompt_gradients_equal_full_maps(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], placement: Placement, operator: ProbingOperator
) -> None:
    prompts = prompts_like(backbone, 2)
    trace = backbone.trace(prepared, prompts, placement, operator.plan(backbone.spec))
    choice = torch.tensor([4, 11])
    rows = operator.relevance(trace, choice)[:, trace.image]
    (gradient,) = torch.autograd.grad((rows * torch.linspace(-1, 2, rows.shape[1])).sum(), prompts)
    for index, one in enumerate(prepared):
        logits, maps, start = full_maps(backbone, one, prompts[index], placement)
        if isinstance(operator, Rollout):
            row = brute_rollout(maps, operator.last_layers)
        else:
            assert isinstance(operator, AttnLRP)
            row = brute_attnlrp(maps, operator.last_layers, logits[choice[index]], operator.epsilon)
        image = row[start : start + rows.shape[1]]
        weighted = (image * torch.linspace(-1, 2, len(image))).sum()
        (expected,) = torch.autograd.grad(weighted, prompts)
        torch.testing.assert_close(trace.letter_logits[index], logits, rtol=1e-5, atol=1e-5)
        assert (rows[index] - image).abs().max() / image.abs().max() < 1e-5
        assert (gradient[index] - expected[index]).norm() / expected[index].norm() < 1e-4


def test_bare_backbone_equals_the_native_forward_pass(
    backbone: Qwen3VLBackbone, prepared: list[Prepared]
) -> None:
    with torch.no_grad():
        trace = backbone.trace(prepared, None, "front", Rollout(2).plan(backbone.spec))
        after = backbone.trace(prepared, None, "after-image", Rollout(2).plan(backbone.spec))
        for index, one in enumerate(prepared):
            logits, _, _ = full_maps(
                backbone, one, torch.empty(0, backbone.spec.width, dtype=torch.float64), "front"
            )
            torch.testing.assert_close(trace.letter_logits[index], logits, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(after.letter_logits[index], logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("operator", [Rollout(2), AttnLRP(3, STABLE)], ids=repr)
def test_a_batch_gives_what_single_pages_give(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], operator: ProbingOperator
) -> None:
    choice = torch.tensor([2, 7])
    with torch.no_grad():
        both = backbone.trace(prepared, None, "front", operator.plan(backbone.spec))
        rows = operator.relevance(both, choice)
        for index, one in enumerate(prepared):
            alone = backbone.trace([one], None, "front", operator.plan(backbone.spec))
            row = operator.relevance(alone, choice[index : index + 1])
            torch.testing.assert_close(rows[index], row[0], rtol=1e-4, atol=1e-7)
