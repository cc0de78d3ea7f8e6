"""The training loop of `carousel-tiny`: answers by cross-entropy, looking by rollout relevance."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from tuning.backbones.base import Body, Past, Plan, Trace
from tuning.backbones.decoder import Answer, run_body, run_prefix
from tuning.backbones.tiny import TinyWording, configuration
from tuning.pretraining.pages import DrawnPage, pixel_values
from tuning.pretraining.questions import Question, choose, find, name, phrase, random_manner
from tuning.probing.rollout import Rollout

IMAGE_TOKENS = 144
IMAGE_SIDE = 16
BACKGROUND = 0.03
"""Share of visual relevance that may lie beside the posters."""
PLAN = Plan(last_layers=2, lower_rows=True, gradients=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyper-parameters of the training.

    Attributes:
        minutes: wall-clock budget; the learning rate follows it.
        pages_per_step: B.
        learning_rate: peak.
        look_weight: weight of the looking loss beside the answers.
        position_noise: standard deviation of the initial vision position embeddings.
        front_share: share of steps whose habit is written before the image.
        seed: of weights and questions.
    """

    minutes: float = 35.0
    pages_per_step: int = 8
    learning_rate: float = 2e-3
    look_weight: float = 1.0
    position_noise: float = 1.0
    front_share: float = 0.25
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Losses of one step, in nats, and the time."""

    step: int
    minutes: float
    answer: float
    look: float


def new_model(recipe: Recipe) -> Qwen3VLForConditionalGeneration:
    """Return a model with random weights; positions stand out from the start, or they are never learned."""
    torch.manual_seed(recipe.seed)
    model = Qwen3VLForConditionalGeneration(configuration())
    torch.nn.init.normal_(model.model.visual.pos_embed.weight, std=recipe.position_noise)
    return model


def train(
    model: Qwen3VLForConditionalGeneration, pages: Sequence[DrawnPage], recipe: Recipe
) -> Iterator[Progress]:
    """Train in place until the minutes are over."""
    rng = np.random.default_rng(recipe.seed)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    start, step = time.monotonic(), 0
    while (elapsed := (time.monotonic() - start) / 60) < recipe.minutes:
        for group in optimiser.param_groups:
            group["lr"] = _rate(recipe, step, elapsed / recipe.minutes)
        answer, look = losses(model, _batch(pages, rng, recipe), rng, recipe)
        optimiser.zero_grad()
        (answer + recipe.look_weight * look).backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        yield Progress(step, elapsed, answer.item(), look.item())


def _rate(recipe: Recipe, step: int, share: float) -> float:
    return recipe.learning_rate * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * share))


def _batch(pages: Sequence[DrawnPage], rng: np.random.Generator, recipe: Recipe) -> list[DrawnPage]:
    return [pages[i] for i in rng.choice(len(pages), recipe.pages_per_step, replace=False)]


def losses(
    model: Qwen3VLForConditionalGeneration, pages: list[DrawnPage], rng: np.random.Generator, recipe: Recipe
) -> tuple[Tensor, Tensor]:
    """Return answer and looking losses of one batch, several groups of questions sharing each image."""
    if rng.random() < recipe.front_share:
        manners = [random_manner(rng) for _ in pages]
        past = prefix(model, pages, [phrase(m) for m in manners])
        pairs = zip(pages, manners, strict=True)
        groups = [[[choose(page, rng, manner, written=False) for _ in range(6)] for page, manner in pairs]]
    else:
        past = prefix(model, pages, [[] for _ in pages])
        groups = [
            [[choose(p, rng, None) for _ in range(3)] for p in pages],
            [[choose(p, rng, random_manner(rng)) for _ in range(4)] for p in pages],
            [[find(p, rng), find(p, rng), name(p, rng), name(p, rng)] for p in pages],
        ]
    scored = [ask(model, past, pages, group) for group in groups]
    weights = torch.tensor([float(len(group[0])) for group in groups])
    weights = weights / weights.sum()
    answers, looks = (torch.stack(column) for column in zip(*scored, strict=True))
    return (weights * answers).sum(), (weights * looks).sum()


def prefix(model: Qwen3VLForConditionalGeneration, pages: list[DrawnPage], before: list[list[int]]) -> Past:
    """Run images, optionally behind a text of equal length, and keep what questions attend to."""
    decoder: Any = model.model.language_model
    wording, count = TinyWording(), len(before[0])
    features = model.model.get_image_features(*pixel_values(pages), return_dict=True)
    images = torch.stack(list(features.pooler_output))
    opening = torch.tensor([[*ids, *wording.before_image()] for ids in before])
    closing = torch.tensor([wording.after_image()] * len(pages))
    hidden = torch.cat([decoder.embed_tokens(opening), images, decoder.embed_tokens(closing)], 1)
    positions = prefix_positions(count)[:, None].expand(3, len(pages), -1)
    deepstack = [torch.stack(list(layer)) for layer in features.deepstack_features]
    image = slice(count + 1, count + 1 + IMAGE_TOKENS)
    return run_prefix(decoder, Body(hidden, positions, deepstack, image), PLAN)


def prefix_positions(count: int) -> Tensor:
    """Return M-RoPE ids of ``count`` tokens, the opening, the image and its closing, (3, count + 146)."""
    rows, columns = torch.meshgrid(torch.arange(9), torch.arange(IMAGE_SIDE), indexing="ij")
    start = count + 1
    image = torch.stack([torch.zeros(IMAGE_TOKENS, dtype=torch.long), rows.flatten(), columns.flatten()])
    text = torch.arange(start).expand(3, start)
    return torch.cat([text, image + start, torch.full((3, 1), start + IMAGE_SIDE)], 1)


def ask(
    model: Qwen3VLForConditionalGeneration,
    past: Past,
    pages: list[DrawnPage],
    questions: list[list[Question]],
) -> tuple[Tensor, Tensor]:
    """Return mean answer and looking losses of questions of one length, the same number per page."""
    answer, weights = run_questions(model, past, pages, questions)
    flat = [q for per_page in questions for q in per_page]
    targets = torch.tensor(np.stack([q.answer for q in flat]), dtype=torch.float32)
    logits = model.lm_head(answer.hidden).log_softmax(-1)
    loss = -(targets * logits).sum(-1).mean()
    looked = torch.stack([_looking(relevance, weights) for relevance in relevances(answer, past)])
    gaze = torch.tensor(np.stack([q.gaze for q in flat]), dtype=torch.float32) * (1 - BACKGROUND)
    gaze = torch.cat([gaze, torch.full((len(gaze), 1), BACKGROUND)], 1)
    divergence = (gaze * ((gaze + 1e-6).log() - (looked + 1e-6).log())).sum(-1)
    return loss, divergence.mean()


def run_questions(
    model: Qwen3VLForConditionalGeneration,
    past: Past,
    pages: list[DrawnPage],
    questions: list[list[Question]],
) -> tuple[Answer, Tensor]:
    """Run all questions behind their page; return answers (pages * count) and W per question."""
    decoder: Any = model.model.language_model
    count = len(questions[0])
    ids = torch.tensor([q.ids for per_page in questions for q in per_page])
    length = past.keys[0].shape[2]
    start = length - IMAGE_TOKENS - 2 + 1 + IMAGE_SIDE + 1
    positions = (torch.arange(ids.shape[1]) + start).expand(3, *ids.shape)
    body = Body(decoder.embed_tokens(ids), positions, (), slice(0, 0))
    answer = run_body(decoder, body, _repeated(past, count), PLAN)
    return answer, torch.stack([page.weights for page in pages]).repeat_interleave(count, 0)


def _repeated(past: Past, count: int) -> Past:
    def repeat(layers: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(layer.repeat_interleave(count, 0) for layer in layers)

    return Past(repeat(past.keys), repeat(past.values), repeat(past.maps))


def relevances(answer: Answer, past: Past) -> tuple[Tensor, Tensor]:
    """Return two readings of where was looked, over image tokens: rollout, and the last layers' rows."""
    length = past.keys[0].shape[2]
    image = slice(length - IMAGE_TOKENS - 1, length - 1)
    nothing = answer.rows[0].new_empty(0)
    trace = Trace(nothing, answer.rows, answer.lower_maps, image, nothing)
    rollout = Rollout(last_layers=2).relevance(trace, nothing)
    rows = torch.stack([row.mean(1) for row in answer.rows]).mean(0)
    return rollout[:, image], rows[:, image]


def _looking(relevance: Tensor, weights: Tensor) -> Tensor:
    """Pool relevance (n, tokens) to 15 slots and the background, (n, 16)."""
    amounts = torch.einsum("bnp,bp->bn", weights, relevance)
    total = relevance.sum(-1, keepdim=True)
    return torch.cat([amounts, total - amounts.sum(-1, keepdim=True)], 1) / total
