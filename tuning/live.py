"""A twin that predicts each page before it is shown and learns from it afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from protocols.geometry import FloatArray
from protocols.stimulus import Page
from tuning.backbones.base import Backbone, Prepared
from tuning.baselines import Looked, PositionMap
from tuning.cohort import Cohort
from tuning.config import FitConfig
from tuning.habit import UNFITTED, Pooling, TrainingView, fit_habit
from tuning.items import Item, item
from tuning.learner import Learner
from tuning.persona import Persona
from tuning.predictions import Prediction, predictions
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank, SoftPrompt
from tuning.tuner import fresh_bank

STEPS_PER_PAGE = 4
BATCH = 6


@dataclass(frozen=True, eq=False)
class Outlook:
    """What is expected on one page: a prediction per row, made before the page was shown."""

    prepared: Prepared
    rows: dict[str, Prediction]


@dataclass(frozen=True, eq=False)
class Memory:
    """One page that was observed.

    Attributes:
        item: for learning.
        view: for position habits, with the prediction made before the page was shown.
    """

    item: Item
    view: TrainingView


class LiveTwin:
    """One participant during a session; every prediction comes before the page it is for."""

    def __init__(
        self,
        backbone: Backbone,
        operator: ProbingOperator,
        config: FitConfig,
        cohort: Cohort | None,
        participant: str,
        persona: Persona | None = None,
    ) -> None:
        self._backbone, self._operator, self._config, self._cohort = backbone, operator, config, cohort
        self._participant, self._persona = participant, persona
        self._bank = self._start()
        self._learner = Learner(backbone, operator, self._bank, config)
        self._habit = None if persona is None else persona.habit
        self._memories: list[Memory] = []
        self._outlooks: dict[tuple[str, tuple[str, ...]], Outlook] = {}
        self._rng = np.random.default_rng(config.seed)

    @property
    def observed(self) -> int:
        """Pages learned from so far."""
        return len(self._memories)

    def predict(self, page: Page, preferred: tuple[str, ...]) -> dict[str, Prediction]:
        """Predict a page that has not been shown, per row that is available."""
        prepared = self._backbone.prepare(page, preferred)
        twin = self._seen(prepared, self._bank.prompt(self._participant))
        bare = self._seen(prepared, None)
        rows = {"twin": twin, "twin_combined": self._combined(page, twin, bare), "backbone": bare}
        if self._cohort is not None:
            rows["shared_prompt"] = self._seen(prepared, self._cohort.shared)
        rows |= {row: Prediction(m, m) for row, m in self._maps(page, preferred).items()}
        self._outlooks[page.digest, preferred] = Outlook(prepared, rows)
        return rows

    def observe(
        self, page: Page, preferred: tuple[str, ...], gaze: FloatArray, click: int | None, budget_s: float
    ) -> int:
        """Learn from a page.

        Args:
            page: was predicted before, or is predicted now, before anything is learned from it.
            preferred: genres from the questionnaire.
            gaze: attention (slots,), summing to 1.
            click: clicked slot.
            budget_s: no step is begun after this time.

        Returns:
            The number of optimiser steps made.
        """
        started = time.perf_counter()
        if (page.digest, preferred) not in self._outlooks:
            self.predict(page, preferred)
        outlook = self._outlooks.pop((page.digest, preferred))
        self._memories.append(_memory(outlook, page, preferred, gaze, click, self._participant))
        if self._persona is None:
            views = [m.view for m in self._memories]
            self._habit = fit_habit(views, self._population(), self._centre())
        steps = 0
        while steps < STEPS_PER_PAGE and time.perf_counter() - started < budget_s:
            self._learner.step(self._batch())
            steps += 1
        return steps

    def _start(self) -> PromptBank:
        if self._persona is not None:
            return _around(self._persona.prompt, self._participant)
        if self._cohort is None:
            return fresh_bank(self._backbone, [self._participant], self._config)
        personal = self._config.personal_prompt
        return self._cohort.bank.newcomer(self._participant, None, personal=personal)

    def _seen(self, prepared: Prepared, prompt: SoftPrompt | None) -> Prediction:
        return predictions(self._backbone, self._operator, [prepared], prompt, self._config.placement)[0]

    def _combined(self, page: Page, twin: Prediction, bare: Prediction) -> Prediction:
        prior = (self._habit.map if self._habit else self._population()).predict(page.layout)
        pooling = self._habit.pooling if self._habit else self._centre()
        return pooling.combined(prior, twin, bare)

    def _maps(self, page: Page, preferred: Sequence[str]) -> dict[str, FloatArray]:
        maps = {"uniform": PositionMap.uniform().predict(page.layout)}
        if self._cohort is not None:
            maps["population_mean"] = self._cohort.population.predict(page.layout)
        if self._habit is not None:
            maps["participant_mean"] = self._habit.map.predict(page.layout)
            maps["participant_mean_genre"] = self._habit.with_genres(page.layout, page.films, preferred)
        return maps

    def _batch(self) -> list[Item]:
        """Return the newest page and some earlier ones of the same length."""
        newest = self._memories[-1].item
        alike = [m.item for m in self._memories[:-1] if _length(m.item) == _length(newest)]
        drawn = self._rng.permutation(len(alike))[: BATCH - 1]
        return [newest, *(alike[i] for i in drawn)]

    def _population(self) -> PositionMap:
        return PositionMap.uniform() if self._cohort is None else self._cohort.population

    def _centre(self) -> Pooling:
        return UNFITTED if self._cohort is None else self._cohort.pooling


def _around(prompt: SoftPrompt, participant: str) -> PromptBank:
    """Return a bank that starts at a finished prompt and learns a personal addition to it."""
    only = torch.zeros(1)
    bank = PromptBank([participant], prompt.tokens[None], only[None], only, torch.zeros_like(prompt.tokens))
    bank.basis.requires_grad_(False)
    return bank


def _memory(
    outlook: Outlook,
    page: Page,
    preferred: tuple[str, ...],
    gaze: FloatArray,
    click: int | None,
    participant: str,
) -> Memory:
    looked = Looked(page.layout, page.films, gaze, page.screen_id)
    learned = item(outlook.prepared, gaze, click, outlook.rows["backbone"].choice, participant, page.digest)
    known = TrainingView(looked, preferred, click, outlook.rows["twin"], outlook.rows["backbone"])
    return Memory(learned, known)


def _length(item: Item) -> tuple[int, int]:
    return len(item.prepared.prefix), len(item.prepared.question)
