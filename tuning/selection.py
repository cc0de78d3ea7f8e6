"""Which step of a fit is kept: scores on validation screens, where the model explains its own answer."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuning import metrics
from tuning.backbones.base import Backbone
from tuning.config import FitConfig
from tuning.events import Evaluated
from tuning.items import Item
from tuning.predictions import Prediction, predictions
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank

COARSE_SLOTS = 5


@dataclass(frozen=True, eq=False)
class Best:
    """The best state so far.

    Attributes:
        step: when it was reached.
        scores: on validation screens.
        bank: a copy.
    """

    step: int
    scores: dict[str, float]
    bank: PromptBank


class Keeper:
    """Looks at the validation screens and keeps the best state.

    Attributes:
        best: None before the first look.
        looked: step of the last look, -1 before the first.
        stale: looks since the best one.
    """

    def __init__(
        self, backbone: Backbone, operator: ProbingOperator, val: Sequence[Item], config: FitConfig
    ) -> None:
        self._backbone, self._operator, self._val, self._config = backbone, operator, val, config
        self.best: Best | None = None
        self.looked = -1
        self.stale = 0

    def look(self, step: int, bank: PromptBank) -> Iterator[Evaluated]:
        """Score a state; nothing without validation screens."""
        if not self._val:
            return
        scores = validation_scores(self._backbone, self._operator, self._val, bank, self._config)
        better = self.best is None or badness(scores, self._config) < badness(self.best.scores, self._config)
        self.stale = 0 if better else self.stale + 1
        self.looked = step
        if better:
            self.best = Best(step, scores, copy.deepcopy(bank))
        yield Evaluated(step=step, scores=scores, best=better)


def validation_scores(
    backbone: Backbone,
    operator: ProbingOperator,
    val: Sequence[Item],
    bank: PromptBank,
    config: FitConfig,
) -> dict[str, float]:
    """Return mean scores; those of clicks where there are clicks. The model's own answer is explained."""
    seen: dict[int, Prediction] = {}
    for participant in dict.fromkeys(i.participant for i in val):
        own = [n for n, i in enumerate(val) if i.participant == participant]
        prompt = bank.prompt(participant)
        found = predictions(backbone, operator, [val[n].prepared for n in own], prompt, config.placement)
        seen.update(zip(own, found, strict=True))
    return scores_of(val, [seen[n] for n in range(len(val))], config)


def scores_of(expected: Sequence[Item], seen: Sequence[Prediction], config: FitConfig) -> dict[str, float]:
    """Return the means of the scores that the objective selects by."""
    rows = (_row(page, found, config) for page, found in zip(expected, seen, strict=True))
    return metrics.averages(rows)


def badness(scores: dict[str, float], config: FitConfig) -> float:
    """Weigh scores, less being better: KL and log-loss as in the fit, or the paper's epoch score.

    The paper's score (its ``composite_align_v1``) is 0.10 cosine + 0.20 CSH@1 + 0.25 CSH@3 + 0.20 TGO@3
    + 0.25 accuracy - 0.10 JS over the five most looked-at slots and the rest.
    """
    if config.objective == "paper":
        shares = {"cosine": 0.10, "csh1": 0.20, "csh3": 0.25, "tgo3": 0.20, "accuracy": 0.25}
        gained = sum(share * scores.get(name, 0.0) for name, share in shares.items())
        return 0.10 * scores["coarse_js"] - gained
    return config.attention_weight * scores["kl"] + config.click_weight * scores.get("logloss", 0.0)


def _row(page: Item, found: Prediction, config: FitConfig) -> dict[str, float]:
    human = page.gaze.double().numpy()
    if config.objective == "paper":
        row = metrics.attention_scores(human, found.attention)
        row["coarse_js"] = metrics.coarse_js(human, found.attention, COARSE_SLOTS)
        if page.click >= 0:
            row |= metrics.click_scores(found.attention, found.choice, page.click)
        return row
    row = {"kl": metrics.kl(human, found.attention)}
    if page.click >= 0:
        row["logloss"] = metrics.logloss(found.choice, page.click)
    return row
