"""One optimiser step after another on a bank of prompts, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from tuning.backbones.base import Backbone, Plan
from tuning.config import FitConfig
from tuning.events import Step
from tuning.items import Item, padded
from tuning.losses import anchor_loss, click_loss, generalised_kl, paper_kl
from tuning.probing.base import ProbingOperator, look
from tuning.prompts import PromptBank

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_ANSWER_ONLY = Plan(last_layers=1, lower_rows=False, gradients=False)


def steady(step: int) -> float:  # noqa: ARG001 - a schedule is a function of the step
    """Return the share of the learning rate at a step: all of it."""
    return 1.0


def warmed_cosine(config: FitConfig) -> Callable[[int], float]:
    """Return a schedule: linear warm-up, then a cosine to zero at the last step."""

    def rate(step: int) -> float:
        warm = config.warmup_steps
        if step < warm:
            return (step + 1) / (warm + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(config.steps - warm, 1)))

    return rate


def attention_share(step: int, warmup_steps: int) -> float:
    """Return the share of the attention weight: 0 for W steps, then rising linearly to 1 over W more."""
    if warmup_steps == 0:
        return 1.0
    return min(max((step - warmup_steps) / warmup_steps, 0.0), 1.0)


class Learner:
    """Makes optimiser steps on a bank: AdamW in fp32, clipped gradients.

    Attributes:
        done: steps made.
    """

    def __init__(
        self,
        backbone: Backbone,
        operator: ProbingOperator,
        bank: PromptBank,
        config: FitConfig,
        rate: Callable[[int], float] = steady,
    ) -> None:
        self._backbone, self._operator, self._bank, self._config = backbone, operator, bank, config
        self._rate, self.done = rate, 0
        unit = backbone.spec.embedding_rms
        groups: list[dict[str, Any]] = [{"params": [bank.logits], "lr": config.coefficient_rate}]
        if bank.basis.requires_grad:
            groups.append({"params": [bank.basis], "lr": config.basis_rate * unit})
        if bank.personal is not None:
            groups.append({"params": [bank.personal], "lr": config.personal_rate * unit})
        self._full_rates = [group["lr"] for group in groups]
        self._parameters: list[Tensor] = [p for group in groups for p in group["params"]]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.0)

    def step(self, batch: Sequence[Item]) -> Step:
        """Make one step on examples of equal length and say how it went."""
        self._optimiser.zero_grad(set_to_none=True)
        config = self._config
        share = attention_share(self.done, config.attention_warmup_steps)
        with torch.enable_grad():
            attention, click, anchor = self._losses(batch, probed=share * config.attention_weight > 0)
            penalty = config.anchor_weight * anchor + self._penalty()
            loss = share * config.attention_weight * attention + config.click_weight * click + penalty
        torch.autograd.backward(loss, inputs=self._parameters)
        self._clip()
        for group, full in zip(self._optimiser.param_groups, self._full_rates, strict=True):
            group["lr"] = full * self._rate(self.done)
        self._optimiser.step()
        self.done += 1
        return Step(
            step=self.done,
            total=config.steps,
            loss=loss.item(),
            attention=attention.item(),
            click=click.item(),
            penalty=penalty.item(),
        )

    def moments(self) -> dict[str, Tensor]:
        """Return the optimiser's state as named tensors."""
        state = self._optimiser.state_dict()["state"]
        return {f"{index}.{name}": state[index][name].clone() for index in state for name in _MOMENTS}

    def restore(self, done: int, moments: Mapping[str, Tensor]) -> None:
        """Continue after ``done`` steps with the optimiser's state as it was."""
        state = self._optimiser.state_dict()
        known = sorted({int(name.split(".")[0]) for name in moments})
        state["state"] = {i: {name: moments[f"{i}.{name}"] for name in _MOMENTS} for i in known}
        self._optimiser.load_state_dict(state)
        self.done = done

    def _losses(self, batch: Sequence[Item], *, probed: bool) -> tuple[Tensor, Tensor, Tensor]:
        clicks = torch.tensor([i.click for i in batch])
        attention, log_choice = self._seen(batch, clicks, probed=probed)
        bare, _ = padded([i.bare for i in batch], log_choice.shape[1])
        return attention, click_loss(log_choice, clicks), anchor_loss(log_choice, bare)

    def _seen(self, batch: Sequence[Item], clicks: Tensor, *, probed: bool) -> tuple[Tensor, Tensor]:
        """Return the attention loss and the log probabilities; a loss without weight is not computed."""
        prompts = self._bank.prompts([i.participant for i in batch])
        prepared, placement = [i.prepared for i in batch], self._config.placement
        if not probed:
            plan = replace(_ANSWER_ONLY, recompute=self._config.recompute)
            trace = self._backbone.trace(prepared, prompts, placement, plan)
            return prompts.new_zeros(()), torch.log_softmax(trace.letter_logits, dim=-1).cpu()
        paper = self._config.objective == "paper"
        seen = look(
            self._backbone,
            self._operator,
            prepared,
            prompts,
            placement,
            clicks if paper else None,
            recompute=self._config.recompute,
        )
        gaze, present = padded([i.gaze for i in batch], seen.attention.shape[1])
        measure = paper_kl if paper else generalised_kl
        return measure(seen.attention, gaze, present, self._config.weight_power), seen.log_choice

    def _penalty(self) -> Tensor:
        drift = (self._bank.logits - self._bank.start).square().sum(-1).mean()
        penalty = self._config.coefficient_penalty * drift
        if self._bank.personal is None:
            return penalty
        relative = self._bank.personal / self._backbone.spec.embedding_rms
        return penalty + self._config.personal_penalty * relative.square().mean()

    def _clip(self) -> None:
        config, basis = self._config, self._bank.basis
        together = self._parameters
        if config.basis_clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([basis], config.basis_clip_norm)
            together = [p for p in self._parameters if p is not basis]
        torch.nn.utils.clip_grad_norm_(together, config.clip_norm)
