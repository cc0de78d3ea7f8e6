"""One training step, one operator, one way, in a program of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import _full_maps
from benchmarks._memory import Peak
from benchmarks._random_model import PROMPT_LENGTH, SIZES, RandomBackbone, build
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones.base import Placement, Prepared
from tuning.losses import click_loss, generalised_kl
from tuning.probing.base import ProbingOperator, look
from tuning.registry import make_operator

LONG = 1000
"""From this many tokens on a step is timed once: the first one is no slower."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is measured: an operator, where the prompt stands, which implementation."""

    size: str
    tokens: int
    device: str
    operator: str
    placement: Placement
    way: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the fastest step, and what it needed beyond weights and cached pages."""

    seconds: float
    peak_mb: float


def in_child(variant: Variant, gradient: Path) -> Measured | None:
    """Measure in a fresh program, which also writes the prompt's gradient; None: memory does not suffice."""
    command = [sys.executable, "-m", "benchmarks._training_step", json.dumps(asdict(variant)), str(gradient)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == -signal.SIGKILL or "OutOfMemoryError" in done.stderr:
        return None
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def measure(variant: Variant, gradient: Path) -> Measured:
    """Measure here."""
    size = SIZES[variant.size]
    backbone = build(size, variant.tokens, variant.device)
    shipped: Any = make_operator(variant.operator)
    operator: ProbingOperator = replace(shipped, last_layers=size.probed[variant.tokens])
    prepared = _pages(backbone, size.batch)
    for one in prepared:  # the frozen states of a page are computed once in a fit
        if variant.placement == "after-image":
            one.past(operator.plan(backbone.spec))
    prompts = _prompts(backbone, size.batch)
    step = _row_step if variant.way == "row" else _full_step
    times, peak = [], Peak(variant.device)
    for _ in range(1 if variant.tokens >= LONG else 2):
        prompts.grad = None
        started = time.perf_counter()
        step(backbone, operator, prepared, prompts, variant.placement)
        peak.wait()
        times.append(time.perf_counter() - started)
    assert prompts.grad is not None
    np.save(gradient, prompts.grad.double().cpu().numpy())
    return Measured(min(times), peak.mb())


def _pages(backbone: RandomBackbone, count: int) -> list[Prepared]:
    screens = [invented_screen(np.random.default_rng(i), f"s{i}", "rows") for i in range(count)]
    pages = [render(screen, Viewport.top_of(screen), letters=True) for screen in screens]
    return [backbone.prepare(page, ("Drama", "Horror", "Comedy")) for page in pages]


def _prompts(backbone: RandomBackbone, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    prompts = torch.randn(count, PROMPT_LENGTH, backbone.spec.width, generator=generator)
    return prompts.to(backbone.model.lm_head.weight.device).requires_grad_()


def _row_step(
    backbone: RandomBackbone,
    operator: ProbingOperator,
    prepared: Sequence[Prepared],
    prompts: Tensor,
    placement: Placement,
) -> None:
    choice = torch.zeros(len(prepared), dtype=torch.long, device=prompts.device)
    seen = look(backbone, operator, prepared, prompts, placement, choice)
    torch.autograd.backward(_loss(seen.attention, seen.log_choice))


def _full_step(
    backbone: RandomBackbone,
    operator: ProbingOperator,
    prepared: Sequence[Prepared],
    prompts: Tensor,
    placement: Placement,
) -> None:
    attention, log_choice = [], []
    for one, prompt in zip(prepared, prompts, strict=True):
        logits, maps, image = _full_maps.full_maps(backbone.model, one, prompt, placement)
        relevance = _full_maps.relevance(operator, maps, logits[0])[image]
        amounts = one.slot_weights @ relevance.to(one.slot_weights)
        attention.append(amounts / amounts.sum())
        log_choice.append(logits.float().log_softmax(-1))
    torch.autograd.backward(_loss(torch.stack(attention), torch.stack(log_choice)))


def _loss(attention: Tensor, log_choice: Tensor) -> Tensor:
    """Return the loss of a fit for gaze that falls off from slot to slot, and a click on the first."""
    falling = torch.softmax(torch.linspace(0, -2, attention.shape[1], device=attention.device), 0)
    gaze = falling.expand_as(attention)
    click = torch.zeros(len(attention), dtype=torch.long, device=attention.device)
    kl = generalised_kl(attention, gaze, torch.ones_like(gaze, dtype=torch.bool), 0.0)
    return kl + 0.1 * click_loss(log_choice, click)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Variant(**json.loads(sys.argv[1])), Path(sys.argv[2])))))
