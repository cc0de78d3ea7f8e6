"""Attention below the top layer, and its gradient, in chunks of rows.

Nothing is kept of a chunk, unless it is the only one: the backward pass computes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from tuning.backbones.base import Heads
from tuning.probing.gradients import exact

CHUNK_ENTRIES = 1 << 22
"""Entries of a map, over examples and heads, that exist at once."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over one map: Σ_j Q per row (B, H, S), Σ relu(G) (B, H), Σ |Σ_heads G| (B,)."""

    products: Tensor
    gradients: Tensor
    strength: Tensor


@dataclass(frozen=True, eq=False)
class LowerMap:
    """A layer's attention A = softmax(queries keysᵀ) and gradient G = u valuesᵀ; Q = relu(A ⊙ G).

    The rank of G is at most the head width, so its factors say everything.

    Attributes:
        queries: scaled, (B, H, S, head width), like keys and values.
        keys: one per head.
        values: one per head.
        u: ∂y / ∂(head outputs).
        visible: what may be attended to, (1 or B, 1, S, S).
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    u: Tensor
    visible: Tensor

    @classmethod
    def of(cls, heads: Heads, u: Tensor) -> LowerMap:
        """Take the factors from a trace, in at least single precision."""
        return cls(exact(heads.queries), exact(heads.keys), exact(heads.values), exact(u), heads.visible)

    def sums(self) -> Sums:
        """Return what is summed over the whole map."""
        chunks = [self._read(_summed, *self._factors(rows)) for rows in self._rows()]
        products, gradients, strength = zip(*chunks, strict=True)
        return Sums(torch.cat(products, 2), torch.stack(gradients).sum(0), torch.stack(strength).sum(0))

    def carried(self, heads: Tensor, row: Tensor) -> Tensor:
        """Return Σ_i row_i Σ_h heads_h Q[h, i, :], (B, S), for heads (B, H) and row (B, S)."""
        found = row.new_zeros(row.shape)
        for rows in self._rows():
            chunk = self._read(_weighed, heads, row[:, rows], *self._factors(rows))
            found = found + torch.nn.functional.pad(chunk, (0, row.shape[1] - chunk.shape[1]))
        return found

    def _read(self, read: Callable[..., Any], *factors: Tensor) -> Any:
        """Read a chunk; a map that is one chunk is small enough to be kept for the backward pass."""
        if self._chunk() >= self.queries.shape[2]:
            return read(*factors)
        return checkpoint(read, *factors, use_reentrant=False)

    def _chunk(self) -> int:
        batch, heads, length, _ = self.queries.shape
        return max(1, CHUNK_ENTRIES // (batch * heads * length))

    def _rows(self) -> Iterator[slice]:
        length, size = self.queries.shape[2], self._chunk()
        for start in range(0, length, size):
            yield slice(start, min(start + size, length))

    def _factors(self, rows: slice) -> tuple[Tensor, ...]:
        seen = slice(0, rows.stop)  # no row attends to what comes after it
        return (
            self.queries[:, :, rows],
            self.keys[:, :, seen],
            self.values[:, :, seen],
            self.u[:, :, rows],
            self.visible[:, :, rows, seen],
        )


def _maps(queries: Tensor, keys: Tensor, values: Tensor, u: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Return Q and G of some rows, (B, H, rows, positions), zero where nothing may be attended to."""
    scores = (queries @ keys.transpose(2, 3)).masked_fill(~visible, -torch.inf)
    gradient = (u @ values.transpose(2, 3)).masked_fill(~visible, 0.0)
    return (scores.softmax(-1) * gradient).relu(), gradient


def _summed(*factors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    product, gradient = _maps(*factors)
    return product.sum(3), gradient.relu().sum((2, 3)), gradient.sum(1).abs().sum((1, 2))


def _weighed(heads: Tensor, row: Tensor, *factors: Tensor) -> Tensor:
    product, _ = _maps(*factors)
    return torch.einsum("bh,br,bhrs->bs", heads, row, product)
