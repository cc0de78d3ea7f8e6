"""One test for each defect that the published code has in its relevance operators, by the audit's numbers.

The others are in `test_published_defects`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from protocols.errors import EmptyDistribution, NoGradient
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones.base import Backbone, Placement, Plan, Prepared, Trace
from tuning.probing.attnlrp import AttnLRP, published
from tuning.probing.base import ProbingOperator, look
from tuning.probing.glimpse import Glimpse
from tuning.probing.rollout import Rollout
from tuning.registry import load_backbone

GRADIENT_OPERATORS = [AttnLRP(), Glimpse()]
PREFERRED = ("Drama", "Horror", "Comedy")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("carousel-tiny")


@pytest.fixture(scope="module")
def page(backbone: Backbone) -> Prepared:
    screen = invented_screen(np.random.default_rng(3), "s", "rows")
    return backbone.prepare(render(screen, Viewport.top_of(screen), letters=True), PREFERRED)


def prompts(backbone: Backbone) -> Tensor:
    noise = torch.randn(1, 5, backbone.spec.width, generator=torch.Generator().manual_seed(2))
    return noise * backbone.spec.embedding_rms


def named(operator: ProbingOperator) -> str:
    return operator.name


def test_defect_05_deepstack_features_are_dropped_while_fitting(backbone: Backbone, page: Prepared) -> None:
    flat = replace(page, deepstack=tuple(torch.zeros_like(layer) for layer in page.deepstack))
    plan = Rollout().plan(backbone.spec)
    with torch.no_grad():
        seen = backbone.trace([page], prompts(backbone), "front", plan).letter_logits
        blind = backbone.trace([flat], prompts(backbone), "front", plan).letter_logits
    assert (seen - blind).abs().max() > 0.1


def test_defect_05_a_prompt_takes_rows_and_columns_from_the_image(backbone: Backbone, page: Prepared) -> None:
    lined = page.prefix_positions.clone()
    lined[1:] = lined[0]
    plan = Rollout().plan(backbone.spec)
    with torch.no_grad():
        placed = backbone.trace([page], prompts(backbone), "front", plan).letter_logits
        lost = backbone.trace([replace(page, prefix_positions=lined)], prompts(backbone), "front", plan)
    assert (placed - lost.letter_logits).abs().max() > 0.1


@pytest.mark.parametrize("operator", GRADIENT_OPERATORS, ids=named)
def test_defect_09_relevance_depends_on_the_scale_of_the_gradient(
    backbone: Backbone, page: Prepared, operator: ProbingOperator
) -> None:
    trace = backbone.trace([page], prompts(backbone), "front", operator.plan(backbone.spec))
    smaller = replace(trace, letter_logits=trace.letter_logits * 0.1)
    choice = torch.tensor([4])
    full, tenth = (operator.relevance(t, choice)[0, trace.image] for t in (trace, smaller))
    assert (full - tenth).abs().max() < 1e-3 * full.abs().max()


@pytest.mark.parametrize("operator", [*GRADIENT_OPERATORS, published()], ids=named)
@pytest.mark.parametrize("placement", ["front", "after-image"])
def test_defect_09_fitting_and_judging_read_different_relevance(
    backbone: Backbone, page: Prepared, operator: ProbingOperator, placement: Placement
) -> None:
    plan, choice = operator.plan(backbone.spec), torch.tensor([4])
    fitted = prompts(backbone).requires_grad_()
    while_fitting = operator.relevance(backbone.trace([page], fitted, placement, plan), choice)
    with torch.no_grad():
        while_judging = operator.relevance(backbone.trace([page], fitted, placement, plan), choice)
    assert (while_fitting - while_judging).abs().max() < 1e-4 * while_judging.abs().max()


@pytest.mark.parametrize("operator", GRADIENT_OPERATORS, ids=named)
def test_defect_09_relevance_is_summed_in_half_precision(operator: ProbingOperator) -> None:
    relevance = operator.relevance(hand_made(torch.bfloat16), torch.tensor([0]))
    assert relevance.dtype == torch.float32


@pytest.mark.parametrize("operator", GRADIENT_OPERATORS, ids=named)
def test_defect_10_a_missing_gradient_becomes_a_uniform_map(
    backbone: Backbone, page: Prepared, operator: ProbingOperator
) -> None:
    with torch.no_grad():
        trace = backbone.trace([page], None, "front", Plan(2, lower_rows=True, gradients=False))
    with pytest.raises(NoGradient, match="no gradient"):
        operator.relevance(trace, torch.tensor([4]))


def test_defect_10_an_image_without_relevance_becomes_a_uniform_map(
    backbone: Backbone, page: Prepared
) -> None:
    class Blind(Rollout):
        def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
            return super().relevance(trace, choice) * 0

    with torch.no_grad(), pytest.raises(EmptyDistribution, match="no relevance"):
        look(backbone, Blind(), [page], None, "front")


@pytest.mark.parametrize("operator", [Rollout(), *GRADIENT_OPERATORS], ids=named)
def test_defect_11_relevance_is_read_where_the_letter_stands_instead_of_where_it_is_predicted(
    backbone: Backbone, page: Prepared, operator: ProbingOperator
) -> None:
    trace = backbone.trace([page], prompts(backbone), "front", operator.plan(backbone.spec))
    relevance = operator.relevance(trace, torch.tensor([4]))
    assert relevance.shape[1] == 5 + len(page.prefix) + len(page.question)
    assert relevance[0, trace.image].sum() > 0


def test_remark_4_1_a_sum_near_zero_blows_a_head_up() -> None:
    trace, choice = hand_made(torch.float32), torch.tensor([0])
    assert published().relevance(trace, choice)[:, :-1].sum() > 10
    assert AttnLRP().relevance(trace, choice)[:, :-1].sum() <= 1


def hand_made(dtype: torch.dtype) -> Trace:
    """Return a trace of one layer and two heads; the products of the first nearly cancel."""
    row = torch.tensor([[[0.5, 0.499, 0.001], [0.2, 0.2, 0.6]]], dtype=dtype).requires_grad_()
    slope = torch.tensor([[[1.0, -1.0, 0.0], [0.5, 0.5, 0.5]]], dtype=dtype)
    logits = (row * slope).sum((1, 2))[:, None].expand(-1, 2)
    return Trace(logits, (row,), (), slice(0, 2), torch.ones(1, 2, 2))
