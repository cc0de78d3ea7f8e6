"""What an experiment does not show, worked out from its results; it stands first in every report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from protocols.words import counted
from tuning.experiments.cells import MAIN
from tuning.experiments.judging import Claim, Comparison
from tuning.experiments.lines import Line
from tuning.experiments.studyfile import SplitName, SyntheticCohort
from tuning.experiments.summary import CEILING, WORDS, Found
from tuning.experiments.targets import Target, p_words

_MEASURES = {"kl": "KL", "logloss": "click log-loss"}
_NEW = {
    "task-holdout": "new screens for known participants",
    "new-screens": "new screens and new films for known participants",
    "new-participants": "new participants",
    "new-both": "new participants on new screens",
}


def unshown(
    found: Found,
    tests: Sequence[Comparison],
    changes: Sequence[Comparison],
    targets: Sequence[Target],
    claims: Sequence[Claim],
    lines: Sequence[Line],
) -> list[str]:
    """Return sentences about everything that these results do not support, the weightiest first."""
    return [
        *_people(found),
        *_untrained(found),
        *_missed(targets),
        *_ceiling(lines),
        *_not_below(tests),
        *_unclaimed(claims, found),
        *_without_effect(changes),
        *_not_tried(found),
    ]


def _people(found: Found) -> Iterator[str]:
    if isinstance(found.study.cohort, SyntheticCohort):
        yield (
            "Nothing here is about people. All participants are programs with invented habits; the results"
            " show what the method can recover when such habits exist, not that people have them."
        )
    elif len(found.people) < 20:
        yield f"With {counted(len(found.people), 'participant')}, differences of ordinary size go undetected."


def _untrained(found: Found) -> Iterator[str]:
    """Say of how many participants the twin is the start of its fit."""
    steps: dict[str, list[int | None]] = {}
    for planned in found.plan:
        result = found.results.get(planned.cell.digest)
        own = planned.condition.change == MAIN and planned.cell.config.method == "steps"
        if result is not None and own:
            for name, person in result.people.items():
                steps.setdefault(name, []).append(person.best_step)
    idle = sorted(name for name, kept in steps.items() if all(step == 0 for step in kept))
    if idle:
        yield (
            f"For {len(idle)} of {len(steps)} participants no step of any fit improved on its start on the"
            f" validation screens ({', '.join(idle)}): their twins are untrained starts."
        )


def _missed(targets: Sequence[Target]) -> Iterator[str]:
    for target in targets:
        if target.verdict == "missed":
            yield f"Target missed: {target.name} (wanted: {target.wanted}; found: {target.measured})."
        elif target.verdict == "not testable":
            yield (
                f"Target not testable with so few participants: {target.name} (wanted: {target.wanted};"
                f" found: {target.measured})."
            )
        elif target.verdict == "not measured":
            yield f"Target not measured: {target.name} ({target.measured})."


def _ceiling(lines: Sequence[Line]) -> Iterator[str]:
    """Say how far even perfect knowledge would go: some targets may be out of anyone's reach."""
    first = [line for line in lines if line.arena == lines[0].arena] if lines else []
    named = {line.name: line.means for line in first}
    top, bare = (named.get(WORDS[row], {}) for row in (CEILING, "backbone"))
    if "accuracy" in top and bare.get("accuracy"):
        higher = top["accuracy"] / bare["accuracy"] - 1
        yield (
            f"Even the true policies, which no model can beat except by chance, have a KL of {top['kl']:.3f}"
            f" nats on these views, because a page holds few fixations, and a top-1 click accuracy of"
            f" {top['accuracy']:.3f}, {higher:+.1%} relative to the backbone: no more can be asked of a twin."
        )


def _not_below(tests: Sequence[Comparison]) -> Iterator[str]:
    for arena in dict.fromkeys(t.arena for t in tests):
        for first in dict.fromkeys(t.first for t in tests if t.arena == arena):
            for metric, measure in _MEASURES.items():
                own = [t for t in tests if (t.arena, t.first, t.metric) == (arena, first, metric)]
                lost = [t for t in own if not t.below()]
                if lost:
                    rivals = ", ".join(f"{t.second} ({_short(t)})" for t in lost)
                    yield f"{arena}: the {first} is not shown to have a lower {measure} than {rivals}."


def _short(test: Comparison) -> str:
    return f"{test.found.mean:+.3f}" + ("" if test.holm is None else f", {p_words(test.holm)}")


def _unclaimed(claims: Sequence[Claim], found: Found) -> Iterator[str]:
    invented = isinstance(found.study.cohort, SyntheticCohort)
    who = "participants with a pattern" if invented else "participants"
    for twin in dict.fromkeys(c.twin for c in claims):
        own = [c for c in claims if c.twin == twin and c.stable]
        without = [c for c in own if not c.claimed]
        if without:
            yield (
                f"For {len(without)} of {len(own)} {who}, success of the {WORDS[twin]}"
                " cannot be claimed from their own held-out views."
            )


def _without_effect(changes: Sequence[Comparison]) -> Iterator[str]:
    for metric, measure in _MEASURES.items():
        idle = [c.first for c in changes if c.metric == metric and (c.holm is None or c.holm >= 0.05)]
        if idle:
            yield f"No difference in {measure} to the main condition is shown for: {'; '.join(idle)}."


def _not_tried(found: Found) -> Iterator[str]:
    study = found.study
    left_out = [_NEW[name] for name in get_args(SplitName) if name not in study.splits]
    if left_out:
        yield f"Not tested: {', '.join(left_out)}."
    if len(study.seeds) == 1:
        yield "One seed only: how far results vary with the start of a fit is not shown."
    if len(study.backbones) == 1:
        yield f"One backbone only, {study.backbones[0]}: nothing follows for other models."
    if all(signals.train == "fixation" for signals in study.signals):
        yield "Fitting to the cursor instead of gaze is not tested."
    if found.refused:
        yield f"{len(found.refused)} of {len({p.cell.digest for p in found.plan})} cells have no result."
