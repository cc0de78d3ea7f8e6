"""The method by brute force: native eager forward pass, every attention map, T x T products.

The reference that tests compare the row probe with and benchmarks time it against. Never used by the product.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tuning.backbones.base import Placement, Prepared
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.rollout import Rollout


def full_maps(
    backbone: Qwen3VLBackbone, one: Prepared, prompt: Tensor, placement: Placement
) -> tuple[Tensor, tuple[Tensor, ...], slice]:
    """Run the native decoder; return letter logits, every layer's map (1, H, T, T), and the image's place.

    The model must have been built with ``_attn_implementation = "eager"``.
    """
    front, count = placement == "front", len(prompt)
    parts = [prompt, one.prefix, one.question] if front else [one.prefix, prompt, one.question]
    own, after = torch.arange(count).expand(3, count), one.question_positions
    if front:
        positions = torch.cat([own, one.prefix_positions + count, after + count], 1)
    else:
        positions = torch.cat([one.prefix_positions, own + after[:, :1], after + count], 1)
    shift = count if front else 0
    image = slice(one.image.start + shift, one.image.stop + shift)
    hidden = torch.cat(parts)[None]
    mask = torch.zeros(1, hidden.shape[1], dtype=torch.bool)
    mask[:, image] = True
    out = backbone.model.model.language_model(
        inputs_embeds=hidden,
        position_ids=positions[:, None],
        visual_pos_masks=mask,
        deepstack_visual_embeds=list(one.deepstack),
        output_attentions=True,
        use_cache=False,
    )
    logits = backbone.model.lm_head(out.last_hidden_state[0, -1])[one.letters]
    return logits, out.attentions, image


def rollout(maps: tuple[Tensor, ...], operator: Rollout) -> Tensor:
    """Multiply whole maps and take the answer's row, (T,)."""
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype)
    product = identity
    for attention in maps[-operator.last_layers :]:
        product = (0.5 * attention[0].mean(0) + 0.5 * identity) @ product
    return product[-1]


def attnlrp(maps: tuple[Tensor, ...], operator: AttnLRP, explained: Tensor) -> Tensor:
    """Weigh whole maps by whole gradients and take the answer's row, (T,)."""
    m = operator.last_layers
    gradients = torch.autograd.grad(explained, maps[-m:], create_graph=True)
    total = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype)
    for depth, (attention, gradient) in enumerate(zip(maps[-m:], gradients, strict=True), start=1):
        product = attention[0] * gradient[0]
        sums = product.sum(-1, keepdim=True)
        expanded = product / (sums + operator.epsilon * torch.where(sums < 0, -1.0, 1.0))
        total = total + depth / (m * (m + 1) / 2) * expanded.mean(0)
    return total[-1].abs()
