"""The lines of the results table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuning import metrics
from tuning.experiments.cells import Condition
from tuning.experiments.statistics import interval
from tuning.experiments.summary import CEILING, TWINS, WORDS, Arena, Scores, beside


@dataclass(frozen=True, eq=False)
class Line:
    """One line: a baseline, a twin, or a twin under a changed condition.

    Attributes:
        arena: where.
        name: for people.
        kind: ``baseline``, ``twin``, ``ceiling`` or ``change``.
        participants: how many.
        means: per metric, over participants.
        interval: 95 % bootstrap interval of the mean KL; NaN with fewer than five participants.
        points: KL per participant.
    """

    arena: str
    name: str
    kind: str
    participants: int
    means: dict[str, float]
    interval: tuple[float, float]
    points: dict[str, float]


def lines(arenas: Sequence[Arena], scores: Mapping[Condition, Scores]) -> list[Line]:
    """Return all lines, arena by arena: baselines, twins, changes."""
    return [line for arena in arenas for line in _lines(arena, scores)]


def _lines(arena: Arena, scores: Mapping[Condition, Scores]) -> Iterator[Line]:
    for row, (name, found) in arena.rows.items():
        kind = "twin" if row in TWINS else "ceiling" if row == CEILING else "baseline"
        yield _line(arena, WORDS[row], kind, name, found)
    for condition, found in beside(arena.main, scores):
        rows = (*TWINS, "participant_mean") if "screens" in condition.change else TWINS
        for row in rows:
            if row in found.rows():
                yield _line(arena, f"{WORDS[row]}, {condition.change}", "change", row, found)


def _line(arena: Arena, name: str, kind: str, row: str, found: Scores) -> Line:
    per_metric = {metric: found.people(row, metric) for metric in metrics.METRICS}
    means = {m: float(np.mean(list(people.values()))) for m, people in per_metric.items() if people}
    points = per_metric["kl"]
    spread = interval(np.array(list(points.values())))
    return Line(arena.title(), name, kind, len(points), means, spread, points)
