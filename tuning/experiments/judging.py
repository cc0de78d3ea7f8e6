"""Tests of a study: twins against baselines, changes against the main condition, claims per participant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tuning.experiments import statistics
from tuning.experiments.cells import Condition
from tuning.experiments.statistics import Paired
from tuning.experiments.summary import BASELINES, TWINS, WORDS, Arena, Scores, beside, paired_people

TESTED = ("kl", "logloss")
"""Measures that are tested; of both, less is better."""
CLAIM_LEVEL = 0.01
SIGNIFICANT = 0.05
FEWEST_VIEWS = 7
"""Fewer held-out views cannot reach the level of a claim, whatever they show."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One paired test over participants.

    Attributes:
        arena: where.
        first: what is lower when the mean difference is negative.
        second: what it is compared with.
        metric: measure.
        first_mean: mean over the participants that both have.
        second_mean: likewise.
        found: the test.
        holm: p corrected within the family; None without a test.
        family: what is corrected together.
        together: how many tests that are.
    """

    arena: str
    first: str
    second: str
    metric: str
    first_mean: float
    second_mean: float
    found: Paired
    family: str
    holm: float | None = None
    together: int = 1

    def below(self, level: float = SIGNIFICANT) -> bool:
        """Tell whether the first is lower, at a level, after correction."""
        return self.holm is not None and self.holm < level and self.found.mean < 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said about one participant's twin.

    Attributes:
        participant: pseudonym.
        stable: whether the participant is not known to be without a pattern.
        twin: row.
        rival: the best other row, chosen in hindsight on these very views, which is hard on the twin.
        views: held-out views.
        twin_kl: mean.
        rival_kl: mean.
        p: one-sided Wilcoxon test over views.
        claimed: whether success is claimed.
    """

    participant: str
    stable: bool
    twin: str
    rival: str
    views: int
    twin_kl: float
    rival_kl: float
    p: float
    claimed: bool


def against_baselines(arena: Arena, seed: int = 0) -> list[Comparison]:
    """Compare both twins with every baseline; a family is one twin on one measure."""
    made = []
    for twin in TWINS:
        for metric in TESTED:
            tests = [
                compared(arena.title(), arena.people(twin, metric), arena.people(row, metric), metric, seed)
                for row in BASELINES
            ]
            named = [
                replace(t, first=WORDS[twin], second=WORDS[row])
                for t, row in zip(tests, BASELINES, strict=True)
                if t is not None
            ]
            made += corrected(named)
    return made


def against_main(
    arena: Arena, scores: Mapping[Condition, Scores], against: Mapping[str, str] | None = None, seed: int = 0
) -> list[Comparison]:
    """Compare every changed condition with the main one; a family is one twin on one measure.

    Args:
        arena: the main condition.
        scores: of all conditions.
        against: per change, the other change it is compared with instead; empty for the main condition.
        seed: of the bootstrap.
    """
    changes = {condition.change: found for condition, found in beside(arena.main, scores)}
    made = []
    for twin in TWINS:
        for metric in TESTED:
            named = []
            for change, found in changes.items():
                other = (against or {}).get(change, "")
                rival = (
                    changes[other].people(twin, metric) if other in changes else arena.people(twin, metric)
                )
                test = compared(arena.title(), found.people(twin, metric), rival, metric, seed)
                if test is not None:
                    second = f"{WORDS[twin]}, {other}" if other in changes else WORDS[twin]
                    named.append(replace(test, first=f"{WORDS[twin]}, {change}", second=second))
            made += corrected(named)
    return made


def compared(
    arena: str, first: Mapping[str, float], second: Mapping[str, float], metric: str, seed: int = 0
) -> Comparison | None:
    """Compare two sets of scores over the participants that both have; None without any."""
    names, differences = paired_people(first, second)
    if not names:
        return None
    return Comparison(
        arena=arena,
        first="",
        second="",
        metric=metric,
        first_mean=float(np.mean([first[name] for name in names])),
        second_mean=float(np.mean([second[name] for name in names])),
        found=statistics.paired(differences, seed),
        family="",
    )


def corrected(family: Sequence[Comparison]) -> list[Comparison]:
    """Correct the p values of tests that are read together."""
    tested = {str(i): c.found.p for i, c in enumerate(family) if c.found.p is not None}
    holm = statistics.holm(tested)
    size = f"{len(tested)} tests"
    return [
        replace(c, holm=holm.get(str(i)), family=size, together=len(tested)) for i, c in enumerate(family)
    ]


def claims(arena: Arena, stable: Iterable[str]) -> list[Claim]:
    """Say for every participant and twin whether success is claimed.

    A twin is successful for a participant when, over the held-out views, its KL is below that of the best
    other row: one-sided Wilcoxon test, p < .01, the best row chosen in hindsight.
    """
    known = set(stable)
    return [
        found
        for twin in TWINS
        for name in arena.people(twin, "kl")
        if (found := _claim(arena, twin, name, name in known)) is not None
    ]


def _claim(arena: Arena, twin: str, name: str, stable: bool) -> Claim | None:
    means = {row: arena.people(row, "kl").get(name) for row in BASELINES}
    rivals = {row: mean for row, mean in means.items() if mean is not None}
    if not rivals:
        return None
    rival = min(rivals, key=lambda row: rivals[row])
    own, other = arena.views(twin, "kl"), arena.views(rival, "kl")
    views = [view for view in own if view[0] == name and view in other]
    differences = np.array([own[view] - other[view] for view in views])
    p = statistics.wilcoxon(differences, "less") if len(views) else 1.0
    claimed = p < CLAIM_LEVEL and len(views) >= FEWEST_VIEWS
    mean = float(np.mean([own[view] for view in views]))
    return Claim(name, stable, twin, rival, len(views), mean, rivals[rival], p, claimed)
