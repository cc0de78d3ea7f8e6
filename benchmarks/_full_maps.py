"""The method by brute force: native eager forward pass, every attention map, T x T products.

The reference that tests compare the row probe with and benchmarks time it against. Never used by the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tuning.backbones.base import Placement, Prepared
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.base import ProbingOperator
from tuning.probing.glimpse import Glimpse
from tuning.probing.rollout import Rollout

Maps = Sequence[Tensor]


def full_maps(
    model: Any, one: Prepared, prompt: Tensor, placement: Placement
) -> tuple[Tensor, tuple[Tensor, ...], slice]:
    """Run the native decoder on one page; return letter logits, every layer's map (1, H, T, T), the image.

    The model must have been built with ``_attn_implementation = "eager"``.
    """
    front, count = placement == "front", len(prompt)
    parts = [prompt, one.prefix, one.question] if front else [one.prefix, prompt, one.question]
    own, after = torch.arange(count).expand(3, count), one.question_positions
    own = own.to(after)
    if front:
        positions = torch.cat([own, one.prefix_positions + count, after + count], 1)
    else:
        positions = torch.cat([one.prefix_positions, own + after[:, :1], after + count], 1)
    shift = count if front else 0
    image = slice(one.image.start + shift, one.image.stop + shift)
    hidden = torch.cat([part.to(one.prefix.dtype) for part in parts])[None]
    mask = torch.zeros(1, hidden.shape[1], dtype=torch.bool, device=hidden.device)
    mask[:, image] = True
    out = model.model.language_model(
        inputs_embeds=hidden,
        position_ids=positions[:, None],
        visual_pos_masks=mask,
        deepstack_visual_embeds=list(one.deepstack),
        output_attentions=True,
        use_cache=False,
    )
    # The public code takes the logits of every position; so does this.
    logits = model.lm_head(out.last_hidden_state[0])[-1, one.letters]
    return logits, out.attentions, image


def relevance(operator: ProbingOperator, maps: Maps, explained: Tensor) -> Tensor:
    """Return the relevance of every position for the answer, (T,), by the operator's definition."""
    if isinstance(operator, Rollout):
        return rollout(maps, operator)
    if isinstance(operator, AttnLRP):
        return attnlrp(maps, operator, explained)
    assert isinstance(operator, Glimpse)
    return glimpse(maps, operator, explained)


def rollout(maps: Maps, operator: Rollout) -> Tensor:
    """Multiply whole maps and take the answer's row, (T,)."""
    identity = torch.eye(maps[0].shape[-1]).to(maps[0])
    product = identity
    for attention in maps[-operator.last_layers :]:
        product = (0.5 * attention[0].mean(0) + 0.5 * identity) @ product
    return product[-1]


def attnlrp(maps: Maps, operator: AttnLRP, explained: Tensor) -> Tensor:
    """Weigh whole maps by whole gradients and take the answer's row, (T,)."""
    m = operator.last_layers
    gradients = torch.autograd.grad(explained, maps[-m:], create_graph=True)
    total = torch.eye(maps[0].shape[-1]).to(maps[0])
    for depth, (attention, gradient) in enumerate(zip(maps[-m:], gradients, strict=True), start=1):
        product = attention[0] * gradient[0]
        if not operator.signed:
            product = product.abs()
        sums = product.sum(-1, keepdim=True)
        sign = torch.where(sums < 0, -1.0, 1.0).to(sums)
        expanded = product / (sums + operator.epsilon * sign)
        total = total + depth / (m * (m + 1) / 2) * expanded.mean(0)
    return total[-1].abs()


def glimpse(maps: Maps, operator: Glimpse, explained: Tensor) -> Tensor:
    """Weigh heads and layers of whole maps, multiply the maps and take the answer's row, (T,)."""
    m, epsilon = operator.last_layers, operator.epsilon
    gradients = torch.autograd.grad(explained, maps[-m:], create_graph=True)
    expanded, strength = [], []
    for attention, gradient in zip(maps[-m:], gradients, strict=True):
        slopes = gradient[0].tril()  # where nothing may be attended to, a gradient has no meaning
        product = (attention[0] * slopes).relu()
        sigma = product.sum((1, 2)) / (slopes.relu().sum((1, 2)) + epsilon)
        mixed = (torch.softmax(sigma / operator.head_temperature, 0)[:, None, None] * product).sum(0)
        expanded.append(mixed / (mixed.sum(-1, keepdim=True) + epsilon))
        strength.append(slopes.sum(0).abs().sum())
    depth = torch.arange(1, m + 1).to(strength[0])
    weighed = torch.stack(strength) * torch.softmax(operator.depth_slope * depth, 0)
    shares = weighed / (weighed.sum() + epsilon)
    identity = torch.eye(maps[0].shape[-1]).to(maps[0])
    product = identity
    for share, one in zip(shares, expanded, strict=True):
        product = (identity + share * one) @ product
    return product[-1]
