"""A persona beside every baseline on held-out screens; nothing here is fitted, no click is looked at early.

Rows are those of `tuning.events.ROWS`. Models explain their own answer. Position baselines predict clicks
with their attention map; how well a mixture with the uniform distribution would do is reported beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray
from tuning import metrics
from tuning.backbones.base import Backbone
from tuning.baselines import PositionMap
from tuning.cohort import Cohort
from tuning.events import ROWS, TWINS, Comparison, Judged, View
from tuning.examples import Example
from tuning.foreseen import Asked, Predictor
from tuning.habit import with_uniform
from tuning.persona import Persona
from tuning.predictions import Prediction
from tuning.probing.base import ProbingOperator
from tuning.prompts import SoftPrompt, random_prompt

RANDOM_SEED_OFFSET = 1_000_003
"""Keeps the random prompt's seed away from the one the fit started from."""

NAMES = {
    "twin": "The twin",
    "twin_combined": "The combined twin",
    "shared_prompt": "the prompt shared by the cohort",
    "backbone": "the model without a prompt",
    "random_prompt": "a random prompt",
    "participant_mean": "the participant's own mean map",
    "participant_mean_genre": "the participant's own mean map with catalogue genres",
    "population_mean": "the mean map of the cohort",
    "uniform": "a uniform map",
}
_LABELS = {
    "kl": "KL",
    "js": "JS",
    "cosine": "cosine",
    "csh1": "clicked-slot hit at 1",
    "csh3": "clicked-slot hit at 3",
    "tgo3": "top-3 gaze overlap",
    "accuracy": "click accuracy",
    "logloss": "click log-loss",
    "auc": "click AUC",
}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The views that can be judged, and why others cannot.

    Attributes:
        examples: test views with attention.
        skipped: reason and number.
    """

    examples: list[Example]
    skipped: dict[str, int]


def compare(
    backbone: Backbone,
    operator: ProbingOperator,
    persona: Persona,
    cohort: Cohort | None,
    examples: Sequence[Example],
    predict: Predictor | None = None,
) -> Comparison:
    """Judge a persona on the test views among the examples.

    Args:
        backbone: the model the persona was fitted with.
        operator: the operator it was fitted with.
        persona: fitted without any of the test screens.
        cohort: for shared prompt and population mean; None leaves these rows out and says so.
        examples: of the persona's participant.
        predict: who predicts; None asks the model.

    Raises:
        PersonaMismatch: another backbone.
        NotEnoughExamples: no test view has attention.
    """
    persona.require(backbone.spec)
    signal = persona.provenance.config.eval_signal
    chosen = choose(examples, persona)
    predict = predict or Asked(backbone, operator, persona.provenance.config.placement)
    rows = predicted_rows(predict, persona, cohort, chosen.examples)
    why = f"no cohort ships for {backbone.spec.id} with these settings"
    judged = tuple(_judged(e, i, rows, persona) for i, e in enumerate(chosen.examples))
    heldout = {row: metrics.averages(j.scores[row] for j in judged) for row in rows}
    return Comparison(
        participant=persona.provenance.participant,
        backbone=backbone.spec.id,
        operator=operator.name,
        placement=persona.provenance.config.placement,
        signal=signal,
        heldout=heldout,
        smoothed_logloss=_smoothed(judged, persona.habit.uniform_shares),
        counts=_counts(chosen.examples, examples),
        skipped=chosen.skipped,
        missing={row: why for row in ROWS if row not in rows},
        verdicts=verdicts(heldout),
        judged=judged,
        unchanged=persona.provenance.unchanged,
    )


def choose(examples: Sequence[Example], persona: Persona) -> Chosen:
    """Pick the test views with attention; a view without a click is judged by attention alone.

    Raises:
        NotEnoughExamples: nothing is left.
    """
    signal = persona.provenance.config.eval_signal
    test = [e for e in examples if e.split == "test"]
    usable = [e for e in test if e.attention(signal) is not None]
    skipped = Counter(f"no {signal} dwell on any poster" for e in test if e.attention(signal) is None)
    skipped.update("no click: judged by attention alone" for e in usable if e.click is None)
    if not usable:
        raise NotEnoughExamples(
            f"None of the {len(test)} test views of {persona.provenance.participant} has {signal} dwell.",
            "A twin can only be judged on screens it was not fitted on.",
            "Record more screens, or compare with another session.",
        )
    return Chosen(usable, dict(skipped))


def predicted_rows(
    predict: Predictor, persona: Persona, cohort: Cohort | None, examples: Sequence[Example]
) -> dict[str, list[Prediction]]:
    """Predict every row for every view from page and questionnaire alone."""
    twin, bare = predict(examples, persona.prompt), predict(examples, None)
    rows = {"twin": twin, "twin_combined": _combined(persona, examples, twin, bare)}
    if cohort is not None:
        rows["shared_prompt"] = predict(examples, cohort.shared)
    rows["backbone"] = bare
    rows["random_prompt"] = predict(examples, like_random(persona.prompt, persona.provenance.config.seed))
    return rows | _position_rows(persona, cohort, examples)


def like_random(prompt: SoftPrompt, seed: int) -> SoftPrompt:
    """Return the random prompt that a fitted one has to beat."""
    return random_prompt(prompt.tokens, seed + RANDOM_SEED_OFFSET)


def verdicts(heldout: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """Say in words which rows the twins do not beat, and on what."""
    sentences = []
    for twin in (t for t in TWINS if t in heldout):
        for row in (r for r in ROWS if r not in TWINS and r in heldout):
            lost = [m for m in metrics.METRICS if _lost(heldout[twin], heldout[row], m)]
            if lost:
                listed = ", ".join(
                    f"{_LABELS[m]} {heldout[twin][m]:.3f} against {heldout[row][m]:.3f}" for m in lost
                )
                sentences.append(f"{NAMES[twin]} does not beat {NAMES[row]} on {listed}.")
    return tuple(sentences)


def _lost(twin: Mapping[str, float], other: Mapping[str, float], metric: str) -> bool:
    both = metric in twin and metric in other
    return both and not metrics.better(metric, twin[metric], other[metric])


def _combined(
    persona: Persona, examples: Sequence[Example], twin: Sequence[Prediction], bare: Sequence[Prediction]
) -> list[Prediction]:
    habit = persona.habit
    return [
        habit.pooling.combined(habit.map.predict(e.page.layout), seen, unprompted)
        for e, seen, unprompted in zip(examples, twin, bare, strict=True)
    ]


def _position_rows(
    persona: Persona, cohort: Cohort | None, examples: Sequence[Example]
) -> dict[str, list[Prediction]]:
    habit = persona.habit
    maps = {
        "participant_mean": [habit.map.predict(e.page.layout) for e in examples],
        "participant_mean_genre": [
            habit.with_genres(e.page.layout, e.page.films, e.preferred) for e in examples
        ],
        "uniform": [PositionMap.uniform().predict(e.page.layout) for e in examples],
    }
    if cohort is not None:
        maps["population_mean"] = [cohort.population.predict(e.page.layout) for e in examples]
    return {row: [Prediction(m, m) for m in found] for row, found in maps.items()}


def _judged(
    example: Example, index: int, rows: Mapping[str, Sequence[Prediction]], persona: Persona
) -> Judged:
    human = example.attention(persona.provenance.config.eval_signal)
    predicted = {row: seen[index] for row, seen in rows.items()}
    return Judged(
        trial=example.trial,
        screen=example.page.screen_id,
        viewport=example.page.viewport,
        shown=example.shown,
        films=tuple(s.film for s in example.page.layout.slots),
        human=None if human is None else _shares(human.weights),
        click=example.click,
        views={row: view_of(p) for row, p in predicted.items()},
        scores={row: _scores(example, human.weights, p) for row, p in predicted.items()} if human else {},
    )


def view_of(prediction: Prediction) -> View:
    """Return a prediction as a message."""
    return View(attention=_shares(prediction.attention), choice=_shares(prediction.choice))


def _shares(weights: FloatArray) -> tuple[float, ...]:
    return tuple(float(w) for w in weights)


def _scores(example: Example, human: FloatArray, seen: Prediction) -> dict[str, float]:
    scores = metrics.attention_scores(human, seen.attention)
    if example.click is not None:
        scores |= metrics.click_scores(seen.attention, seen.choice, example.click)
    return scores


def _smoothed(judged: Sequence[Judged], shares: Mapping[str, float]) -> dict[str, float]:
    clicked = [(j, j.click) for j in judged if j.click is not None]
    found: dict[str, float] = {}
    for row, share in shares.items():
        if clicked and row in clicked[0][0].views:
            losses = [metrics.logloss(_mixed(j, row, share), c) for j, c in clicked]
            found[row] = float(np.mean(losses))
    return found


def _mixed(judged: Judged, row: str, share: float) -> FloatArray:
    return with_uniform(np.asarray(judged.views[row].choice), share)


def _counts(chosen: Sequence[Example], examples: Sequence[Example]) -> dict[str, int]:
    return {
        "views": sum(e.split == "test" for e in examples),
        "with_attention": len(chosen),
        "with_click": sum(e.click is not None for e in chosen),
        "screens": len({e.page.screen_id for e in chosen}),
    }
