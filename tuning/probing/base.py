"""Probing operators: from one traced forward pass to attention over slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from protocols.errors import EmptyDistribution
from tuning.backbones.base import Backbone, BackboneSpec, Placement, Plan, Prepared, Trace


class ProbingOperator(Protocol):
    """Reads relevance of all positions for the answer position off a trace; pure, never touches the model."""

    @property
    def name(self) -> str:
        """Short name, as on the command line."""
        ...

    def plan(self, spec: BackboneSpec) -> Plan:
        """Say what the forward pass must keep."""
        ...

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        """Return relevance (B, T) >= 0 of every position.

        Args:
            trace: of a forward pass that followed ``plan``.
            choice: the explained slot per example, (B,).

        Raises:
            NoGradient: when the operator needs gradients and the trace has none.
        """
        ...


@dataclass(frozen=True, eq=False)
class Look:
    """What a model looked at and would click, for B pages.

    Attributes:
        attention: (B, slots), each row sums to 1; 0 beyond an example's slots.
        log_choice: log probabilities (B, slots) over the letters, -inf beyond an example's slots.
        poster_mass: share of image relevance on slots, (B,).
    """

    attention: Tensor
    log_choice: Tensor
    poster_mass: Tensor


def look(
    backbone: Backbone,
    operator: ProbingOperator,
    prepared: Sequence[Prepared],
    prompts: Tensor | None,
    placement: Placement,
    choice: Tensor | None = None,
    *,
    recompute: bool = False,
) -> Look:
    """Trace, probe and pool B examples of equal length.

    Args:
        backbone: the frozen model.
        operator: how relevance is read.
        prepared: B examples.
        prompts: (B, N, d) or None.
        placement: where the prompts stand.
        choice: explained slot per example (B,); None explains the model's own answer, which is what
            evaluation must do: the true click would leak the label into the attention it is scored on.

    Raises:
        EmptyDistribution: a page has no relevance on any slot.
        recompute: save memory on the way back, see `Plan`.

    Returns:
        In fp32 on the CPU, wherever and in whatever precision the model lives.
    """
    plan = replace(operator.plan(backbone.spec), recompute=recompute)
    trace = backbone.trace(prepared, prompts, placement, plan)
    logits = trace.letter_logits
    explained = logits.argmax(-1) if choice is None else choice.to(logits.device)
    relevance = operator.relevance(trace, explained)[:, trace.image]
    amounts = torch.einsum("bnp,bp->bn", trace.slot_weights.to(relevance), relevance)
    total = amounts.sum(-1, keepdim=True)
    if not bool((total > 0).all()):
        raise EmptyDistribution(
            f"{operator.name} puts no relevance on the posters of {int((total <= 0).sum())} of {len(total)}"
            " pages.",
            "Where the model looked is unknown there, and a made-up uniform map would hide it.",
            "Use another operator, or probe more layers.",
        )
    return Look(
        attention=(amounts / total).cpu(),
        log_choice=torch.log_softmax(logits, dim=-1).cpu(),
        poster_mass=(total[:, 0] / relevance.sum(-1)).cpu(),
    )
