"""The row probe: a decoder pass in which only the answer position's attention is ever explicit.

Written for the decoder layers of `transformers`' Qwen3 family (RMS norms on queries and keys, rotary
positions, grouped keys and values, gated MLP). The answer position is the last one. By causality nothing
depends on it, so the layers below the probed ones run with fused attention, and in the probed layers a
one-token pass with explicit rows is exact; a second derivative of the answer's logits stays one token wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb, repeat_kv

from tuning.backbones.base import Past, Plan

Rope = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Body:
    """The positions that are computed with gradients: B examples of T positions.

    Attributes:
        hidden: input embeddings, (B, T, d).
        positions: position ids, (3, B, T).
        deepstack: visual features to add after the first layers, each (B, image, d); none if the image
            is past.
        image: where the image stands among the T positions (unused without deepstack).
    """

    hidden: Tensor
    positions: Tensor
    deepstack: Sequence[Tensor]
    image: slice


@dataclass(frozen=True, eq=False)
class Answer:
    """What the answer position sees: final hidden state (B, d), rows and maps as in `Trace`."""

    hidden: Tensor
    rows: tuple[Tensor, ...]
    lower_maps: tuple[Tensor, ...]


def run_prefix(decoder: Any, body: Body, mapped_layers: int) -> Past:
    """Compute keys and values of all positions, and mean maps of the probed layers below the top.

    Args:
        decoder: the text model.
        body: positions of the prefix.
        mapped_layers: probed layers m; maps are kept of the m - 1 layers below the top.
    """
    keys, values, maps = [], [], []
    hidden, rope = body.hidden, decoder.rotary_emb(body.hidden, body.positions)
    mask = _causal(hidden.shape[1], hidden.shape[1], hidden.device)
    top = len(decoder.layers) - 1
    for index, layer in enumerate(decoder.layers):
        q, k, v = _project(layer, hidden, rope)
        keys.append(k)
        values.append(v)
        if index == top:
            break
        explicit = index > top - mapped_layers
        attended, weights = _attend(layer, q, k, v, mask, explicit=explicit)
        if explicit:
            maps.append(weights.mean(1))
        hidden = _with_image(_finish(layer, hidden, attended), body, index)
    return Past(tuple(keys), tuple(values), tuple(maps))


def run_body(decoder: Any, body: Body, past: Past | None, plan: Plan) -> Answer:
    """Run a body after an optional past and return what its last position, the answer position, sees.

    Args:
        decoder: the text model.
        body: B examples of T positions.
        past: states of P earlier positions; batch B, or 1 for all.
        plan: how many layers are probed, whether mean maps of the lower ones are kept, and whether the
            answer's rows must carry a graph even where gradients are off and no prompt is fitted.
    """
    hidden, rope = body.hidden, decoder.rotary_emb(body.hidden, body.positions)
    lower = len(decoder.layers) - plan.last_layers
    mask = _causal(hidden.shape[1], hidden.shape[1] + _length(past), hidden.device)
    for index in range(lower):
        layer = decoder.layers[index]
        q, k, v = _project(layer, hidden, rope)
        attended, _ = _attend(layer, q, *_joined(past, index, k, v), mask, explicit=False)
        hidden = _with_image(_finish(layer, hidden, attended), body, index)
    with torch.set_grad_enabled(torch.is_grad_enabled() or plan.gradients):
        return _probe(decoder, body, past, hidden, rope, mask, plan)


def _probe(
    decoder: Any,
    body: Body,
    past: Past | None,
    hidden: Tensor,
    rope: Rope,
    mask: Tensor,
    plan: Plan,
) -> Answer:
    rest, answer = hidden[:, :-1], hidden[:, -1:]
    rope_rest, rope_answer = _split(rope, slice(None, -1)), _split(rope, slice(-1, None))
    top = len(decoder.layers) - 1
    lower = len(decoder.layers) - plan.last_layers
    rows, maps = [], []
    for index in range(lower, top + 1):
        layer = decoder.layers[index]
        q, k, v = _project(layer, rest, rope_rest)
        q_answer, k_answer, v_answer = _project(layer, answer, rope_answer)
        # Only these joined tensors may know the answer: a slice of them would lead the second derivative
        # through the fused attention of the other positions, which has none.
        k, v = _joined(past, index, k, v)
        k_all, v_all = torch.cat([k, k_answer], 2), torch.cat([v, v_answer], 2)
        row = _weights(layer, q_answer, k_all, None)[:, :, 0]
        rows.append(row.requires_grad_() if plan.gradients and not row.requires_grad else row)
        attended = rows[-1][:, :, None] @ repeat_kv(v_all, layer.self_attn.num_key_value_groups)
        answer = _finish(layer, answer, attended)
        if index == top:
            break
        attended, weights = _attend(layer, q, k, v, mask[:-1, :-1], explicit=plan.lower_rows)
        if plan.lower_rows:
            past_map = past.maps[index - top] if past else None
            maps.append(_whole_map(past_map, weights.mean(1), rows[-1].mean(1)))
        rest = _with_image(_finish(layer, rest, attended), body, index)
    return Answer(decoder.norm(answer)[:, 0], tuple(rows), tuple(maps))


def _whole_map(past: Tensor | None, rest: Tensor, answer: Tensor) -> Tensor:
    """Stack rows of past, rest and answer positions to (B, P + T, P + T)."""
    rows = torch.cat([functional.pad(rest, (0, 1)), answer[:, None]], 1)
    if past is None:
        return rows
    padded = functional.pad(past, (0, rows.shape[1])).expand(len(rows), -1, -1)
    return torch.cat([padded, rows], 1)


def _project(layer: Any, hidden: Tensor, rope: Rope) -> tuple[Tensor, Tensor, Tensor]:
    attention = layer.self_attn
    x = layer.input_layernorm(hidden)
    shape = (*x.shape[:-1], -1, attention.head_dim)
    q = attention.q_norm(attention.q_proj(x).view(shape)).transpose(1, 2)
    k = attention.k_norm(attention.k_proj(x).view(shape)).transpose(1, 2)
    v = attention.v_proj(x).view(shape).transpose(1, 2)
    q, k = apply_rotary_pos_emb(q, k, *rope)
    return q, k, v


def _attend(
    layer: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, *, explicit: bool
) -> tuple[Tensor, Tensor]:
    """Return head outputs (B, H, T, head width) and weights (B, H, T, K), empty unless explicit."""
    v = repeat_kv(v, layer.self_attn.num_key_value_groups)
    if explicit:
        weights = _weights(layer, q, k, mask)
        return weights @ v, weights
    k = repeat_kv(k, layer.self_attn.num_key_value_groups)
    scale = layer.self_attn.scaling
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale), q.new_empty(0)


def _weights(layer: Any, q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    k = repeat_kv(k, layer.self_attn.num_key_value_groups)
    scores = (q @ k.transpose(2, 3)) * layer.self_attn.scaling
    weights: Tensor = (scores if mask is None else scores.masked_fill(~mask, -torch.inf)).softmax(-1)
    return weights


def _finish(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    out = attended.transpose(1, 2).flatten(2)
    hidden = hidden + layer.self_attn.o_proj(out)
    mixed: Tensor = layer.mlp(layer.post_attention_layernorm(hidden))
    return hidden + mixed


def _with_image(hidden: Tensor, body: Body, index: int) -> Tensor:
    """Add DeepStack features after the first layers, as the native model does."""
    if index >= len(body.deepstack):
        return hidden
    before, image, after = (
        hidden[:, : body.image.start],
        hidden[:, body.image] + body.deepstack[index],
        hidden[:, body.image.stop :],
    )
    return torch.cat([before, image, after], 1)


def _joined(past: Past | None, index: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    if past is None:
        return k, v
    batch = (len(k), -1, -1, -1)
    return (
        torch.cat([past.keys[index].expand(batch), k], 2),
        torch.cat([past.values[index].expand(batch), v], 2),
    )


def _causal(queries: int, keys: int, device: torch.device) -> Tensor:
    """Return (queries, keys), True where the query may attend; the queries are the last of the keys."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def _length(past: Past | None) -> int:
    return past.keys[0].shape[2] if past else 0


def _split(rope: Rope, part: slice) -> Rope:
    return rope[0][:, part], rope[1][:, part]
