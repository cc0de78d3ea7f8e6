"""The gradient of an explained letter with respect to attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from protocols.errors import NoGradient
from tuning.backbones.base import Trace


def letter_gradients(trace: Trace, choice: Tensor, of: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return ∂y / ∂x in at least single precision, y being the explained slot's logit, summed over examples.

    Examples do not interact, so each gets its own gradient. It can be differentiated again when gradients
    are enabled around the call.

    Args:
        trace: of a forward pass with gradients.
        choice: explained slot per example, (B,).
        of: attention rows or head outputs of the trace.

    Raises:
        NoGradient: the trace carries none.
    """
    if not of or not all(x.requires_grad for x in of):
        raise NoGradient(
            "The traced attention carries no gradient.",
            "This operator weighs attention by the gradient of the explained letter's logit.",
            "Trace with the plan this operator asks for.",
        )
    twice = torch.is_grad_enabled()
    with torch.enable_grad():
        explained = trace.letter_logits.gather(1, choice[:, None]).sum()
        found = torch.autograd.grad(explained, of, create_graph=twice, retain_graph=True)
    return tuple(exact(gradient) for gradient in found)


def exact(x: Tensor) -> Tensor:
    """Return x in single precision, or better when it already is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
