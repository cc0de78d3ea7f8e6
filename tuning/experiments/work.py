"""Computes one cell. Importing this loads torch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray
from tuning import metrics
from tuning.backbones.base import Backbone
from tuning.baselines import PositionMap
from tuning.cohort import POPULATION_SMOOTHING, Cohort, fit_cohort, looked_of, shipped_cohort
from tuning.config import FitConfig
from tuning.events import Comparison
from tuning.examples import Example
from tuning.experiments.cells import NEW_PEOPLE, Cell
from tuning.experiments.people import Person, SyntheticPerson
from tuning.experiments.results import CellResult, ScoredPerson, ScoredView
from tuning.fitting import fit_persona, judged_persona
from tuning.losses import importance
from tuning.predictions import Prediction
from tuning.recordings import Material
from tuning.registry import load_backbone, make_operator
from tuning.splits import without_films_of_test
from tuning.taken import last
from tuning.tuner import fit
from tuning.versions import versions

FILMS_APART = ("new-screens", "new-both")
FILMS_SKIPPED = "training view shows a film of a held-out page"
PEOPLE_KEPT = 64


def compute(cell: Cell) -> CellResult:
    """Compute a cell: deterministic but for the seconds.

    Raises:
        GazeTwinError: nothing of it can be computed: no such operator or model, or nobody to fit.
    """
    started = time.perf_counter()
    people, unusable = _WORK[cell.work](cell)
    return CellResult(
        digest=cell.digest,
        words=cell.words(),
        people=people,
        unusable=unusable,
        seconds=time.perf_counter() - started,
        versions=versions(),
    )


Scored = tuple[dict[str, ScoredPerson], dict[str, str]]


def _maps(cell: Cell) -> Scored:
    """Score what positions alone tell, and the true policy of invented participants."""
    config = cell.config
    seen = {person.pseudonym: _material(person, cell) for person in cell.judged}
    truths = {p.pseudonym: p.truth() for p in cell.judged if isinstance(p, SyntheticPerson)}
    people, unusable = {}, {}
    for name, (material, skipped) in seen.items():
        others = [m.examples for n, (m, _) in seen.items() if n != name or cell.split not in NEW_PEOPLE]
        population = _population(others, cell, config)
        try:
            people[name] = _scored_maps(material, population, truths.get(name, {}), config, skipped)
        except NotEnoughExamples as error:
            unusable[name] = error.what
    return people, unusable


def _population(everybody: Sequence[Sequence[Example]], cell: Cell, config: FitConfig) -> PositionMap:
    views = [e for examples in everybody for e in examples]
    if cell.split == "new-participants":  # the others may have seen the held-out screens
        views = [replace(e, split="train") for e in views]
    return PositionMap.of(looked_of(views, config, "train"), POPULATION_SMOOTHING)


def _scored_maps(
    material: Material,
    population: PositionMap,
    truth: Mapping[int, Prediction],
    config: FitConfig,
    skipped: dict[str, int],
) -> ScoredPerson:
    maps = {"population_mean": population, "uniform": PositionMap.uniform()}
    views = []
    for example in material.examples:
        human = example.attention(config.eval_signal)
        if example.split != "test" or human is None:
            continue
        flat = {row: known.predict(example.page.layout) for row, known in maps.items()}
        rows = {row: Prediction(seen, seen) for row, seen in flat.items()}
        if example.trial in truth:
            rows["true_policy"] = truth[example.trial]
        scores = {row: _view_scores(human.weights, seen, example.click) for row, seen in rows.items()}
        views.append(ScoredView(trial=example.trial, screen=example.page.screen_id, scores=scores))
    if not views:
        raise NotEnoughExamples(
            f"No held-out view of {material.participant} has {config.eval_signal} dwell on a poster.",
            "There is nothing to judge by.",
            "Record more pages.",
        )
    return ScoredPerson(views=tuple(views), skipped=skipped)


def _view_scores(human: FloatArray, seen: Prediction, click: int | None) -> dict[str, float]:
    scores = metrics.attention_scores(human, seen.attention)
    return scores if click is None else scores | metrics.click_scores(seen.attention, seen.choice, click)


def _personal(cell: Cell) -> Scored:
    backbone = _backbone(cell.backbone)
    cohort = shipped_cohort(backbone.spec, cell.config) if cell.basis else None
    return _fitted_alone(cell, backbone, cohort)


def _fitted_alone(cell: Cell, backbone: Backbone, cohort: Cohort | None) -> Scored:
    operator = make_operator(cell.config.operator)
    people, unusable = {}, {}
    for person in cell.judged:
        material, skipped = _material(person, cell)
        try:
            config = _rescaled(cell, material.examples)
            result = last(fit_persona(backbone, operator, material, config, cohort))
            step = result.persona.provenance.best_step
            people[person.pseudonym] = _scored(result.comparison, skipped, step)
        except NotEnoughExamples as error:
            unusable[person.pseudonym] = error.what
    return people, unusable


def _together(cell: Cell) -> Scored:
    """Fit everybody at once: basis and coefficients, or one prompt for all."""
    backbone, config = _backbone(cell.backbone), cell.config
    operator = make_operator(config.operator)
    materials = {person.pseudonym: _material(person, cell) for person in cell.judged}
    everything = [e for material, _ in materials.values() for e in material.examples]
    config = _rescaled(cell, everything)
    if cell.work == "shared":
        everything = [replace(e, participant="everybody") for e in everything]
        config = config.model_copy(update={"basis_size": 1})
    fitted = last(fit(backbone, operator, everything, config))
    people, unusable = {}, {}
    for name, (material, skipped) in materials.items():
        try:
            result = judged_persona(backbone, operator, material, config, None, fitted)
            people[name] = _scored(result.comparison, skipped, fitted.step)
        except NotEnoughExamples as error:
            unusable[name] = error.what
    return people, unusable


def _newcomers(cell: Cell) -> Scored:
    """Fit a basis on earlier participants, then everybody judged as a newcomer to it."""
    backbone, config = _backbone(cell.backbone), cell.config
    operator = make_operator(config.operator)
    earlier = [e for person in cell.earlier for e in _earlier(person, cell)]
    together = config.model_copy(update={"personal_prompt": False})
    cohort = last(fit_cohort(backbone, operator, earlier, None, together))
    return _fitted_alone(cell, backbone, cohort)


def _earlier(person: Person, cell: Cell) -> list[Example]:
    examples = _material(person, cell)[0].examples
    if cell.split == "new-participants":
        return [replace(e, split="train") if e.split == "test" else e for e in examples]
    return examples


_WORK = {
    "maps": _maps,
    "personal": _personal,
    "joint": _together,
    "shared": _together,
    "newcomers": _newcomers,
}


def _material(person: Person, cell: Cell) -> tuple[Material, dict[str, int]]:
    """Return what a participant looked at under the cell's split, and what was left out."""
    material = _read(person.model_dump_json(), type(person))
    examples, skipped = material.examples, {}
    if cell.split in FILMS_APART:
        held_out = [e for p in cell.judged for e in _read(p.model_dump_json(), type(p)).examples]
        examples = without_films_of_test(examples, held_out)
        if len(examples) < len(material.examples):
            skipped[FILMS_SKIPPED] = len(material.examples) - len(examples)
    if cell.screens is not None:
        examples = _first_screens(examples, cell.screens)
    return replace(material, examples=examples), skipped


def _first_screens(examples: Sequence[Example], count: int) -> list[Example]:
    """Keep the first training screens that were shown, none of them for choosing, and all test screens."""
    fitted = [e for e in examples if e.split != "test"]
    screens = list(dict.fromkeys(e.page.screen_id for e in fitted))[:count]
    kept = [replace(e, split="train") for e in fitted if e.page.screen_id in screens]
    return kept + [e for e in examples if e.split == "test"]


def _rescaled(cell: Cell, examples: Sequence[Example]) -> FitConfig:
    """Divide λ by the mean of Σ ω g over training views: weights then weigh 1 where people look."""
    config = cell.config
    if not cell.rescaled:
        return config
    seen = [e.attention(config.train_signal) for e in examples if e.split == "train"]
    sums = []
    for human in (h for h in seen if h is not None):
        g = torch.tensor(human.weights)[None]
        sums.append(float((importance(g, g >= 0, config.weight_power) * g).sum()))
    return config.model_copy(update={"attention_weight": config.attention_weight / float(np.mean(sums))})


def _scored(comparison: Comparison, skipped: dict[str, int], step: int) -> ScoredPerson:
    views = tuple(
        ScoredView(trial=j.trial, screen=j.screen, scores=_rounded(j.scores)) for j in comparison.judged
    )
    return ScoredPerson(
        views=views,
        skipped=skipped | comparison.skipped,
        missing=comparison.missing,
        best_step=step,
    )


def _rounded(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {row: {m: round(v, 9) for m, v in found.items()} for row, found in scores.items()}


@lru_cache(maxsize=1)
def _backbone(name: str) -> Backbone:
    return load_backbone(name)


@lru_cache(maxsize=PEOPLE_KEPT)
def _read(described: str, kind: type[Any]) -> Material:
    material: Material = kind.model_validate_json(described).material()
    return material
