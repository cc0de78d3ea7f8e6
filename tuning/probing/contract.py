"""What every probing operator owes its callers, as a check that any package can run on its own.

In a test of a package that brings an operator by the entry point group ``gazetwin.operators``::

    from tuning.probing.contract import check_operator
    from tuning.registry import make_operator

    def test_the_contract() -> None:
        check_operator(make_operator("mine"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from protocols.errors import ContractBroken
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones.base import Backbone, Placement, Plan, Prepared, Trace
from tuning.probing.base import ProbingOperator
from tuning.registry import load_backbone

PROFILES = (("Drama",), ("Horror", "Comedy", "Drama"))
PROMPT_LENGTH = 5
TOLERANCE = 1e-3


def check_operator(operator: ProbingOperator, backbone: Backbone | None = None) -> None:
    """Trace real pages as the operator plans, in both placements, and hold it to its contract.

    Args:
        operator: with the settings it is used with.
        backbone: whose traces it reads; `carousel-tiny` by default.

    Raises:
        ContractBroken: says which clause and what was found.
    """
    bench = _Bench.of(operator, backbone or load_backbone("carousel-tiny"))
    _check_plan(bench)
    for placement in ("front", "after-image"):
        _check_relevance(bench, placement)
        _check_purity(bench, placement)
        _check_gradient(bench, placement)
        _check_batch(bench, placement)


@dataclass(frozen=True, eq=False)
class _Bench:
    """An operator, a model, two pages whose questions differ in length, and prompts for them."""

    operator: ProbingOperator
    backbone: Backbone
    prepared: Sequence[Prepared]
    prompts: Tensor
    choice: Tensor

    @classmethod
    def of(cls, operator: ProbingOperator, backbone: Backbone) -> _Bench:
        prepared = []
        for seed, preferred in enumerate(PROFILES):
            screen = invented_screen(np.random.default_rng(seed), f"contract-{seed}", "rows")
            page = render(screen, Viewport.top_of(screen), letters=True)
            prepared.append(backbone.prepare(page, preferred))
        generator = torch.Generator().manual_seed(0)
        shape = (len(PROFILES), PROMPT_LENGTH, backbone.spec.width)
        prompts = torch.randn(shape, generator=generator) * backbone.spec.embedding_rms
        return cls(operator, backbone, prepared, prompts, torch.tensor([3, 8]))

    def trace(self, placement: Placement, prompts: Tensor | None, pages: slice = slice(None)) -> Trace:
        plan = self.operator.plan(self.backbone.spec)
        return self.backbone.trace(self.prepared[pages], prompts, placement, plan)

    def relevance(self, trace: Trace, pages: slice = slice(None)) -> Tensor:
        return self.operator.relevance(trace, self.choice[pages])


def _check_plan(bench: _Bench) -> None:
    spec = bench.backbone.spec
    for layers in (1, spec.layers):
        model = replace(spec, layers=layers)
        plan = bench.operator.plan(model)
        _demand(isinstance(plan, Plan), "plan() returns a Plan", repr(plan))
        probed = plan.last_layers
        _demand(1 <= probed <= layers, "no more layers are probed than there are", f"{probed} of {layers}")
        _demand(bench.operator.plan(model) == plan, "the same model gets the same plan", "two differ")


def _check_relevance(bench: _Bench, placement: Placement) -> None:
    """Without a prompt and without gradients outside: this is how a bare model is judged."""
    with torch.no_grad():
        trace = bench.trace(placement, None)
        found = bench.relevance(trace)
    expected = (len(PROFILES), trace.rows[-1].shape[-1])
    _demand(tuple(found.shape) == expected, f"relevance has the shape {expected}", str(tuple(found.shape)))
    _demand(bool(found.isfinite().all()), "relevance is finite", f"{placement}: infinite or not a number")
    _demand(float(found.detach().min()) >= 0, "relevance is not negative", f"{placement}: {found.min():.3g}")
    amounts = found[:, trace.image].sum(1)
    _demand(bool((amounts > 0).all()), "some relevance is on the image", f"{placement}: {amounts.tolist()}")
    _demand(not found.requires_grad, "no graph is kept where gradients are off", f"{placement}: one is")


def _check_purity(bench: _Bench, placement: Placement) -> None:
    trace = bench.trace(placement, bench.prompts.clone().requires_grad_())
    before = [tensor.detach().clone() for tensor in _tensors(trace)]
    random = torch.get_rng_state()
    first, second = bench.relevance(trace), bench.relevance(trace)
    _demand(torch.equal(first, second), "the same trace gives the same relevance", f"{placement}: two differ")
    same = all(torch.equal(old, new) for old, new in zip(before, _tensors(trace), strict=True))
    _demand(same, "the trace is left as it was", f"{placement}: it was changed")
    untouched = torch.equal(random, torch.get_rng_state())
    _demand(untouched, "no random number is drawn", f"{placement}: the global generator moved")


def _check_gradient(bench: _Bench, placement: Placement) -> None:
    prompts = bench.prompts.clone().requires_grad_()
    trace = bench.trace(placement, prompts)
    image = bench.relevance(trace)[:, trace.image]
    uneven = (image * torch.linspace(0, 1, image.shape[1]).to(image)).sum() / image.sum()
    _demand(uneven.requires_grad, "relevance depends on the prompt", f"{placement}: it has no gradient")
    (gradient,) = torch.autograd.grad(uneven, prompts)
    _demand(bool(gradient.isfinite().all()), "the prompt's gradient is finite", f"{placement}: it is not")
    reached = bool((gradient.flatten(1).norm(dim=1) > 0).all())
    _demand(reached, "the gradient reaches every example's prompt", f"{placement}: it is 0")


def _check_batch(bench: _Bench, placement: Placement) -> None:
    """The batch is padded, the single pages are not."""
    with torch.no_grad():
        together = bench.trace(placement, bench.prompts)
        found = bench.relevance(together)
        if together.present is not None:
            lost = float(found.masked_select(~together.present).sum())
            _demand(lost == 0, "padding has no relevance", f"{placement}: {lost:.3g}")
        for index in range(len(PROFILES)):
            own = slice(index, index + 1)
            alone = bench.trace(placement, bench.prompts[own], own)
            row, single = found[index, together.image], bench.relevance(alone, own)[0, alone.image]
            worst = float((row - single).abs().max() / single.abs().max())
            _demand(
                worst < TOLERANCE, "a page has the relevance it has alone", f"{placement}: {worst:.2g} apart"
            )


def _tensors(value: Any) -> list[Tensor]:
    """Return all tensors in a trace."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple):
        return [tensor for part in value for tensor in _tensors(part)]
    if is_dataclass(value):
        return [tensor for field in fields(value) for tensor in _tensors(getattr(value, field.name))]
    return []


def _demand(holds: bool, clause: str, found: str) -> None:
    if not holds:
        raise ContractBroken(
            f"The operator breaks its contract ({clause}): {found}.",
            "Fits and comparisons rely on every clause and would be wrong without a sign of it.",
            "Correct the operator; `tuning.probing.base.ProbingOperator` is the contract.",
        )
