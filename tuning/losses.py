"""What fitting minimises.

`a` is the model's attention and `g` the human's, both (B, slots) with zeros beyond an example's slots;
`present` (B, slots) marks the slots that exist.
"""

from __future__ import annotations

import torch
from torch import Tensor

PAPER_EPSILON = 1e-4
_POWER_FLOOR = 1e-8
_ATTENTION_FLOOR = 1e-6


def importance(g: Tensor, present: Tensor, power: float) -> Tensor:
    """Return weights ω ∝ (g + 1e-8)^power over present slots, with mean 1; power 0 gives 1 everywhere."""
    raw = torch.where(present, (g + _POWER_FLOOR) ** power, 0.0)
    return raw * present.sum(-1, keepdim=True) / raw.sum(-1, keepdim=True)


def generalised_kl(a: Tensor, g: Tensor, present: Tensor, power: float) -> Tensor:
    """Σ ω [g log(g / a) - g + a], mean over examples; see `generalised_kls`."""
    return generalised_kls(a, g, present, power).mean()


def generalised_kls(a: Tensor, g: Tensor, present: Tensor, power: float) -> Tensor:
    """Σ ω [g log(g / a) - g + a] per example, (B,).

    Every term is non-negative and zero at a = g only, so weighting changes which errors matter and never
    where the minimum is. With power 0 and both summing to 1 it is the ordinary KL divergence.
    """
    safe = a.clamp_min(_ATTENTION_FLOOR)
    terms = torch.xlogy(g, g) - g * safe.log() - g + a
    return (importance(g, present, power) * terms * present).sum(-1)


def paper_kl(a: Tensor, g: Tensor, present: Tensor, power: float) -> Tensor:
    """Σ ω g [log(g + ε) - log(a + ε)] with ω summing to 1, mean over examples: the published loss.

    Under Σ a = 1 its minimum is at a ∝ g^(1 + power), a sharpened copy of the gaze, not at a = g.
    """
    weights = importance(g, present, power) / present.sum(-1, keepdim=True)
    terms = g * ((g + PAPER_EPSILON).log() - (a + PAPER_EPSILON).log())
    return (weights * terms * present).sum(-1).mean()


def click_loss(log_choice: Tensor, click: Tensor) -> Tensor:
    """Cross-entropy over the letters, mean over the examples with a click; 0 when there is none.

    Args:
        log_choice: log probabilities (B, slots), -inf beyond an example's slots.
        click: clicked slot (B,), -1 for none.
    """
    clicked = click >= 0
    if not bool(clicked.any()):
        return log_choice.new_zeros(())
    return -log_choice[clicked].gather(1, click[clicked, None]).mean()


def click_losses(log_choice: Tensor, click: Tensor) -> Tensor:
    """Cross-entropy over the letters per example, (B,); 0 where there is no click. Arguments as above."""
    found = -log_choice.gather(1, click.clamp_min(0)[:, None])[:, 0]
    return torch.where(click >= 0, found, 0.0)


def anchor_loss(log_choice: Tensor, bare: Tensor) -> Tensor:
    """KL divergence of click probabilities from the bare model's, mean over examples; see `anchor_losses`."""
    return anchor_losses(log_choice, bare).mean()


def anchor_losses(log_choice: Tensor, bare: Tensor) -> Tensor:
    """KL divergence of click probabilities from the bare model's per example, (B,).

    Args:
        log_choice: log probabilities (B, slots), -inf beyond an example's slots.
        bare: probabilities of the model without a prompt, (B, slots), 0 beyond an example's slots.
    """
    # xlogy and the mask keep 0 · -inf out of the sum and out of its gradient.
    known = bare > 0
    terms = torch.xlogy(bare, bare) - bare * torch.where(known, log_choice, 0.0)
    return terms.sum(-1)
