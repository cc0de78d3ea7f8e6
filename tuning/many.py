"""Fits the personas of many participants, wherever there are workers; what is there is not fitted again."""

from __future__ import annotations

import base64
import logging
from collections.abc import Generator, Sequence
from pathlib import Path

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
    named: Sequence[Path], out: Path, config: FitConfig, model: Load, runner: Runner
) -> Generator[Event, None, None]:
    """Fit one persona per participant and write each as soon as it is there.

    Args:
        named: session files, or folders of them.
        out: folder of the personas, each named by its pseudonym.
        config: settings of every fit.
        model: what to load.
        runner: who computes.

    Raises:
        SessionMissing: there is no session.
        TuningError: nothing can be written to ``out``, or not one persona could be fitted.
    """
    require_writable(out / f"P{SUFFIX}")
    yield Progress(done=0, unit="personas", message="Reading sessions")
    spec = load_backbone(model.backbone, model.device, model.precision).spec
    cohort = shipped_cohort(spec, config)
    basis = "" if cohort is None else cohort.digest
    tasks, unreadable = personas_planned(named, config, model, spec.digest, basis)
    yield from unreadable
    missing = [task for task in tasks if not _there(_path(out, task), task)]
    done = kept = len(tasks) - len(missing)
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
            yield Warned(what=outcome.what, why=outcome.why, fix=outcome.fix)
    if not done:
        raise TuningError(
            f"Not one of {len(tasks)} personas could be fitted.",
            "There is nothing to export or compare.",
            "See the warnings above; record more pages, or name other sessions.",
        )


def _path(out: Path, task: PersonaTask) -> Path:
    return out / f"{task.pseudonym}{SUFFIX}"


def _there(path: Path, task: PersonaTask) -> bool:
    """Tell whether a persona is there, whole, and the answer to this very task."""
    if not path.is_file():
        return False
    try:
        own = Persona.load(path).provenance
    except PersonaMismatch as error:
        log.warning("%s is fitted again: %s", path, error)
        return False
    return answers(own, task)
