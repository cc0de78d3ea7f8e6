from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tuning.losses import anchor_loss, click_loss, generalised_kl, importance, paper_kl

G = torch.tensor([[0.5, 0.25, 0.15, 0.10]])
ALL = torch.ones(1, 4, dtype=torch.bool)


def minimiser(loss: Callable[[Tensor, Tensor, Tensor, float], Tensor], g: Tensor, power: float) -> Tensor:
    scores = torch.zeros_like(g, requires_grad=True)
    optimiser = torch.optim.LBFGS([scores], max_iter=500, tolerance_grad=1e-10, tolerance_change=1e-14)

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(torch.softmax(scores, -1), g, torch.ones_like(g, dtype=torch.bool), power)
        torch.autograd.backward(value)
        return value

    optimiser.step(closure)
    return torch.softmax(scores.detach(), -1)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_default_loss_has_its_minimum_at_the_human_distribution(power: float) -> None:
    found = minimiser(generalised_kl, G.double(), power)
    assert torch.allclose(found, G.double(), atol=2e-3)
    assert generalised_kl(G, G, ALL, power).item() == pytest.approx(0.0, abs=1e-6)


def test_the_papers_loss_has_its_minimum_at_the_cube() -> None:
    cube = G.double() ** 3 / (G.double() ** 3).sum()
    found = minimiser(paper_kl, G.double(), 2.0)
    assert torch.allclose(found, cube, atol=2e-3)
    assert paper_kl(found, G.double(), ALL, 2.0) < paper_kl(G.double(), G.double(), ALL, 2.0)


def test_without_weights_the_default_loss_is_the_kl_divergence() -> None:
    a = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    expected = (G * (G / a).log()).sum()
    assert generalised_kl(a, G, ALL, 0.0).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("loss", [generalised_kl, paper_kl])
def test_padding_changes_nothing(loss: Callable[..., Tensor]) -> None:
    a = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    pad = torch.zeros(1, 3)
    padded = [torch.cat([x, pad], 1) for x in (a, G)]
    present = torch.cat([ALL, torch.zeros(1, 3, dtype=torch.bool)], 1)
    assert loss(*padded, present, 2.0).item() == pytest.approx(loss(a, G, ALL, 2.0).item(), rel=1e-6)


def test_weights_have_mean_one_over_present_slots() -> None:
    present = torch.tensor([[True, True, True, False]])
    weights = importance(torch.tensor([[0.6, 0.4, 0.0, 0.0]]), present, 2.0)
    assert weights.sum().item() == pytest.approx(3.0)
    assert weights[0, 3].item() == 0.0


def test_gradients_are_finite_where_nobody_looked() -> None:
    a = torch.tensor([[1.0, 0.0, 0.0, 0.0]], requires_grad=True)
    torch.autograd.backward(generalised_kl(a, torch.tensor([[0.0, 0.0, 0.5, 0.5]]), ALL, 0.5))
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


def test_click_loss_ignores_views_without_a_click() -> None:
    log_choice = torch.log_softmax(torch.tensor([[1.0, 2.0], [0.0, -torch.inf]]), -1)
    assert click_loss(log_choice, torch.tensor([1, -1])).item() == pytest.approx(-log_choice[0, 1].item())
    assert click_loss(log_choice, torch.tensor([-1, -1])).item() == 0.0


def test_the_anchor_is_the_kl_from_the_bare_model_with_finite_gradients() -> None:
    scores = torch.tensor([[1.0, 2.0, -torch.inf]], requires_grad=True)
    bare = torch.tensor([[0.5, 0.5, 0.0]])
    loss = anchor_loss(torch.log_softmax(scores, -1), bare)
    p = torch.softmax(scores.detach()[0, :2], 0)
    assert loss.item() == pytest.approx((0.5 * (0.5 / p).log()).sum().item(), rel=1e-5)
    torch.autograd.backward(loss)
    assert scores.grad is not None
    assert torch.isfinite(scores.grad[0, :2]).all()
