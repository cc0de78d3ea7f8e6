"""Runs a study: plans its cells, computes those that are missing, writes the report."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from protocols.errors import TuningError
from protocols.wire import Progress
from tuning.cohort import WEIGHTS, Cohort
from tuning.events import Event, Saved, Warned
from tuning.experiments.cells import MAIN, MAPS, Condition, Model, Planned, basis_key, planned
from tuning.experiments.people import people_of
from tuning.experiments.report import write_report
from tuning.experiments.results import CellResult
from tuning.experiments.store import Store
from tuning.experiments.studyfile import StudyFile, found, read_study
from tuning.experiments.summary import SHARED, Found
from tuning.output import require_writable
from tuning.registry import load_backbone
from tuning.running.contract import Computed, NotComputed, Runner
from tuning.time_left import Clock

Job = Generator[Event, None, None]
CELLS = "cells"


def run_study(path: Path, out: Path, runner: Runner) -> Job:
    """Compute what is missing and write the report.

    Args:
        path: study file, or the name of a shipped study.
        out: folder of the report; results of single cells are kept in its folder ``cells``.
        runner: who computes.

    Raises:
        GazeTwinError: the study cannot be used, or the report cannot be written.
    """
    yield Progress(done=0, unit="cells", message="Reading the study")
    study = read_study(path)
    require_writable(out / "index.html")
    people = people_of(study, found(path).parent)
    models = yield from _models(study)
    plan = [p for p in planned(study, people, models) if p.cell.backbone in models or not p.cell.backbone]
    store = Store(out / CELLS)
    results, refused = yield from _computed(plan, store, runner)
    report = Found(study, tuple(people), tuple(plan), results, refused)
    for written in write_report(report, out):
        yield Saved(what="report", path=str(written))


def _models(study: StudyFile) -> Generator[Event, None, dict[str, Model]]:
    """Load every backbone once, for the digest of its weights; the workers load their own."""
    models = {}
    for name in study.backbones:
        yield Progress(done=0, unit="cells", message=f"Loading {name}")
        spec = load_backbone(name).spec
        bases: dict[tuple[Any, ...], str] = {}
        for path in sorted(WEIGHTS.glob("cohort-*.safetensors")):
            cohort = Cohort.load(path)
            if cohort.suits(spec, cohort.provenance.config):
                bases.setdefault(basis_key(cohort.provenance.config), cohort.digest)
        models[name] = Model(spec.digest, bases)
    return models


def _computed(
    plan: Sequence[Planned], store: Store, runner: Runner
) -> Generator[Event, None, tuple[dict[str, CellResult], dict[str, NotComputed]]]:
    """Return results by digest, and why others are missing; what is on disk is not computed again."""
    cells = {p.cell.digest: p.cell for p in plan}
    results = {digest: found for digest in cells if (found := store.get(digest)) is not None}
    missing = {digest: cell for digest, cell in cells.items() if digest not in results}
    refused: dict[str, NotComputed] = {}
    changes = {p.cell.digest: _change(p.condition) for p in reversed(plan)}
    clock = Clock(len(missing))
    kept = len(results)
    yield Progress(
        done=kept, total=len(cells), unit="cells", message=f"{kept} of {len(cells)} cells are kept"
    )
    for outcome in runner.run(list(missing.values())) if missing else ():
        if isinstance(outcome, NotComputed):
            refused[outcome.digest] = outcome
            yield Warned(what=outcome.what, why=outcome.why, fix=outcome.fix)
            digest = outcome.digest
        else:
            assert isinstance(outcome, Computed)  # only cells were asked for
            store.put(outcome.result)
            digest = outcome.result.digest
            results[digest] = outcome.result
        message = f"{changes[digest]}{missing[digest].words()}; {clock.left()}"
        yield Progress(done=len(results) + len(refused), total=len(cells), unit="cells", message=message)
    _refuse_nothing(results, refused)
    return results, refused


def _change(condition: Condition) -> str:
    """Return what is changed in a condition, before the words of its cell; these name the others."""
    return "" if condition.change in (MAIN, MAPS, SHARED) else f"{condition.change}: "


def _refuse_nothing(results: dict[str, CellResult], refused: dict[str, NotComputed]) -> None:
    if results:
        return
    first = next(iter(refused.values()))
    raise TuningError(first.what, "No cell of the study could be computed.", first.fix)
