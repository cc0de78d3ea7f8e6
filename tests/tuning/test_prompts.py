from __future__ import annotations

import pytest
import torch

from protocols.errors import PersonaMismatch
from tuning.prompts import PromptBank, random_prompt


@pytest.fixture
def bank() -> PromptBank:
    return PromptBank.fresh(["P.01", "P-02", "P_03"], (4, 3, 8), 0.5, seed=2)


def test_a_prompt_is_the_softmax_combination_of_the_basis(bank: PromptBank) -> None:
    shares = torch.softmax(bank.logits[1], 0)
    expected = sum(s * b for s, b in zip(shares, bank.basis, strict=True))
    assert torch.allclose(bank.prompt("P-02").tokens, expected, atol=1e-6)
    assert bank.prompt("P-02").batch(5).shape == (5, 3, 8)
    assert not bank.prompt("P-02").tokens.requires_grad


def test_everything_is_single_precision_and_a_round_trip_is_exact(bank: PromptBank) -> None:
    assert all(t.dtype == torch.float32 for t in bank.tensors().values())
    again = PromptBank.from_tensors(bank.participants, bank.tensors())
    for name in bank.participants:
        assert torch.equal(again.prompt(name).tokens, bank.prompt(name).tokens)
    newcomer = bank.newcomer("N", None, personal=True)
    assert newcomer.personal is not None
    torch.nn.init.normal_(newcomer.personal)
    again = PromptBank.from_tensors(["N"], newcomer.tensors())
    assert torch.equal(again.prompt("N").tokens, newcomer.prompt("N").tokens)


def test_a_newcomer_starts_between_everybody_with_the_basis_frozen(bank: PromptBank) -> None:
    newcomer = bank.newcomer("N", None, personal=False)
    assert torch.equal(newcomer.logits[0], bank.logits.detach().mean(0))
    assert not newcomer.basis.requires_grad
    alike = bank.newcomer("N", "P-02", personal=True)
    assert torch.equal(alike.prompt("N").tokens, bank.prompt("P-02").tokens)
    assert newcomer.basis.data_ptr() != bank.basis.data_ptr()


def test_a_missing_participant_or_tensor_is_an_error(bank: PromptBank) -> None:
    with pytest.raises(PersonaMismatch, match="P99"):
        bank.prompt("P99")
    tensors = bank.tensors()
    del tensors["start"]
    with pytest.raises(PersonaMismatch, match="start"):
        PromptBank.from_tensors(bank.participants, tensors)
    with pytest.raises(PersonaMismatch, match="1 participants"):
        PromptBank.from_tensors(["P.01"], bank.tensors())


def test_a_random_prompt_has_the_strength_of_the_fitted_one(bank: PromptBank) -> None:
    fitted = bank.prompt("P_03").tokens
    drawn = random_prompt(fitted, seed=4).tokens
    assert drawn.shape == fitted.shape
    assert drawn.square().mean().sqrt().item() == pytest.approx(fitted.square().mean().sqrt().item(), rel=0.5)
    assert torch.equal(drawn, random_prompt(fitted, seed=4).tokens)
