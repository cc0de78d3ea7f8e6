"""Products with a frozen model's weights, by the fastest exact kernel at hand.

On x86 processors that are not Intel's, PyTorch's own fp32 product reaches less than half of what oneDNN does
on the same weights (docs/performance.md). Inductor uses the same oneDNN operator for linear layers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def linear(layer: Any, x: Tensor) -> Tensor:
    """Apply a frozen linear layer to states (..., d); differentiable in ``x`` any number of times.

    Args:
        layer: as ``torch.nn.Linear``; no gradient reaches its weights.
        x: states.
    """
    if not _reaches(x) or not _reaches(layer.weight):
        return functional.linear(x, layer.weight, layer.bias)
    product = _product(x, layer.weight)
    return product if layer.bias is None else product + layer.bias


def gated_mlp(mlp: Any, x: Tensor) -> Tensor:
    """Apply the gated MLP of the Qwen families to states (..., d)."""
    return linear(mlp.down_proj, mlp.act_fn(linear(mlp.gate_proj, x)) * linear(mlp.up_proj, x))


_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch has no types here


def _reaches(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32 and _ONEDNN


class _Product(torch.autograd.Function):
    """x Wᵀ; its derivative is the same product with the transposed weights."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.weight = weight
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
        return product

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _product(gradient, ctx.weight.t()), None


def _product(x: Tensor, weight: Tensor) -> Tensor:
    product: Tensor = _Product.apply(x, weight)  # type: ignore[no-untyped-call]  # torch has no types here
    return product
