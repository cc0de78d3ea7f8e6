"""The row probe against an implementation with full attention maps, which tests and benchmarks alone have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from benchmarks._full_maps import full_maps, relevance
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones import attention
from tuning.backbones.base import Placement, Prepared
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.backbones.tiny import assemble, configuration
from tuning.probing import maps
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.base import ProbingOperator, look
from tuning.probing.glimpse import Glimpse
from tuning.probing.rollout import Rollout

# Random weights bring the signed sums of a head near zero, where dividing by them magnifies the single
# precision in which the native model takes norms and softmax. The stabiliser keeps the comparison one of
# formulas; the shipped weights are compared with the published one.
SIGNED = AttnLRP(3, signed=True, epsilon=0.05)
OPERATORS = [
    *(Rollout(1), Rollout(2), Rollout(4)),
    *(AttnLRP(1), AttnLRP(3), SIGNED),
    *(Glimpse(1), Glimpse(2), Glimpse(4)),
]
ARCHITECTURES = {"4 layers, 4 heads": (4, 4, 4), "5 layers, 8 heads in 2 groups": (5, 8, 2)}
WEIGHTS = (-1.0, 2.0)


@pytest.fixture(scope="module", params=ARCHITECTURES.values(), ids=ARCHITECTURES)
def backbone(request: pytest.FixtureRequest) -> Qwen3VLBackbone:
    torch.manual_seed(3)
    config = configuration()
    config._attn_implementation = "eager"
    text: Any = config.text_config
    text.num_hidden_layers, text.num_attention_heads, text.num_key_value_heads = request.param
    model = Qwen3VLForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.visual.pos_embed.weight)
    return assemble(model.double(), "random")


@pytest.fixture(scope="module")
def prepared(backbone: Qwen3VLBackbone) -> list[Prepared]:
    """Return two pages whose questions differ in length, so that a batch of both is padded."""
    screens = [invented_screen(np.random.default_rng(i), f"s{i}", "rows") for i in range(2)]
    pages = [render(s, Viewport.top_of(s), letters=True) for s in screens]
    return [backbone.prepare(pages[0], ("Drama",)), backbone.prepare(pages[1], ("Drama", "Horror", "Comedy"))]


def prompts_like(backbone: Qwen3VLBackbone, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    prompts = torch.randn(count, 6, backbone.spec.width, generator=generator, dtype=torch.float64) * 0.1
    return prompts.requires_grad_()


def weighed(image: Tensor) -> Tensor:
    """Sum relevance over the image with uneven weights, for a gradient that sees every token."""
    return (image * torch.linspace(*WEIGHTS, image.shape[-1], dtype=image.dtype)).sum()


def differences(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], placement: Placement, operator: ProbingOperator
) -> tuple[float, float, float]:
    """Return relative differences of letter logits, relevance and prompt gradients from full maps."""
    prompts = prompts_like(backbone, len(prepared))
    trace = backbone.trace(prepared, prompts, placement, operator.plan(backbone.spec))
    choice = torch.tensor([4, 11])
    rows = operator.relevance(trace, choice)[:, trace.image]
    (gradient,) = torch.autograd.grad(weighed(rows), prompts)
    found = []
    for index, one in enumerate(prepared):
        logits, all_maps, place = full_maps(backbone.model, one, prompts[index], placement)
        image = relevance(operator, all_maps, logits[choice[index]])[place]
        (expected,) = torch.autograd.grad(weighed(image), prompts)
        found.append(
            (
                (trace.letter_logits[index] - logits).abs().max() / logits.abs().max(),
                (rows[index] - image).abs().max() / image.abs().max(),
                (gradient[index] - expected[index]).norm() / expected[index].norm(),
            )
        )
    worst = torch.stack([torch.stack(each) for each in found]).detach().amax(0)
    return float(worst[0]), float(worst[1]), float(worst[2])


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize("operator", OPERATORS, ids=repr)
def test_rows_and_prompt_gradients_equal_full_maps(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], placement: Placement, operator: ProbingOperator
) -> None:
    logits, values, gradients = differences(backbone, prepared, placement, operator)
    assert max(logits, values) < 1e-5
    assert gradients < 1e-4


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize("operator", OPERATORS, ids=repr)
def test_many_prompts_on_one_page_share_its_states_and_lose_nothing(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], placement: Placement, operator: ProbingOperator
) -> None:
    logits, values, gradients = differences(backbone, [prepared[0]] * 2, placement, operator)
    assert max(logits, values) < 1e-5
    assert gradients < 1e-4


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize("operator", [Rollout(4), Glimpse(4)], ids=repr)
def test_maps_in_chunks_are_the_same_maps(
    backbone: Qwen3VLBackbone,
    prepared: list[Prepared],
    placement: Placement,
    operator: ProbingOperator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attention, "MAP_ENTRIES", 1 << 16)
    monkeypatch.setattr(maps, "CHUNK_ENTRIES", 1 << 16)
    _, values, gradients = differences(backbone, prepared, placement, operator)
    assert values < 1e-5
    assert gradients < 1e-4


def test_bare_backbone_equals_the_native_forward_pass(
    backbone: Qwen3VLBackbone, prepared: list[Prepared]
) -> None:
    nothing = torch.empty(0, backbone.spec.width, dtype=torch.float64)
    with torch.no_grad():
        trace = backbone.trace(prepared, None, "front", Rollout(2).plan(backbone.spec))
        after = backbone.trace(prepared, None, "after-image", Rollout(2).plan(backbone.spec))
        for index, one in enumerate(prepared):
            logits, _, _ = full_maps(backbone.model, one, nothing, "front")
            torch.testing.assert_close(
                trace.letter_logits[index], logits, rtol=1e-5, atol=1e-5, check_dtype=False
            )
            torch.testing.assert_close(
                after.letter_logits[index], logits, rtol=1e-5, atol=1e-5, check_dtype=False
            )


@pytest.mark.parametrize("operator", [Rollout(2), AttnLRP(3), SIGNED, Glimpse(3)], ids=repr)
def test_a_padded_batch_gives_what_single_pages_give(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], operator: ProbingOperator
) -> None:
    choice = torch.tensor([2, 7])
    with torch.no_grad():
        both = backbone.trace(prepared, None, "front", operator.plan(backbone.spec))
        rows = operator.relevance(both, choice)[:, both.image]
        for index, one in enumerate(prepared):
            alone = backbone.trace([one], None, "front", operator.plan(backbone.spec))
            row = operator.relevance(alone, choice[index : index + 1])[0, alone.image]
            torch.testing.assert_close(rows[index], row, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("placement", ["front", "after-image"])
@pytest.mark.parametrize("operator", [Rollout(1), AttnLRP(1), Glimpse(2)], ids=repr)
def test_recomputing_layers_changes_no_gradient(
    backbone: Qwen3VLBackbone, prepared: list[Prepared], placement: Placement, operator: ProbingOperator
) -> None:
    found = []
    for recompute in (False, True):
        prompts = prompts_like(backbone, len(prepared))
        seen = look(backbone, operator, prepared, prompts, placement, recompute=recompute)
        loss = weighed(seen.attention) - seen.log_choice[:, 2].sum()
        found.append(torch.autograd.grad(loss, prompts)[0])
    assert torch.equal(*found)
