"""Attention of some positions to others: fused where only its result matters, explicit where it is read.

Keys and values of a past that a whole batch shares are never copied for each example: with many prompts on
one page that copying would be most of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers.models.qwen3_vl.modeling_qwen3_vl import repeat_kv

MAP_ENTRIES = 1 << 24
"""Entries of a map, over examples and heads, that are held at once; longer ones are computed in chunks."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What positions may attend to: their own keys and values, after those of an optional past.

    Attributes:
        k: keys (B, key heads, T, head width).
        v: values, likewise.
        past_k: earlier keys, (B or 1, key heads, P, head width).
        past_v: earlier values, likewise.
    """

    k: Tensor
    v: Tensor
    past_k: Tensor | None = None
    past_v: Tensor | None = None

    @property
    def shared(self) -> bool:
        """Whether several examples have one past."""
        return self.past_k is not None and len(self.past_k) == 1 < len(self.k)

    def and_later(self, k: Tensor, v: Tensor) -> Seen:
        """Return the same with further keys and values at the end."""
        return Seen(torch.cat([self.k, k], 2), torch.cat([self.v, v], 2), self.past_k, self.past_v)

    def joined(self) -> tuple[Tensor, Tensor]:
        """Return all keys and all values, (B, key heads, P + T, head width)."""
        if self.past_k is None or self.past_v is None:
            return self.k, self.v
        batch = (len(self.k), -1, -1, -1)
        return (
            torch.cat([self.past_k.expand(batch), self.k], 2),
            torch.cat([self.past_v.expand(batch), self.v], 2),
        )

    def scores(self, layer: Any, q: Tensor) -> Tensor:
        """Return scaled products of queries (B, H, Q, head width) with all keys, (B, H, Q, P + T)."""
        groups, scaling = layer.self_attn.num_key_value_groups, layer.self_attn.scaling
        if not self.shared or self.past_k is None:
            found: Tensor = (q @ repeat_kv(self.joined()[0], groups).transpose(2, 3)) * scaling
            return found
        own = q @ repeat_kv(self.k, groups).transpose(2, 3)
        earlier = _each_with_one(q, repeat_kv(self.past_k, groups)[0].transpose(1, 2))
        together: Tensor = torch.cat([earlier, own], -1) * scaling
        return together

    def mixed(self, layer: Any, weights: Tensor) -> Tensor:
        """Return values mixed by weights (B, H, Q, P + T), (B, H, Q, head width)."""
        groups = layer.self_attn.num_key_value_groups
        if not self.shared or self.past_v is None:
            return weights @ repeat_kv(self.joined()[1], groups)
        split = self.past_v.shape[2]
        earlier = _each_with_one(weights[..., :split], repeat_kv(self.past_v, groups)[0])
        return earlier + weights[..., split:] @ repeat_kv(self.v, groups)


def fused(layer: Any, q: Tensor, seen: Seen, mask: Tensor | None) -> Tensor:
    """Return head outputs (B, H, T, head width); without a mask attention is causal."""
    if seen.shared and mask is not None:
        return explicit(layer, q, seen, mask)
    groups, (k, v) = layer.self_attn.num_key_value_groups, seen.joined()
    return functional.scaled_dot_product_attention(
        q,
        repeat_kv(k, groups),
        repeat_kv(v, groups),
        attn_mask=mask,
        is_causal=mask is None,
        scale=layer.self_attn.scaling,
    )


def explicit(layer: Any, q: Tensor, seen: Seen, mask: Tensor) -> Tensor:
    """Return head outputs (B, H, T, head width) in a form that can be differentiated twice."""
    return seen.mixed(layer, weights(layer, q, seen, mask))


def weights(layer: Any, q: Tensor, seen: Seen, mask: Tensor) -> Tensor:
    """Return attention (B, H, Q, P + T) of queries."""
    found: Tensor = seen.scores(layer, q).masked_fill(~mask, -torch.inf).softmax(-1)
    return found


def mean_map(layer: Any, q: Tensor, seen: Seen, mask: Tensor) -> Tensor:
    """Return attention averaged over heads, (B, T, K); a long one in chunks that are computed again later."""

    def mean(rows: Tensor, visible: Tensor) -> Tensor:
        return weights(layer, rows, seen, visible).mean(1)

    size = max(1, MAP_ENTRIES // (q.shape[0] * q.shape[1] * mask.shape[-1]))
    if size >= q.shape[2]:
        return mean(q, mask)
    chunks = zip(torch.split(q, size, 2), torch.split(mask, size, -2), strict=True)
    return torch.cat([checkpoint(mean, rows, visible, use_reentrant=False) for rows, visible in chunks], 1)


def _each_with_one(x: Tensor, one: Tensor) -> Tensor:
    """Multiply x (B, H, Q, n) of every example with the same matrix (H, n, m), (B, H, Q, m)."""
    batch, heads, rows, n = x.shape
    flat = x.transpose(0, 1).reshape(heads, batch * rows, n)
    return (flat @ one).view(heads, batch, rows, -1).transpose(0, 1)
