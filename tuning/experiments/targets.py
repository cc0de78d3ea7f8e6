"""Targets the method is held to, each measured and named; one that is missed is shown as missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tuning.experiments.cells import Condition
from tuning.experiments.judging import Claim, Comparison, compared
from tuning.experiments.statistics import interval_words
from tuning.experiments.summary import WORDS, Arena, Scores, beside, paired_people

LOWER_KL = 0.25
LOWER_KL_OTHERS = 0.15
HIGHER_ACCURACY = 0.20
STRICT, USUAL = 0.01, 0.05
NEWCOMER_SCREENS = 5
STEERED = ("attnlrp", "glimpse")

Verdict = Literal["met", "missed", "not testable", "not measured"]


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        name: what is wanted.
        wanted: the threshold.
        measured: what came out.
        verdict: whether it is met; ``not testable`` when so few participants could not show it.
    """

    name: str
    wanted: str
    measured: str
    verdict: Verdict


def targets(
    arenas: Sequence[Arena],
    scores: Mapping[Condition, Scores],
    tests: Sequence[Comparison],
    claims: Sequence[Claim],
) -> list[Target]:
    """Return every target, on the first operator, over all participants, patternless ones too."""
    first = arenas[0]
    own = [t for t in tests if t.arena == first.title()]
    found = [
        _lower_kl("twin against its backbone", first, LOWER_KL),
        *(_below(own, "twin", row, "kl") for row in ("uniform", "population_mean", "shared_prompt")),
        *(_below(own, "twin_combined", row, "kl") for row in ("participant_mean", "participant_mean_genre")),
        _below(own, "twin_combined", "backbone", "logloss", USUAL),
        _accuracy(first),
    ]
    others = (name for name in STEERED if name != first.main.operator)
    found += [_steered(arenas, first, operator) for operator in others]
    found += _newcomers(first, scores)
    if any(not claim.stable for claim in claims):
        found.append(_false_claims(claims))
    return found


def _lower_kl(name: str, arena: Arena, least: float) -> Target:
    twin, bare = arena.people("twin", "kl"), arena.people("backbone", "kl")
    names, _ = paired_people(twin, bare)
    wanted = f"KL at least {least:.0%} lower"
    if not names:
        return Target(name, wanted, "no scores", "not measured")
    mean, other = (float(np.mean([side[n] for n in names])) for side in (twin, bare))
    lower = 1 - mean / other
    said = f"{mean:.3f} against {other:.3f}: {lower:.1%} lower"
    return Target(name, wanted, said, "met" if lower >= least else "missed")


def _below(tests: Sequence[Comparison], twin: str, row: str, metric: str, level: float = STRICT) -> Target:
    measure = {"kl": "KL", "logloss": "click log-loss"}[metric]
    name = f"{WORDS[twin]} against {WORDS[row]}, {measure}"
    wanted = f"lower, Holm-corrected p < {level:g}"
    for test in tests:
        if (test.first, test.second, test.metric) == (WORDS[twin], WORDS[row], metric):
            possible = test.found.reachable(level, tests=test.together)
            return Target(name, wanted, told(test), _verdict(test.below(level), possible))
    return Target(name, wanted, "no scores", "not measured")


def _verdict(met: bool, testable: bool) -> Verdict:
    return "met" if met else "missed" if testable else "not testable"


def told(test: Comparison) -> str:
    """Return a test in words: means, difference with interval, p."""
    p = "too few participants for a test" if test.holm is None else p_words(test.holm)
    found = test.found
    means = f"{test.first_mean:.3f} against {test.second_mean:.3f}"
    return f"{means}: {found.mean:+.3f}{interval_words(found.low, found.high)}, {p}"


def p_words(p: float) -> str:
    """Return a p value as it is printed."""
    return "p < .0001" if p < 1e-4 else f"p = {p:.4f}".replace("0.", ".", 1)


def _accuracy(arena: Arena) -> Target:
    name = "combined twin against its backbone, top-1 click accuracy"
    wanted = f"at least {HIGHER_ACCURACY:.0%} higher"
    twin, bare = (arena.people(row, "accuracy") for row in ("twin_combined", "backbone"))
    if not twin or not bare:
        return Target(name, wanted, "no clicks", "not measured")
    mean, other = (float(np.mean(list(side.values()))) for side in (twin, bare))
    if other == 0:
        return Target(name, wanted, f"{mean:.3f} against 0: no share of nothing", "not measured")
    higher = mean / other - 1
    said = f"{mean:.3f} against {other:.3f}: {higher:+.1%}"
    return Target(name, wanted, said, "met" if higher >= HIGHER_ACCURACY else "missed")


def _steered(arenas: Sequence[Arena], first: Arena, operator: str) -> Target:
    name = f"{operator}: twin against its own backbone"
    wanted = f"KL at least {LOWER_KL_OTHERS:.0%} lower"
    for arena in arenas:
        if arena.main.operator == operator and arena.main.split == first.main.split:
            return _lower_kl(name, arena, LOWER_KL_OTHERS)
    return Target(name, wanted, "not in this study, or not computed", "not measured")


def _newcomers(first: Arena, scores: Mapping[Condition, Scores]) -> Iterator[Target]:
    wanted = f"lower KL, p < {USUAL:g}"
    few = f"{NEWCOMER_SCREENS} screens"
    changed = next((s for c, s in beside(first.main, scores) if c.change == few), None)
    rivals = {
        "population mean": first.people("population_mean", "kl"),
        f"the mean of those {few}": {} if changed is None else changed.people("participant_mean", "kl"),
    }
    for twin in ("twin", "twin_combined"):
        own = {} if changed is None else changed.people(twin, "kl")
        for words, rival in rivals.items():
            name = f"newcomer's {WORDS[twin]} from {few} against {words}"
            test = compared(few, own, rival, "kl")
            if test is None:
                yield Target(name, wanted, "no scores", "not measured")
                continue
            found = test.found
            met = found.p is not None and found.p < USUAL and found.mean < 0
            said = told(replace(test, holm=found.p))  # one test by itself: nothing to correct
            yield Target(name, wanted, said, _verdict(met, found.reachable(USUAL)))


def _false_claims(claims: Sequence[Claim]) -> Target:
    without = [c for c in claims if not c.stable]
    false = sorted({c.participant for c in without if c.claimed})
    people = len({c.participant for c in without})
    said = f"{len(false)} of {people}" + (f": {', '.join(false)}" if false else "")
    name = "participants without a stable pattern for whom success is claimed"
    return Target(name, "none", said, "missed" if false else "met")
