"""AttnLRP in row form: attention times gradient of the explained logit, normalised per head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from protocols.errors import NoGradient
from tuning.backbones.base import BackboneSpec, Plan, Trace


@dataclass(frozen=True, slots=True)
class AttnLRP:
    """The method's operator: R = I + Σ_l w_l E_l with E_l = mean over heads of (A ⊙ G) / Σ_j (A ⊙ G).

    Only the answer row of E_l is needed. Depth weights w_l grow linearly and sum to 1.

    Attributes:
        last_layers: probed layers m.
        epsilon: stabiliser of the per-head sums; the same in fitting and evaluation.
    """

    last_layers: int = 3
    epsilon: float = 1e-4
    name: str = "attnlrp"

    def plan(self, spec: BackboneSpec) -> Plan:
        """Ask for answer rows with gradients."""
        return Plan(last_layers=min(self.last_layers, spec.layers), lower_rows=False, gradients=True)

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        """Return |R[s, :]|, (B, T); differentiable twice when gradients are enabled outside."""
        if not all(row.requires_grad for row in trace.rows):
            raise NoGradient(
                "The traced attention rows carry no gradient.",
                "AttnLRP weighs attention by the gradient of the explained letter's logit.",
                "Trace with the plan this operator asks for.",
            )
        twice = torch.is_grad_enabled()
        with torch.enable_grad():
            explained = trace.letter_logits.gather(1, choice[:, None]).sum()
            gradients = torch.autograd.grad(explained, trace.rows, create_graph=twice, retain_graph=True)
        depth = torch.arange(1, len(trace.rows) + 1, dtype=torch.float32)
        pairs = zip(trace.rows, gradients, strict=True)
        layers = torch.stack([self._layer(attention, gradient) for attention, gradient in pairs])
        row = torch.einsum("l,lbt->bt", (depth / depth.sum()).to(layers), layers)
        identity = torch.zeros_like(row)
        identity[:, -1] = 1.0
        return (row + identity).abs()

    def _layer(self, attention: Tensor, gradient: Tensor) -> Tensor:
        exact = torch.promote_types(attention.dtype, torch.float32)
        product = attention.to(exact) * gradient.to(exact)
        total = product.sum(-1, keepdim=True)
        sign = torch.where(total < 0, -1.0, 1.0)
        return (product / (total + self.epsilon * sign)).mean(1)
