"""AttnLRP in row form: attention times gradient of the explained logit, normalised per head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuning.backbones.base import BackboneSpec, Plan, Trace
from tuning.probing.gradients import exact, letter_gradients


@dataclass(frozen=True, slots=True)
class AttnLRP:
    """R = I + Σ_l w_l E_l, E_l the mean over heads of P normalised over the row, P = A ⊙ G.

    Only the answer row of E_l is needed. Depth weights w_l grow linearly and sum to 1. As published, a head's
    row is divided by its signed sum, Σ P; where that is near zero the head is blown up, where it is negative
    it changes sign. By default it is |P| / Σ |P|: every head gives a distribution. A prompt can steer the
    second and hardly the first.

    Attributes:
        last_layers: probed layers m.
        signed: normalise as published.
        epsilon: stabiliser of the sums; the same in fitting and evaluation.
    """

    last_layers: int = 2
    signed: bool = False
    epsilon: float = 1e-6
    name: str = "attnlrp"

    def plan(self, spec: BackboneSpec) -> Plan:
        """Ask for answer rows with gradients."""
        return Plan(last_layers=min(self.last_layers, spec.layers), lower_rows=False, gradients=True)

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        """Return |R[s, :]|, (B, T); differentiable twice when gradients are enabled outside."""
        gradients = letter_gradients(trace, choice, trace.rows)
        pairs = zip(trace.rows, gradients, strict=True)
        layers = torch.stack([self._layer(exact(row) * gradient) for row, gradient in pairs])
        depth = torch.arange(1, len(layers) + 1, device=layers.device)
        row = torch.einsum("l,lbt->bt", (depth / depth.sum()).to(layers), layers)
        identity = torch.zeros_like(row)
        identity[:, -1] = 1.0
        return (row + identity).abs()

    def _layer(self, product: Tensor) -> Tensor:
        """Return the mean over heads of normalised rows, (B, T), for products (B, H, T)."""
        if not self.signed:
            size = product.abs()
            return (size / (size.sum(-1, keepdim=True) + self.epsilon)).mean(1)
        total = product.sum(-1, keepdim=True)
        sign = torch.where(total < 0, -1.0, 1.0).to(total)
        return (product / (total + self.epsilon * sign)).mean(1)


def published() -> AttnLRP:
    """Return the operator with the published normalisation and stabiliser."""
    return AttnLRP(last_layers=3, signed=True, epsilon=1e-4, name="attnlrp-signed")
