"""Fits the personas of many participants, wherever there are workers; what is there is not fitted again."""

from __future__ import annotations

import base64
import logging
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

from protocols.errors import PersonaMismatch, TuningError
from protocols.wire import Progress
from tuning.cohort import shipped_cohort
from tuning.config import FitConfig
from tuning.events import Event, Load, Saved, Warned
from tuning.output import require_writable, write_whole
from tuning.persona import Persona
from tuning.persona_task import PersonaTask
from tuning.planned import answers, personas_planned
from tuning.registry import load_backbone
from tuning.running.contract import Fitted, Runner
from tuning.time_left import Clock

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"


def fit_many(
    named: Sequence[Path],
    out: Path,
    config: FitConfig,
    model: Load,
    runner: Runner,
    *,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Fit one persona per participant and write each as soon as it is there.

    Args:
        named: session files, or folders of them.
        out: folder of the personas, each named by its pseudonym; for one participant it may be the file.
        config: settings of every fit.
        model: what to load.
        runner: who computes.
        force: replace personas of other sessions or settings.

    Raises:
        SessionMissing: there is no session.
        TuningError: nothing can be written to ``out``, it is a file and there are several participants, or
            not one persona could be fitted.
    """
    require_writable(out if out.suffix == SUFFIX else out / f"P{SUFFIX}")
    yield Progress(done=0, unit="personas", message="Reading sessions")
    spec = load_backbone(model.backbone, model.device, model.precision).spec
    cohort = shipped_cohort(spec, config)
    basis = "" if cohort is None else cohort.digest
    tasks, unreadable = personas_planned(named, config, model, spec.digest, basis)
    yield from unreadable
    _refuse_one_file(out, tasks)
    found = {task.pseudonym: _found(_path(out, task), task) for task in tasks}
    taken = [task for task in tasks if found[task.pseudonym] == "another" and not force]
    for task in taken:
        yield _taken(_path(out, task))
    missing = [task for task in tasks if found[task.pseudonym] != "this" and task not in taken]
    done = kept = len(tasks) - len(missing) - len(taken)
    clock = Clock(len(missing))
    yield Progress(done=kept, total=len(tasks), unit="personas", message=f"{kept} of {len(tasks)} are there")
    by_digest = {task.digest: task for task in missing}
    for outcome in runner.run(missing) if missing else ():
        if isinstance(outcome, Fitted):
            task, done = by_digest[outcome.digest], done + 1
            write_whole(_path(out, task), base64.b64decode(outcome.file))
            yield Saved(what="persona", path=str(_path(out, task)))
            words = f"{task.words()}; {clock.left()}"
            yield Progress(done=done, total=len(tasks), unit="personas", message=words)
        else:
            assert outcome.kind == "not-computed"  # only personas were asked for
            clock.left()
            name = by_digest[outcome.digest].pseudonym
            yield Warned(what=f"{name}: {outcome.what}", why=outcome.why, fix=outcome.fix)
    if not done:
        raise TuningError(
            f"Not one of {len(tasks)} personas could be fitted.",
            "There is nothing to export or compare.",
            "See the warnings above; record more pages, or name other sessions.",
        )


def _path(out: Path, task: PersonaTask) -> Path:
    return out if out.suffix == SUFFIX else out / f"{task.pseudonym}{SUFFIX}"


def _found(path: Path, task: PersonaTask) -> Literal["nothing", "this", "another"]:
    """Tell whether a whole persona is there, and whether it is the answer to this very task."""
    if not path.is_file():
        return "nothing"
    try:
        own = Persona.load(path).provenance
    except PersonaMismatch as error:
        log.warning("%s is fitted again: %s", path, error)
        return "nothing"
    return "this" if answers(own, task) else "another"


def _taken(path: Path) -> Warned:
    return Warned(
        what=f"{path} exists already and is of other sessions or settings.",
        why="The persona in it would be lost.",
        fix="Name another folder, or add --force to replace it.",
    )


def _refuse_one_file(out: Path, tasks: Sequence[PersonaTask]) -> None:
    if out.suffix == SUFFIX and len(tasks) > 1:
        raise TuningError(
            f"{len(tasks)} participants were named, and {out} is one file.",
            "Each would replace the one before.",
            f"Name a folder ({out.with_suffix('')}), or add --together for one file of all.",
        )
