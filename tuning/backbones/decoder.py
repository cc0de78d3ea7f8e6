"""The row probe: a decoder pass in which only the answer position's attention is ever explicit.

Written for the decoder layers of `transformers`' Qwen2 and Qwen3 families: rotary positions, grouped keys
and values, gated MLP; in Qwen3 also RMS norms on queries and keys. The answer position is the last one. By
causality nothing depends on it, so the layers below the probed ones run with fused attention, and in the
probed layers a one-token pass with explicit rows is exact; a second derivative of the answer's logits stays
one token wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb, repeat_kv

from tuning.backbones.attention import Seen, explicit, fused, mean_map, weights
from tuning.backbones.base import Body, Heads, Past, Plan
from tuning.backbones.frozen import gated_mlp, linear

Rope = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the answer position sees: final hidden state (B, d); the rest as in `Trace`."""

    hidden: Tensor
    rows: tuple[Tensor, ...]
    lower_maps: tuple[Tensor, ...]
    lower_heads: tuple[Heads, ...]
    present: Tensor | None


def run_prefix(decoder: Any, body: Body, plan: Plan) -> Past:
    """Compute keys and values of all positions, and what the plan needs of the layers below the top.

    Args:
        decoder: the text model.
        body: positions of the prefix.
        plan: of the operator that will read the trace.
    """
    keys, values, maps, entering = [], [], [], None
    hidden, rope = body.hidden, decoder.rotary_emb(body.hidden, body.positions)
    mask = _visible(hidden.shape[1], 0, None, hidden.device)
    top = len(decoder.layers) - 1
    for index, layer in enumerate(decoder.layers):
        if index == top + 1 - plan.last_layers and plan.lower_heads:
            entering = replace(body, hidden=hidden)
        q, k, v = _project(layer, hidden, rope)
        keys.append(k)
        values.append(v)
        if index == top:
            break
        if index > top - plan.last_layers and plan.lower_rows:
            maps.append(mean_map(layer, q, Seen(k, v), mask))
        attended = fused(layer, q, Seen(k, v), None)
        hidden = _with_image(_finish(layer, hidden, attended), body, index)
    return Past(tuple(keys), tuple(values), tuple(maps), entering)


def joined_past(pasts: Sequence[Past]) -> Past:
    """Put equally long pasts of single examples into one batch."""

    def joined(columns: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        return tuple(torch.cat(layer) for layer in zip(*columns, strict=True))

    bodies = [p.entering for p in pasts if p.entering is not None]
    return Past(
        keys=joined([p.keys for p in pasts]),
        values=joined([p.values for p in pasts]),
        maps=joined([p.maps for p in pasts]),
        entering=None
        if not bodies
        else Body(
            hidden=torch.cat([b.hidden for b in bodies]),
            positions=torch.cat([b.positions for b in bodies], 1),
            deepstack=joined([tuple(b.deepstack) for b in bodies]),
            image=bodies[0].image,
        ),
    )


def run_body(decoder: Any, body: Body, past: Past | None, plan: Plan) -> Answer:
    """Run a body after an optional past and return what its last position, the answer position, sees.

    Args:
        decoder: the text model.
        body: B examples of T positions.
        past: states of P earlier positions; batch B, or 1 for all.
        plan: how many layers are probed, what is kept of the lower ones, and whether the answer's rows must
            carry a graph even where gradients are off and no prompt is fitted.
    """
    hidden, rope = body.hidden, decoder.rotary_emb(body.hidden, body.positions)
    lower = len(decoder.layers) - plan.last_layers
    mask = None if past is None and body.present is None else _mask(body, past)
    keep = not (plan.recompute and torch.is_grad_enabled())
    for index in range(lower):
        below = partial(_below, decoder.layers[index], index, body, past, rope, mask)
        # A second derivative never comes down here, so recomputing is exact.
        hidden = below(hidden) if keep else checkpoint(below, hidden, use_reentrant=False)
    entering = replace(body, hidden=hidden)
    if past is not None and past.entering is not None:
        entering, past = _after(past.entering, entering), None
    with torch.set_grad_enabled(torch.is_grad_enabled() or plan.gradients):
        return _probe(decoder, entering, past, plan)


def _below(
    layer: Any, index: int, body: Body, past: Past | None, rope: Rope, mask: Tensor | None, hidden: Tensor
) -> Tensor:
    """Return the states (B, T, d) after one layer below the probed ones."""
    q, k, v = _project(layer, hidden, rope)
    attended = fused(layer, q, _seen(past, index, k, v), mask)
    return _with_image(_finish(layer, hidden, attended), body, index)


def _probe(decoder: Any, body: Body, past: Past | None, plan: Plan) -> Answer:
    """Run the probed layers on the states that enter them."""
    hidden, rope = body.hidden, decoder.rotary_emb(body.hidden, body.positions)
    rest, answer = hidden[:, :-1], hidden[:, -1:]
    rope_rest, rope_answer = _split(rope, slice(None, -1)), _split(rope, slice(-1, None))
    mask = _mask(body, past)
    mask_rest, mask_answer = mask[..., :-1, :-1], mask[..., -1:, :]
    top = len(decoder.layers) - 1
    lower = len(decoder.layers) - plan.last_layers
    rows, maps, heads = [], [], []
    for index in range(lower, top + 1):
        layer = decoder.layers[index]
        q, k, v = _project(layer, rest, rope_rest, queries=index < top)
        q_answer, k_answer, v_answer = _project(layer, answer, rope_answer)
        # Only these joined tensors may know the answer: a slice of them would lead the second derivative
        # through the fused attention of the other positions, which has none.
        seen = _seen(past, index, k, v)
        seen_all = seen.and_later(k_answer, v_answer)
        row = weights(layer, q_answer, seen_all, mask_answer)[:, :, 0]
        rows.append(row.requires_grad_() if plan.gradients and not row.requires_grad else row)
        attended = seen_all.mixed(layer, rows[-1][:, :, None])
        answer = _finish(layer, answer, attended)
        if index == top:
            break
        if plan.lower_rows:
            past_map = past.maps[index - top] if past else None
            maps.append(_whole_map(past_map, mean_map(layer, q, seen, mask_rest), rows[-1].mean(1)))
        # A gradient of the answer's logits with respect to this layer's outputs passes through the attention
        # of the layers above only, and there it has to be differentiable twice.
        twice = plan.lower_heads and index > lower
        attended = explicit(layer, q, seen, mask_rest) if twice else fused(layer, q, seen, mask_rest)
        if plan.lower_heads:
            attended = attended if attended.requires_grad else attended.requires_grad_()
            heads.append(_heads(layer, q, seen, attended, mask_rest))
        rest = _with_image(_finish(layer, rest, attended), body, index)
    return Answer(
        hidden=decoder.norm(answer)[:, 0],
        rows=tuple(rows),
        lower_maps=tuple(maps),
        lower_heads=tuple(heads),
        present=None if body.present is None else mask_answer[:, 0, 0],
    )


def _seen(past: Past | None, index: int, k: Tensor, v: Tensor) -> Seen:
    return Seen(k, v) if past is None else Seen(k, v, past.keys[index], past.values[index])


def _heads(layer: Any, q: Tensor, seen: Seen, outputs: Tensor, visible: Tensor) -> Heads:
    groups = layer.self_attn.num_key_value_groups
    k, v = seen.joined()
    return Heads(q * layer.self_attn.scaling, repeat_kv(k, groups), repeat_kv(v, groups), outputs, visible)


def _after(first: Body, second: Body) -> Body:
    """Return the positions of two bodies in one; the image is in the first, which may be one for all."""
    batch = len(second.hidden)
    present = None
    if second.present is not None:
        present = functional.pad(second.present, (first.hidden.shape[1], 0), value=True)
    return Body(
        hidden=torch.cat([first.hidden.expand(batch, -1, -1), second.hidden], 1),
        positions=torch.cat([first.positions.expand(-1, batch, -1), second.positions], 2),
        deepstack=tuple(layer.expand(batch, -1, -1) for layer in first.deepstack),
        image=first.image,
        present=present,
    )


def _whole_map(past: Tensor | None, rest: Tensor, answer: Tensor) -> Tensor:
    """Stack rows of past, rest and answer positions to (B, P + T, P + T)."""
    rows = torch.cat([functional.pad(rest, (0, 1)), answer[:, None]], 1)
    if past is None:
        return rows
    padded = functional.pad(past, (0, rows.shape[1])).expand(len(rows), -1, -1)
    return torch.cat([padded, rows], 1)


def _project(
    layer: Any, hidden: Tensor, rope: Rope, *, queries: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values (B, heads, T, head width); empty queries where none are wanted."""
    attention = layer.self_attn
    x = layer.input_layernorm(hidden)
    shape = (*x.shape[:-1], -1, attention.head_dim)
    k = _normed(attention, "k_norm", linear(attention.k_proj, x).view(shape)).transpose(1, 2)
    v = linear(attention.v_proj, x).view(shape).transpose(1, 2)
    asked = _normed(attention, "q_norm", linear(attention.q_proj, x).view(shape)) if queries else None
    q = k[:, :0] if asked is None else asked.transpose(1, 2)
    q, k = apply_rotary_pos_emb(q, k, *rope)
    return q, k, v


def _normed(attention: Any, name: str, states: Tensor) -> Tensor:
    """Normalise queries or keys where the family does: Qwen3 does, Qwen2 does not."""
    norm = getattr(attention, name, None)
    return states if norm is None else norm(states)


def _finish(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    out = attended.transpose(1, 2).flatten(2)
    hidden = hidden + linear(layer.self_attn.o_proj, out)
    return hidden + gated_mlp(layer.mlp, layer.post_attention_layernorm(hidden))


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


def _mask(body: Body, past: Past | None) -> Tensor:
    """Return what each position of the body may attend to, (1 or B, 1, T, P + T)."""
    return _visible(body.hidden.shape[1], _length(past), body.present, body.hidden.device)


def _visible(length: int, earlier: int, present: Tensor | None, device: torch.device) -> Tensor:
    causal = torch.ones(length, earlier + length, dtype=torch.bool, device=device).tril(earlier)[None, None]
    if present is None:
        return causal
    return causal & functional.pad(present, (earlier, 0), value=True)[:, None, None].to(device)


def _length(past: Past | None) -> int:
    return past.keys[0].shape[2] if past else 0


def _split(rope: Rope, part: slice) -> Rope:
    return rope[0][:, part], rope[1][:, part]
