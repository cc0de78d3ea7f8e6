"""Attention rollout, read as a row: r ← ½ r + ½ r Ā, from the top layer down (Abnar & Zuidema, 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuning.backbones.base import BackboneSpec, Plan, Trace
from tuning.probing.gradients import exact


@dataclass(frozen=True, slots=True)
class Rollout:
    """Rollout through the last m layers; independent of the explained choice.

    Attributes:
        last_layers: m; never more than the backbone has.
    """

    last_layers: int = 2
    name: str = "rollout"

    def plan(self, spec: BackboneSpec) -> Plan:
        """Ask for all rows below the top layer; no gradients."""
        m = min(self.last_layers, spec.layers)
        return Plan(last_layers=m, lower_rows=m > 1, gradients=False)

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:  # noqa: ARG002 - the contract passes it
        """Return relevance (B, T), rows of a product of row-stochastic maps, so each sums to 1."""
        row = 0.5 * exact(trace.rows[-1]).mean(1)
        row = row + 0.5 * torch.nn.functional.one_hot(
            torch.tensor(row.shape[1] - 1, device=row.device), row.shape[1]
        )
        for lower in reversed(trace.lower_maps):
            row = 0.5 * row + 0.5 * torch.bmm(row[:, None], exact(lower))[:, 0]
        return row
