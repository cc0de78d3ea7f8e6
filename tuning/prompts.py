"""Soft prompts, factorised: a basis for everybody, a few coefficients for each participant. All fp32.

P_u = Σ_m softmax(z_u)_m · B_m  (+ personal_u for a single newcomer)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from protocols.errors import PersonaMismatch

SHARE_FLOOR = 1e-12
"""Keeps the coefficient of a basis prompt that is not used finite."""


@dataclass(frozen=True, eq=False)
class SoftPrompt:
    """One participant's prompt, ready to use.

    Attributes:
        tokens: (N, d), fp32, without gradient.
        participant: pseudonym, empty for a prompt shared by all.
    """

    tokens: Tensor
    participant: str

    def batch(self, size: int) -> Tensor:
        """Return the prompt for a batch, (size, N, d)."""
        return self.tokens.expand(size, -1, -1)


class PromptBank(nn.Module):
    """Prompts of several participants over one basis.

    Attributes:
        participants: pseudonyms, in the order of `logits`.
        basis: (M, N, d).
        logits: z, (participants, M).
        start: z₀, (M,), where coefficients start and are drawn back to.
        personal: free addition (N, d) for the only participant, None without.
    """

    start: Tensor

    def __init__(
        self,
        participants: Sequence[str],
        basis: Tensor,
        logits: Tensor,
        start: Tensor,
        personal: Tensor | None = None,
    ) -> None:
        super().__init__()
        if logits.shape != (len(participants), basis.shape[0]) or (personal is not None and len(logits) != 1):
            raise PersonaMismatch(
                f"{len(participants)} participants, coefficients {tuple(logits.shape)} and a basis"
                f" {tuple(basis.shape)} do not belong together.",
                "Each participant needs one coefficient per basis prompt; a personal prompt is for one only.",
                "Load bank and participants from the same file.",
            )
        self.participants = tuple(participants)
        self.basis = nn.Parameter(basis.detach().clone().float())
        self.logits = nn.Parameter(logits.detach().clone().float())
        self.register_buffer("start", start.detach().clone().float())
        self.personal = None if personal is None else nn.Parameter(personal.detach().clone().float())

    @classmethod
    def fresh(
        cls, participants: Sequence[str], shape: tuple[int, int, int], scale: float, seed: int
    ) -> PromptBank:
        """Return a random bank.

        Args:
            participants: pseudonyms.
            shape: M, N, d.
            scale: standard deviation of the combined prompt's entries at the start.
            seed: of the basis and of small differences between participants.
        """
        generator = torch.Generator().manual_seed(seed)
        m = shape[0]
        basis = torch.randn(shape, generator=generator) * scale * m**0.5
        # Equal coefficients would give every participant the same gradient direction at the start.
        logits = torch.randn(len(participants), m, generator=generator) * 0.3
        return cls(participants, basis, logits, torch.zeros(m))

    def newcomer(self, participant: str, like: str | None, *, personal: bool) -> PromptBank:
        """Return a bank for one new participant over this basis, which is frozen.

        Args:
            participant: pseudonym.
            like: whose coefficients to start from, None for the mean of all.
            personal: whether a free prompt is added, zero at the start.
        """
        known = self.logits.detach()
        start = known.mean(0) if like is None else known[self._row(like)]
        free = torch.zeros_like(self.basis[0]) if personal else None
        bank = PromptBank([participant], self.basis, start[None], start, free)
        bank.basis.requires_grad_(False)
        return bank

    def mixed(self, participant: str, shares: Tensor) -> PromptBank:
        """Return a bank for one new participant whose prompt is a given mixture of this basis.

        Args:
            participant: pseudonym.
            shares: of each basis prompt, (M,), summing to 1.
        """
        found = PromptBank(
            [participant], self.basis, shares.clamp_min(SHARE_FLOOR).log()[None], self.logits.mean(0)
        )
        found.basis.requires_grad_(False)
        return found

    def prompts(self, participants: Sequence[str]) -> Tensor:
        """Return prompts (B, N, d) of the named participants, with gradients.

        Raises:
            PersonaMismatch: somebody is not in the bank.
        """
        rows = torch.tensor([self._row(name) for name in participants], device=self.logits.device)
        shares = torch.softmax(self.logits, dim=-1)[rows]
        combined = torch.einsum("bm,mnd->bnd", shares, self.basis)
        return combined if self.personal is None else combined + self.personal

    def prompt(self, participant: str) -> SoftPrompt:
        """Return one participant's prompt without gradients."""
        return SoftPrompt(self.prompts([participant])[0].detach().clone(), participant)

    def like(self, tensors: Mapping[str, Tensor]) -> PromptBank:
        """Return a bank of the same participants and freedom with other tensors."""
        other = PromptBank.from_tensors(self.participants, tensors)
        other.basis.requires_grad_(self.basis.requires_grad)
        return other

    def tensors(self) -> dict[str, Tensor]:
        """Return everything but the names, for a safetensors file."""
        return {name: tensor.detach().clone().contiguous() for name, tensor in self.state_dict().items()}

    @classmethod
    def from_tensors(cls, participants: Sequence[str], tensors: Mapping[str, Tensor]) -> PromptBank:
        """Rebuild a bank from `tensors` and the names.

        Raises:
            PersonaMismatch: a tensor is missing or has another shape.
        """
        try:
            basis, logits, start = tensors["basis"], tensors["logits"], tensors["start"]
        except KeyError as error:
            raise PersonaMismatch(
                f"The prompt file has no tensor {error}.",
                "Without it the prompts cannot be rebuilt.",
                "Fit again; the file is damaged or of another kind.",
            ) from error
        return cls(participants, basis, logits, start, tensors.get("personal"))

    def _row(self, participant: str) -> int:
        if participant not in self.participants:
            raise PersonaMismatch(
                f"{participant!r} is not among the {len(self.participants)} participants of the bank.",
                "Another participant's prompt would be used silently.",
                "Fit this participant first.",
            )
        return self.participants.index(participant)


def random_prompt(like: Tensor, seed: int) -> SoftPrompt:
    """Return a Gaussian prompt with the shape and root mean square of a fitted one (N, d)."""
    noise = torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))
    return SoftPrompt(noise * like.detach().float().square().mean().sqrt(), "")
