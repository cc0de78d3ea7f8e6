"""How well the model does on unseen pages, against what a perfect model would know."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from tuning.backbones.base import Past
from tuning.pretraining.loop import prefix, relevances, run_questions
from tuning.pretraining.pages import DrawnPage
from tuning.pretraining.questions import Question, choose, find, name, random_manner


@dataclass(frozen=True, slots=True)
class Verdict:
    """Means over the questions of one kind.

    Attributes:
        top1: probability that the model's answer is clicked (or right).
        bayes_top1: the same of a perfect model.
        excess_nats: cross-entropy above the perfect model's.
        gaze_kl_nats: KL of rollout relevance on posters from the true expected gaze.
        uniform_kl_nats: the same of looking everywhere alike.
        poster_mass: share of visual relevance on posters.
        poster_area: share of the image they cover.
    """

    top1: float
    bayes_top1: float
    excess_nats: float
    gaze_kl_nats: float
    uniform_kl_nats: float
    poster_mass: float
    poster_area: float

    def __str__(self) -> str:
        return " ".join(f"{key} {value:.3f}" for key, value in asdict(self).items())


@torch.no_grad()
def judge(
    model: Qwen3VLForConditionalGeneration, pages: list[DrawnPage], seed: int = 0
) -> dict[str, Verdict]:
    """Ask each page four questions of each kind."""
    rng = np.random.default_rng(seed)
    kinds = {
        "anyone": [[choose(p, rng, None) for _ in range(4)] for p in pages],
        "manner": [[choose(p, rng, random_manner(rng)) for _ in range(4)] for p in pages],
        "find": [[find(p, rng) for _ in range(4)] for p in pages],
        "name": [[name(p, rng) for _ in range(4)] for p in pages],
    }
    past = prefix(model, pages, [[] for _ in pages])
    return {kind: _verdict(model, past, pages, questions) for kind, questions in kinds.items()}


def _verdict(
    model: Qwen3VLForConditionalGeneration,
    past: Past,
    pages: list[DrawnPage],
    questions: list[list[Question]],
) -> Verdict:
    answer, weights = run_questions(model, past, pages, questions)
    flat = [q for per_page in questions for q in per_page]
    truth = torch.tensor(np.stack([q.answer for q in flat]), dtype=torch.float32)
    logits = model.lm_head(answer.hidden).log_softmax(-1)
    entropy = -torch.where(truth > 0, truth * truth.clamp_min(1e-30).log(), 0).sum(-1)
    rollout, _ = relevances(answer, past)
    amounts = torch.einsum("bnp,bp->bn", weights, rollout)
    gaze = torch.tensor(np.stack([q.gaze for q in flat]), dtype=torch.float32)
    slots = (weights.sum(-1) > 0).float()
    return Verdict(
        top1=float(truth.gather(1, logits.argmax(-1)[:, None]).mean()),
        bayes_top1=float(truth.max(-1).values.mean()),
        excess_nats=float((-(truth * logits).sum(-1) - entropy).mean()),
        gaze_kl_nats=float(_kl(gaze, amounts / amounts.sum(-1, keepdim=True))),
        uniform_kl_nats=float(_kl(gaze, slots / slots.sum(-1, keepdim=True))),
        poster_mass=float((amounts.sum(-1) / rollout.sum(-1)).mean()),
        poster_area=float((weights.sum((1, 2)) / weights.shape[2]).mean()),
    )


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return torch.where(p > 0, p * (p.clamp_min(1e-9).log() - q.clamp_min(1e-9).log()), 0).sum(-1).mean()
