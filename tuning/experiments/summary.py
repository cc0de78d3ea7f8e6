"""From results of cells to one number per participant, line and metric."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from protocols.geometry import FloatArray
from tuning.experiments.cells import MAIN, MAPS, Condition, Planned
from tuning.experiments.people import Person, SyntheticPerson
from tuning.experiments.results import CellResult
from tuning.experiments.studyfile import StudyFile
from tuning.running.contract import NotComputed

SHARED = "shared prompt"
BASELINES = (
    "uniform",
    "population_mean",
    "participant_mean",
    "participant_mean_genre",
    "backbone",
    "random_prompt",
    "shared_prompt",
)
TWINS = ("twin", "twin_combined")
CEILING = "true_policy"
OF_MANY = ("population_mean", "shared_prompt")
"""Rows that would be about one participant if there were only one."""
WORDS = {
    "uniform": "uniform",
    "population_mean": "population mean",
    "participant_mean": "participant mean",
    "participant_mean_genre": "participant mean × genre",
    "backbone": "backbone, no prompt",
    "random_prompt": "random prompt",
    "shared_prompt": "shared prompt",
    "twin": "twin",
    "twin_combined": "combined twin",
    "true_policy": "true policy (the most anyone could know)",
}

View = tuple[str, str, int]
"""Participant, screen and trial."""


@dataclass(frozen=True, eq=False)
class Found:
    """Everything a report is made of.

    Attributes:
        study: what was asked.
        people: participants in order.
        plan: every cell and its line.
        results: by digest of the cell.
        refused: cells without a result, by digest.
    """

    study: StudyFile
    people: tuple[Person, ...]
    plan: tuple[Planned, ...]
    results: Mapping[str, CellResult]
    refused: Mapping[str, NotComputed]

    def stable(self) -> set[str]:
        """Return participants that are not known to be without a pattern."""
        return {p.pseudonym for p in self.people if not isinstance(p, SyntheticPerson) or p.stable}


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one condition, averaged over seeds per view, then over views per participant.

    Attributes:
        views: per row and metric, the score of each view.
    """

    views: dict[tuple[str, str], dict[View, float]] = field(default_factory=dict)

    def rows(self) -> set[str]:
        """Return the rows that are there."""
        return {row for row, _ in self.views}

    def people(self, row: str, metric: str) -> dict[str, float]:
        """Return the mean over views per participant."""
        gathered: dict[str, list[float]] = defaultdict(list)
        for (name, _, _), value in self.views.get((row, metric), {}).items():
            gathered[name].append(value)
        return {name: float(np.mean(values)) for name, values in gathered.items()}


def scores_of(found: Found) -> dict[Condition, Scores]:
    """Return the scores of every condition that has a result."""
    gathered: dict[Condition, dict[tuple[str, str], dict[View, list[float]]]] = {}
    for planned in found.plan:
        result = found.results.get(planned.cell.digest)
        if result is not None:
            _gather(gathered.setdefault(planned.condition, {}), result)
    return {condition: _averaged(table) for condition, table in gathered.items()}


@dataclass(frozen=True, eq=False)
class Arena:
    """One combination of split, signals, backbone and operator: a twin beside every baseline.

    Attributes:
        main: the main condition.
        rows: per row, its scores under the row's own name.
    """

    main: Condition
    rows: dict[str, tuple[str, Scores]]

    def title(self) -> str:
        """Return what is compared, in words."""
        main = self.main
        signal = f"{main.train_signal} → {main.eval_signal}"
        return f"{main.operator} on {main.backbone}, {main.split}, {signal}"

    def people(self, row: str, metric: str) -> dict[str, float]:
        """Return one score per participant; empty when the row is not there."""
        if row not in self.rows:
            return {}
        name, scores = self.rows[row]
        return scores.people(name, metric)

    def views(self, row: str, metric: str) -> dict[View, float]:
        """Return one score per held-out view; empty when the row is not there."""
        if row not in self.rows:
            return {}
        name, scores = self.rows[row]
        return scores.views.get((name, metric), {})


def arenas(scores: Mapping[Condition, Scores]) -> list[Arena]:
    """Return every main condition with its baselines, in the order of the study."""
    return [_arena(c, scores) for c in scores if c.change == MAIN]


def beside(main: Condition, scores: Mapping[Condition, Scores]) -> Iterator[tuple[Condition, Scores]]:
    """Yield the changed conditions that belong to a main one: newcomers and ablations."""
    for condition, found in scores.items():
        if condition.change not in (MAIN, MAPS, SHARED) and _at(condition) == _at(main):
            yield condition, found


def paired_people(first: Mapping[str, float], second: Mapping[str, float]) -> tuple[list[str], FloatArray]:
    """Return who has both scores, and first - second, (n,)."""
    names = [name for name in first if name in second]
    return names, np.array([first[name] - second[name] for name in names])


def counts(found: Found) -> dict[str, int]:
    """Return what was left out and why, over all participants and main conditions."""
    total: Counter[str] = Counter()
    for planned in found.plan:
        result = found.results.get(planned.cell.digest)
        if result is None or planned.condition.change not in (MAIN, MAPS):
            continue
        for person in result.people.values():
            total.update(person.skipped)
        total.update(f"participant left out: {why}" for why in result.unusable.values())
    for refused in found.refused.values():
        total.update([f"cell without a result: {refused.what}"])
    return dict(sorted(total.items()))


def _arena(main: Condition, scores: Mapping[Condition, Scores]) -> Arena:
    own = scores[main]
    rows = {row: (row, own) for row in (*TWINS, *BASELINES) if row in own.rows()}
    maps = Condition(main.split, main.train_signal, main.eval_signal, "", "", MAPS)
    if maps in scores:  # of this cohort, not of the one that ships with the backbone
        rows |= {row: (row, scores[maps]) for row in scores[maps].rows()}
    alone = len(own.people(TWINS[0], "kl")) < 2
    shared = Condition(*_at(main), SHARED)
    if shared in scores:
        rows["shared_prompt"] = ("twin", scores[shared])
    told = [row for row in (*BASELINES, *TWINS, CEILING) if not (alone and row in OF_MANY)]
    return Arena(main, {row: rows[row] for row in told if row in rows})


def _at(condition: Condition) -> tuple[str, str, str, str, str]:
    c = condition
    return (c.split, c.train_signal, c.eval_signal, c.backbone, c.operator)


def _gather(table: dict[tuple[str, str], dict[View, list[float]]], result: CellResult) -> None:
    for name, person in result.people.items():
        for view in person.views:
            for row, found in view.scores.items():
                for metric, value in found.items():
                    at = (name, view.screen, view.trial)
                    table.setdefault((row, metric), {}).setdefault(at, []).append(value)


def _averaged(table: Mapping[tuple[str, str], Mapping[View, Sequence[float]]]) -> Scores:
    return Scores({key: {v: float(np.mean(s)) for v, s in views.items()} for key, views in table.items()})
