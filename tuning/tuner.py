"""Fitting soft prompts: a generator of typed events, deterministic per seed, cancelled by closing it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray
from tuning import metrics
from tuning.backbones.base import Backbone, Prepared
from tuning.config import FitConfig
from tuning.events import Evaluated, Step, Warned
from tuning.examples import Example, Split
from tuning.losses import anchor_loss, click_loss, generalised_kl, paper_kl
from tuning.predictions import Prediction, length_groups, predictions
from tuning.probing.base import Look, ProbingOperator, look
from tuning.prompts import PromptBank

FitEvent = Step | Evaluated | Warned


@dataclass(frozen=True, eq=False)
class Item:
    """One example that can be fitted.

    Attributes:
        prepared: for the model, computed once.
        gaze: (slots,), fp32.
        click: slot, -1 for none.
        bare: click probabilities of the model without a prompt, (slots,), fp32.
        participant: pseudonym.
    """

    prepared: Prepared
    gaze: Tensor
    click: int
    bare: Tensor
    participant: str


@dataclass(frozen=True, eq=False)
class Fitted:
    """Where a fit ended.

    Attributes:
        bank: prompts at the best step.
        step: the best step, 0 when no step was better than the start.
        scores: on validation screens at that step; empty without validation screens.
    """

    bank: PromptBank
    step: int
    scores: dict[str, float]


def fit(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    config: FitConfig,
    bank: PromptBank | None = None,
) -> Generator[FitEvent, None, Fitted]:
    """Fit prompts of the examples' participants.

    Test examples are ignored. The best state on validation screens is kept, by KL and log-loss weighed as in
    the fit; the start counts too.

    Args:
        backbone: frozen.
        operator: how attention is read.
        examples: of one or several participants.
        config: settings.
        bank: with a bank, its basis is frozen and the one participant of the examples is a newcomer to it.

    Returns:
        As the generator's value: ``fitted = yield from fit(...)``.

    Raises:
        NotEnoughExamples: nothing to fit, or several newcomers at once.
    """
    train = items(backbone, operator, examples, config, "train")
    val = items(backbone, operator, examples, config, "val")
    _refuse_empty(train, config)
    current = _start(backbone, operator, train, val, config, bank)
    keeper = _Keeper(backbone, operator, val, config)
    if not val:
        yield Warned(
            what="There are no validation screens with attention.",
            why="The last step is kept, whether it is the best or not.",
            fix="Record more screens.",
        )
    yield from keeper.look(0, current)
    learner = Learner(backbone, operator, current, config, warmed_cosine(config))
    for step, batch in zip(range(1, config.steps + 1), _batches(train, config), strict=False):
        yield learner.step(batch)
        if step % config.evaluate_every == 0 or step == config.steps:
            yield from keeper.look(step, current)
            if keeper.stale >= config.patience:
                break
    return keeper.fitted(current, step)


def items(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    config: FitConfig,
    split: Split,
) -> list[Item]:
    """Prepare the examples of one split that carry the signal; `paper` fits views with a click only."""
    signal = config.train_signal if split == "train" else config.eval_signal
    needs_click = config.objective == "paper" and split == "train"
    seen = [(e, e.attention(signal)) for e in examples if e.split == split]
    usable = [(e, a) for e, a in seen if a is not None and not (needs_click and e.click is None)]
    prepared = [backbone.prepare(e.page, e.preferred) for e, _ in usable]
    bare = predictions(backbone, operator, prepared, None, config.placement)
    return [
        item(page, attention.weights, example.click, model.choice, example.participant)
        for (example, attention), page, model in zip(usable, prepared, bare, strict=True)
    ]


def item(prepared: Prepared, gaze: FloatArray, click: int | None, bare: FloatArray, participant: str) -> Item:
    """Return an item from attention and the bare model's click probabilities, both (slots,)."""
    return Item(
        prepared=prepared,
        gaze=torch.tensor(gaze, dtype=torch.float32),
        click=-1 if click is None else click,
        bare=torch.tensor(bare, dtype=torch.float32),
        participant=participant,
    )


def fresh_bank(backbone: Backbone, participants: Sequence[str], config: FitConfig) -> PromptBank:
    """Return a random bank for the named participants."""
    shape = (config.basis_size, config.prompt_length, backbone.spec.width)
    scale = config.prompt_scale * backbone.spec.embedding_rms
    return PromptBank.fresh(list(dict.fromkeys(participants)), shape, scale, config.seed)


def most_alike(
    backbone: Backbone,
    operator: ProbingOperator,
    train: Sequence[Item],
    bank: PromptBank,
    config: FitConfig,
) -> str:
    """Return whose prompt in the bank explains a newcomer's training pages best, by KL plus log-loss.

    Gradients alone would have to travel from the mean of everybody to the right kind of viewer in few steps.
    """
    prepared = [i.prepared for i in train]

    def loss(name: str) -> float:
        seen = predictions(backbone, operator, prepared, bank.prompt(name), config.placement)
        return _worth(scores_of(train, seen), config)

    return min(bank.participants, key=loss)


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


class Learner:
    """Makes optimiser steps on a bank: AdamW in fp32, clipped gradients."""

    def __init__(
        self,
        backbone: Backbone,
        operator: ProbingOperator,
        bank: PromptBank,
        config: FitConfig,
        rate: Callable[[int], float] = steady,
    ) -> None:
        self._backbone, self._operator, self._bank, self._config = backbone, operator, bank, config
        self._done = 0
        unit = backbone.spec.embedding_rms
        groups = [{"params": [bank.logits], "lr": config.coefficient_rate}]
        if bank.basis.requires_grad:
            groups.append({"params": [bank.basis], "lr": config.basis_rate * unit})
        if bank.personal is not None:
            groups.append({"params": [bank.personal], "lr": config.personal_rate * unit})
        self._parameters = [p for group in groups for p in group["params"]]  # type: ignore[attr-defined]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, rate)

    def step(self, batch: Sequence[Item]) -> Step:
        """Make one step on examples of equal length and say how it went."""
        self._optimiser.zero_grad(set_to_none=True)
        with torch.enable_grad():
            attention, click, anchor = self._losses(batch)
            config = self._config
            penalty = config.anchor_weight * anchor + self._penalty()
            loss = config.attention_weight * attention + config.click_weight * click + penalty
        torch.autograd.backward(loss, inputs=self._parameters)
        torch.nn.utils.clip_grad_norm_(self._parameters, config.clip_norm)
        self._optimiser.step()
        self._schedule.step()
        self._done += 1
        return Step(
            step=self._done,
            total=self._config.steps,
            loss=loss.item(),
            attention=attention.item(),
            click=click.item(),
            penalty=penalty.item(),
        )

    def _losses(self, batch: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor]:
        clicks = torch.tensor([i.click for i in batch])
        seen = self._look(batch, clicks)
        slots = seen.attention.shape[1]
        gaze, present = _padded([i.gaze for i in batch], slots)
        bare, _ = _padded([i.bare for i in batch], slots)
        measure = paper_kl if self._config.objective == "paper" else generalised_kl
        attention = measure(seen.attention, gaze, present, self._config.weight_power)
        return attention, click_loss(seen.log_choice, clicks), anchor_loss(seen.log_choice, bare)

    def _look(self, batch: Sequence[Item], clicks: Tensor) -> Look:
        return look(
            self._backbone,
            self._operator,
            [i.prepared for i in batch],
            self._bank.prompts([i.participant for i in batch]),
            self._config.placement,
            clicks if self._config.objective == "paper" else None,
        )

    def _penalty(self) -> Tensor:
        drift = (self._bank.logits - self._bank.start).square().sum(-1).mean()
        penalty = self._config.coefficient_penalty * drift
        if self._bank.personal is None:
            return penalty
        relative = self._bank.personal / self._backbone.spec.embedding_rms
        return penalty + self._config.personal_penalty * relative.square().mean()


class _Keeper:
    """Looks at the validation screens and keeps the best state."""

    def __init__(
        self, backbone: Backbone, operator: ProbingOperator, val: Sequence[Item], config: FitConfig
    ) -> None:
        self._backbone, self._operator, self._val, self._config = backbone, operator, val, config
        self._best: tuple[int, dict[str, float], PromptBank] | None = None
        self.stale = 0

    def look(self, step: int, bank: PromptBank) -> Iterator[Evaluated]:
        """Score a state; nothing without validation screens."""
        if not self._val:
            return
        scores = validation_scores(self._backbone, self._operator, self._val, bank, self._config)
        better = self._best is None or _worth(scores, self._config) < _worth(self._best[1], self._config)
        self.stale = 0 if better else self.stale + 1
        if better:
            self._best = (step, scores, copy.deepcopy(bank))
        yield Evaluated(step=step, scores=scores, best=better)

    def fitted(self, last: PromptBank, step: int) -> Fitted:
        """Return the best state, or the last one when there was nothing to judge by."""
        if self._best is None:
            return Fitted(last, step, {})
        best_step, scores, bank = self._best
        return Fitted(bank, best_step, scores)


def validation_scores(
    backbone: Backbone,
    operator: ProbingOperator,
    val: Sequence[Item],
    bank: PromptBank,
    config: FitConfig,
) -> dict[str, float]:
    """Return mean KL, and mean log-loss where there are clicks; the model's own answer is explained."""
    seen: dict[int, Prediction] = {}
    for participant in dict.fromkeys(i.participant for i in val):
        own = [n for n, i in enumerate(val) if i.participant == participant]
        prompt = bank.prompt(participant)
        found = predictions(backbone, operator, [val[n].prepared for n in own], prompt, config.placement)
        seen.update(zip(own, found, strict=True))
    return scores_of(val, [seen[n] for n in range(len(val))])


def scores_of(expected: Sequence[Item], seen: Sequence[Prediction]) -> dict[str, float]:
    """Return mean KL, and mean log-loss where there are clicks."""
    rows = []
    for page, found in zip(expected, seen, strict=True):
        row = {"kl": metrics.kl(page.gaze.double().numpy(), found.attention)}
        if page.click >= 0:
            row["logloss"] = metrics.logloss(found.choice, page.click)
        rows.append(row)
    return metrics.averages(rows)


def _worth(scores: dict[str, float], config: FitConfig) -> float:
    """Weigh KL and log-loss as the fit does."""
    return config.attention_weight * scores["kl"] + config.click_weight * scores.get("logloss", 0.0)


def _start(
    backbone: Backbone,
    operator: ProbingOperator,
    train: Sequence[Item],
    val: Sequence[Item],
    config: FitConfig,
    bank: PromptBank | None,
) -> PromptBank:
    names = list(dict.fromkeys(i.participant for i in [*train, *val]))
    if bank is None:
        return fresh_bank(backbone, names, config)
    if len(names) != 1:
        raise NotEnoughExamples(
            f"{len(names)} participants ({', '.join(names)}) are fitted to a finished basis at once.",
            "Each newcomer has its own best step.",
            "Fit one newcomer at a time.",
        )
    like = most_alike(backbone, operator, train, bank, config)
    return bank.newcomer(names[0], like, personal=config.personal_prompt)


def _batches(train: Sequence[Item], config: FitConfig) -> Iterator[list[Item]]:
    """Yield batches of equal length for ever, every example once an epoch, order drawn from the seed."""
    rng = np.random.default_rng(config.seed)
    groups = length_groups([i.prepared for i in train])
    size = config.batch_size
    while True:
        epoch = []
        for group in groups:
            order = rng.permutation(group)
            epoch += [order[i : i + size] for i in range(0, len(order), size)]
        for index in rng.permutation(len(epoch)):
            yield [train[i] for i in epoch[index]]


def _padded(shares: Sequence[Tensor], slots: int) -> tuple[Tensor, Tensor]:
    """Return shares (B, slots) with zeros beyond each example's slots, and where slots exist."""
    padded, present = torch.zeros(len(shares), slots), torch.zeros(len(shares), slots, dtype=torch.bool)
    for row, weights in enumerate(shares):
        padded[row, : len(weights)] = weights
        present[row, : len(weights)] = True
    return padded, present


def _refuse_empty(train: Sequence[Item], config: FitConfig) -> None:
    if not train:
        raise NotEnoughExamples(
            f"No training view has {config.train_signal} dwell on a poster"
            + (" and a click." if config.objective == "paper" else "."),
            "There is nothing to fit.",
            "Record more pages, or check the session with `gazetwin check`.",
        )
