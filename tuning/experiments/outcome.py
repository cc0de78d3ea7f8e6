"""A study's results, worked out and ready to be written down in any form."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.words import counted
from tuning.experiments.judging import Claim, Comparison, against_baselines, against_main, claims
from tuning.experiments.lines import Line, lines
from tuning.experiments.studyfile import SyntheticCohort, digest
from tuning.experiments.summary import Found, arenas, counts, scores_of
from tuning.experiments.targets import Target, targets
from tuning.experiments.unshown import unshown


@dataclass(frozen=True, eq=False)
class Outcome:
    """Everything a report says.

    Attributes:
        name: of the study.
        about: its sentence.
        size: how large it is, in words.
        unshown: what it does not show.
        targets: what the method is held to.
        lines: the results table.
        tests: twins against baselines.
        changes: changed conditions against the main one.
        claims: participant by participant, of the first combination.
        skipped: what was left out, reason and number.
        methods: how it was done, in sentences.
        settings: the study as JSON.
        provenance: weights, cohorts and versions.
    """

    name: str
    about: str
    size: str
    unshown: list[str]
    targets: list[Target]
    lines: list[Line]
    tests: list[Comparison]
    changes: list[Comparison]
    claims: list[Claim]
    skipped: dict[str, int]
    methods: list[str]
    settings: str
    provenance: dict[str, str]


def worked_out(found: Found) -> Outcome:
    """Work out everything a report says; the same results give the same outcome."""
    scores = scores_of(found)
    places = arenas(scores)
    tests = [test for arena in places for test in against_baselines(arena)]
    against = {ablation.name: ablation.against for ablation in found.study.ablations}
    changes = [test for arena in places for test in against_main(arena, scores, against)]
    said = claims(places[0], found.stable()) if places else []
    measured = targets(places, scores, tests, said) if places else []
    table = lines(places, scores)
    return Outcome(
        name=found.study.name,
        about=found.study.about,
        size=_size(found),
        unshown=unshown(found, tests, changes, measured, said, table),
        targets=measured,
        lines=table,
        tests=tests,
        changes=changes,
        claims=said,
        skipped=counts(found),
        methods=_methods(found),
        settings=found.study.model_dump_json(indent=1),
        provenance=_provenance(found),
    )


def _size(found: Found) -> str:
    cells = {p.cell.digest for p in found.plan}
    seeds = len(found.study.seeds)
    people = counted(len(found.people), "participant")
    if isinstance(found.study.cohort, SyntheticCohort):
        people = f"{len(found.people)} invented participants, {found.study.cohort.patternless} of them"
        people += " without a stable pattern"
    return (
        f"{people}; {seeds} seed{'s' if seeds > 1 else ''}; {len(cells)} cells, {len(found.refused)} failed."
    )


def _methods(found: Found) -> list[str]:
    study = found.study
    said = [
        "Screens are held out for all participants alike; epochs and exponents are chosen on other screens."
        " Models explain their own answer, never the true click.",
        "A score is averaged over seeds per view, over views per participant, and then over participants."
        " Tests are paired over participants: two-sided Wilcoxon signed-rank tests (exact up to 50 pairs,"
        " zeros after Pratt), corrected after Holm within one twin and one measure. Intervals are"
        " bias-corrected percentiles of 10,000 bootstrap resamples of participants.",
    ]
    if len(found.people) > 1:
        said.append(
            "Population mean and shared prompt are fitted to all participants of this study, not to those"
            " whose basis ships with a backbone, so they know as much as the twins."
        )
    if isinstance(study.cohort, SyntheticCohort):
        plan = study.cohort.screens
        said.append(
            f"Each participant sees {plan.training} training screens, {plan.validation} of which choose the"
            f" step, and {plan.heldout} held-out screens. Screens come from pools of invented films that no"
            " model and no shipped cohort was trained on; no film is on both sides."
        )
        if study.cohort.patternless:
            said.append(
                "Means, tests and targets are over all participants, those without a pattern included."
            )
    if any(a.rescaled for a in study.ablations):
        said.append(
            "Conditions with importance weights divide the weight of the attention loss by what the"
            " weights add up to on the human distribution: they move emphasis, not the size of the loss."
        )
    return said


def _provenance(found: Found) -> dict[str, str]:
    told = {"study, SHA-256": digest(found.study)}
    for planned in found.plan:
        cell = planned.cell
        if cell.backbone:
            told[f"weights of {cell.backbone}, SHA-256"] = cell.weights
        if cell.basis:
            told[f"shipped cohort for {cell.config.operator}, {cell.config.placement}, SHA-256"] = cell.basis
    for result in found.results.values():
        told |= result.versions
    return told
