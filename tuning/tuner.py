"""Fitting soft prompts: a generator of typed events, deterministic per seed, cancelled by closing it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from protocols.errors import NotEnoughExamples, TuningError
from protocols.wire import Progress
from tuning.backbones.base import Backbone
from tuning.config import FitConfig
from tuning.events import Evaluated, Step, Warned
from tuning.examples import Example
from tuning.items import Item, items
from tuning.learner import Learner, warmed_cosine
from tuning.newcomers import search
from tuning.predictions import length_groups, predictions
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank
from tuning.savepoint import Savepoint, fit_key
from tuning.selection import Keeper, badness, scores_of, validation_scores

FitEvent = Progress | Step | Evaluated | Warned


@dataclass(frozen=True, eq=False)
class Fitted:
    """Where a fit ended.

    Attributes:
        bank: prompts at the best step.
        step: the best step, 0 when no step was better than the start.
        scores: on validation screens at that step; empty without validation screens.
        like: earlier participant whose prompt the fit started from, see `most_alike`; empty for none.
    """

    bank: PromptBank
    step: int
    scores: dict[str, float]
    like: str = ""


def fit(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    config: FitConfig,
    bank: PromptBank | None = None,
    savepoint: Path | None = None,
) -> Generator[FitEvent, None, Fitted]:
    """Fit prompts of the examples' participants.

    Test examples are ignored. The best state on validation screens is kept, by KL and log-loss weighed as in
    the fit (or the paper's epoch score); the start counts too.

    Args:
        backbone: frozen.
        operator: how attention is read.
        examples: of one or several participants.
        config: settings.
        bank: with a bank, its basis is frozen and the one participant of the examples is a newcomer to it.
        savepoint: file that keeps an unfinished fit; the same call with the same file goes on where it was
            closed, or some seconds before it was killed. The caller deletes it when the result is safe.

    Returns:
        As the generator's value: ``fitted = yield from fit(...)``.

    Raises:
        NotEnoughExamples: nothing to fit, or several newcomers at once.
        TuningError: a search without a bank to search in.
        PersonaMismatch: the savepoint is of another fit.
    """
    train = yield from items(backbone, operator, examples, config, "train")
    val = yield from items(backbone, operator, examples, config, "val")
    _refuse_empty(train, config)
    if config.method == "search":
        return (yield from _searched(backbone, operator, train, val, config, bank))
    current, like = _start(backbone, operator, train, val, config, bank)
    keeper = Keeper(backbone, operator, val, config)
    learner = Learner(backbone, operator, current, config, warmed_cosine(config))
    saved = Savepoint(
        savepoint, fit_key(backbone.spec, operator, examples, config, bank), current, learner, keeper
    )
    if not val:
        yield _unjudged()
    if saved.restore():
        words = f"Going on from step {learner.done} of {config.steps}"
        yield Progress(done=learner.done, total=config.steps, unit="steps", message=words)
    try:
        yield from _steps(learner, keeper, saved, current, train, config)
    except GeneratorExit:
        saved.save()
        raise
    saved.save()
    if keeper.best is None:
        return Fitted(current, learner.done, {}, like)
    return Fitted(keeper.best.bank, keeper.best.step, keeper.best.scores, like)


def _steps(
    learner: Learner,
    keeper: Keeper,
    saved: Savepoint,
    bank: PromptBank,
    train: Sequence[Item],
    config: FitConfig,
) -> Iterator[Step | Evaluated]:
    """Look when it is time, then make the next step; so a fit can go on from any state in between."""
    coming = islice(_batches(train, config), learner.done, None)
    while True:
        due = learner.done % config.evaluate_every == 0 or learner.done >= config.steps
        if due and keeper.looked < learner.done:
            yield from keeper.look(learner.done, bank)
        if learner.done >= config.steps or keeper.stale >= config.patience:
            return
        yield learner.step(next(coming))
        saved.now_and_then()


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
    """Return whose prompt in the bank explains a newcomer's training pages best, by the score of the fit.

    Gradients alone would have to travel from the mean of everybody to the right kind of viewer in few steps.
    """
    prepared = [i.prepared for i in train]

    def loss(name: str) -> float:
        seen = predictions(backbone, operator, prepared, bank.prompt(name), config.placement)
        return badness(scores_of(train, seen, config), config)

    return min(bank.participants, key=loss)


def _start(
    backbone: Backbone,
    operator: ProbingOperator,
    train: Sequence[Item],
    val: Sequence[Item],
    config: FitConfig,
    bank: PromptBank | None,
) -> tuple[PromptBank, str]:
    names = list(dict.fromkeys(i.participant for i in [*train, *val]))
    if bank is None:
        return fresh_bank(backbone, names, config), ""
    _refuse_several(names)
    like = most_alike(backbone, operator, train, bank, config)
    return bank.newcomer(names[0], like, personal=config.personal_prompt), like


def _refuse_several(names: Sequence[str]) -> None:
    if len(names) != 1:
        raise NotEnoughExamples(
            f"{len(names)} participants ({', '.join(names)}) are fitted to a finished basis at once.",
            "Each newcomer has its own best step.",
            "Fit one newcomer at a time.",
        )


def _searched(
    backbone: Backbone,
    operator: ProbingOperator,
    train: Sequence[Item],
    val: Sequence[Item],
    config: FitConfig,
    bank: PromptBank | None,
) -> Generator[FitEvent, None, Fitted]:
    """Find a newcomer's coefficients without an optimiser, as for many newcomers at once."""
    bank = searchable(bank)
    names = list(dict.fromkeys(i.participant for i in [*train, *val]))
    _refuse_several(names)
    shares = yield from search(backbone, operator, [train], bank, config)
    own = bank.mixed(names[0], shares[0])
    scores = validation_scores(backbone, operator, val, own, config) if val else {}
    return Fitted(own, 0, scores)


def searchable(bank: PromptBank | None) -> PromptBank:
    """Return the bank to search in.

    Raises:
        TuningError: there is none.
    """
    if bank is None:
        raise TuningError(
            "No cohort suits the model and the settings, so there is nobody to search among.",
            "A search tries mixtures of their prompts and makes none of its own.",
            "Name a cohort, use the default settings with carousel-tiny, or fit by steps.",
        )
    return bank


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


def _unjudged() -> Warned:
    return Warned(
        what="There are no validation screens with attention.",
        why="The last step is kept, whether it is the best or not.",
        fix="Record more screens.",
    )


def _refuse_empty(train: Sequence[Item], config: FitConfig) -> None:
    if not train:
        raise NotEnoughExamples(
            f"No training view has {config.train_signal} dwell on a poster"
            + (" and a click." if config.objective == "paper" else "."),
            "There is nothing to fit.",
            "Record more pages, or check the session with `gazetwin check`.",
        )
