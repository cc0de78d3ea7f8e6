"""GLIMPSE in row form: clipped attention times gradient, heads and layers weighed, relevance carried down.

The published reading multiplies T x T maps, R = Π (I + α_l E_l), and then uses one row. Here that row alone
is carried from the top layer down, and every map below the top exists only chunk by chunk (`LowerMap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tuning.backbones.base import BackboneSpec, Plan, Trace
from tuning.probing.gradients import exact, letter_gradients
from tuning.probing.maps import LowerMap


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Relevance through the last m layers.

    Per layer, Q = relu(A ⊙ G): head weights softmax(σ / τ) with σ = Σ Q / Σ relu(G); E is the weighted mean
    of Q with rows that sum to 1; α ∝ Σ |Σ_heads G| · softmax(slope · depth). All sums run over pairs of
    positions that may attend to each other: elsewhere a gradient means nothing, and depends on padding.

    Attributes:
        last_layers: probed layers m.
        head_temperature: τ; smaller lets fewer heads decide.
        depth_slope: how much deeper layers are preferred.
        epsilon: stabiliser of the quotients.
    """

    last_layers: int = 2
    head_temperature: float = 0.5
    depth_slope: float = 0.2
    epsilon: float = 1e-8
    name: str = "glimpse"

    def plan(self, spec: BackboneSpec) -> Plan:
        """Ask for answer rows with gradients, and the heads of all positions below the top."""
        m = min(self.last_layers, spec.layers)
        return Plan(last_layers=m, lower_rows=False, gradients=True, lower_heads=m > 1)

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        """Return R[s, :], (B, T); differentiable twice when gradients are enabled outside."""
        layers = self._layers(trace, choice)
        shares = self._shares(layers)
        row = torch.zeros_like(layers[-1].product[:, 0])
        row[:, -1] = 1.0
        for depth in reversed(range(len(layers))):
            row = row + shares[:, depth, None] * self._carried(layers[depth], row)
        return row

    def _layers(self, trace: Trace, choice: Tensor) -> list[_Layer]:
        outputs = [heads.outputs for heads in trace.lower_heads]
        found = letter_gradients(trace, choice, [*trace.rows, *outputs])
        m = len(trace.rows)
        lower = [LowerMap.of(heads, u) for heads, u in zip(trace.lower_heads, found[m:], strict=True)]
        maps: list[LowerMap | None] = [*lower, None]
        pairs = zip(trace.rows, found[:m], maps, strict=True)
        return [_Layer.of(exact(row), gradient, below, trace) for row, gradient, below in pairs]

    def _shares(self, layers: Sequence[_Layer]) -> Tensor:
        """Return α, (B, m)."""
        strength = torch.stack([layer.strength for layer in layers], 1)
        slope = self.depth_slope * torch.arange(1, len(layers) + 1, device=strength.device)
        weighed = strength * torch.softmax(slope.to(strength), 0)
        return weighed / (weighed.sum(1, keepdim=True) + self.epsilon)

    def _carried(self, layer: _Layer, row: Tensor) -> Tensor:
        """Return r E, (B, T)."""
        sigma = layer.products.sum(2) / (layer.gradients + self.epsilon)
        heads = torch.softmax(sigma / self.head_temperature, 1)
        sums = torch.einsum("bh,bht->bt", heads, layer.products) + self.epsilon
        scaled = row / sums
        carried = scaled[:, -1:] * torch.einsum("bh,bht->bt", heads, layer.product)
        if layer.below is None:
            return carried
        below = layer.below.carried(heads, scaled[:, :-1])
        return carried + torch.nn.functional.pad(below, (0, 1))


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer's clipped product and what is summed over its map.

    Attributes:
        product: Q of the answer row, (B, H, T).
        products: Σ_j Q per row, (B, H, T).
        gradients: Σ relu(G) over the map, (B, H).
        strength: Σ |Σ_heads G| over the map, (B,).
        below: the rows before the answer's; None at the top, where they have no gradient.
    """

    product: Tensor
    products: Tensor
    gradients: Tensor
    strength: Tensor
    below: LowerMap | None

    @classmethod
    def of(cls, row: Tensor, gradient: Tensor, below: LowerMap | None, trace: Trace) -> _Layer:
        """Sum up a layer from its answer row and that row's gradient, both (B, H, T)."""
        if trace.present is not None:
            gradient = gradient * trace.present[:, None]
        product = (row * gradient).relu()
        own = product.sum(2, keepdim=True)
        gradients, strength = gradient.relu().sum(2), gradient.sum(1).abs().sum(1)
        if below is None:
            earlier = product.new_zeros(*product.shape[:2], product.shape[2] - 1)
            return cls(product, torch.cat([earlier, own], 2), gradients, strength, None)
        sums = below.sums()
        return cls(
            product=product,
            products=torch.cat([sums.products, own], 2),
            gradients=gradients + sums.gradients,
            strength=strength + sums.strength,
            below=below,
        )
