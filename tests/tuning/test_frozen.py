"""Products with frozen weights against PyTorch's own, with first and second derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tuning.backbones.frozen import gated_mlp, linear

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 12), (3, 7, 12), (2, 0, 12)])
def test_a_product_and_its_derivatives_are_pytorchs(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(12, 5, bias=bias).requires_grad_(False)
    found, expected = [], []
    for results, product in ((found, linear), (expected, lambda layer, x: layer(x))):
        torch.manual_seed(1)
        x = torch.randn(shape).requires_grad_()
        y = product(layer, x)
        (first,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad((first**2).sum(), x)
        results += [y, first, second]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_states_that_are_not_contiguous_give_the_same_product() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(12, 5, bias=False).requires_grad_(False)
    x = torch.randn(4, 3, 12).transpose(0, 1)
    torch.testing.assert_close(linear(layer, x), functional.linear(x, layer.weight))


def test_double_precision_keeps_its_precision() -> None:
    layer = nn.Linear(12, 5, bias=False, dtype=torch.float64).requires_grad_(False)
    x = torch.randn(4, 12, dtype=torch.float64)
    assert torch.equal(linear(layer, x), functional.linear(x, layer.weight))


def test_a_gated_mlp_is_the_models_own() -> None:
    from transformers import Qwen3VLTextConfig
    from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextMLP

    torch.manual_seed(0)
    mlp = Qwen3VLTextMLP(Qwen3VLTextConfig(hidden_size=16, intermediate_size=24)).requires_grad_(False)
    x = torch.randn(2, 9, 16)
    torch.testing.assert_close(gated_mlp(mlp, x), mlp(x), rtol=1e-5, atol=1e-6)
