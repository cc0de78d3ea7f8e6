"""Fits many newcomers in one run, into one file.

Participants are read in groups that share pages and fit into memory; a picture is let go as soon as the model
has seen it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from protocols.errors import GazeTwinError, NotEnoughExamples, PersonaMismatch, TuningError
from protocols.stimulus import Page
from protocols.wire import Progress
from tuning.backbones.base import Backbone, BackboneSpec
from tuning.cohort import Cohort, shipped_cohort
from tuning.config import FitConfig
from tuning.events import Event, Load, Saved, Warned
from tuning.examples import Drawn
from tuning.foreseen import Remembering
from tuning.group_fit import fit_group, left_out
from tuning.output import require_writable
from tuning.persona import Persona
from tuning.persona_task import PersonaTask
from tuning.personas import Personas
from tuning.planned import answers, personas_planned
from tuning.recordings import Material, read_material
from tuning.registry import load_backbone
from tuning.splits import split_screens
from tuning.tuner import searchable

log = logging.getLogger(__name__)

GROUP_PEOPLE = 100
GROUP_PAGES = 128
"""Fewer than a backbone keeps frozen states and vision features of."""
MOST = 2000
"""Personas in one file: its head, which holds the provenance of each, may have 32 MiB."""
_NO_PICTURE = np.zeros((0, 0, 3), np.uint8)

T = TypeVar("T")


def fit_together(
    named: Sequence[Path],
    out: Path,
    config: FitConfig,
    model: Load,
    basis: Path | None = None,
    *,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Fit one persona per participant over one basis, and write all of them into one file.

    What an earlier run of the same command has finished, wholly or in part, is not fitted again.

    Args:
        named: session files, or folders of them.
        out: file of the personas.
        config: settings, of method ``search``.
        model: what to load.
        basis: cohort among whose participants is searched; None for the one that ships with the model.
        force: replace personas of other participants, sessions or settings.

    Raises:
        SessionMissing: there is no session.
        PersonaMismatch: the cohort is of another model or other settings.
        TuningError: another method, too many participants for one file, nothing can be written to ``out``,
            personas that are there would be lost, or not one persona could be fitted.
    """
    require_writable(out)
    yield Progress(done=0, unit="personas", message="Reading sessions")
    backbone = load_backbone(model.backbone, model.device, model.precision)
    cohort = _cohort(basis, backbone.spec, config)
    tasks, unreadable = personas_planned(named, config, model, backbone.spec.digest, cohort.digest)
    yield from unreadable
    _refuse_too_many(tasks)
    if not force:
        _refuse_loss(out, tasks)
    unfinished = out.with_name(f"{out.name}.unfinished")
    found = {**_kept(out, tasks), **_kept(unfinished, tasks)}
    waiting = deque(task for task in tasks if task.pseudonym not in found)
    yield Progress(
        done=len(found), total=len(tasks), unit="personas", message=f"{len(found)} of {len(tasks)} are there"
    )
    while waiting:
        remembering = Remembering(backbone)
        group = yield from _within(_read(remembering, waiting, config), len(found), len(tasks))
        results = yield from _within(fit_group(remembering, group, config, cohort), len(found), len(tasks))
        found |= {result.persona.provenance.participant: result.persona for result in results}
        if found and waiting:
            _saved(found, tasks, cohort, unfinished)
    if not found:
        raise TuningError(
            f"Not one of {len(tasks)} personas could be fitted.",
            "There is nothing to export or compare.",
            "See the warnings above; record more pages, or name other sessions.",
        )
    _saved(found, tasks, cohort, out)
    unfinished.unlink(missing_ok=True)
    yield Saved(what="cohort", path=str(out))


def _read(
    backbone: Backbone, waiting: deque[PersonaTask], config: FitConfig
) -> Generator[Progress | Warned, None, list[Material]]:
    """Take the next participants from those who wait, until their pages are as many as can be kept."""
    group, drawn = list[Material](), dict[tuple[str, str, str], Page]()
    size = min(GROUP_PEOPLE, len(waiting))
    while waiting and len(group) < size and len(drawn) < GROUP_PAGES:
        task = waiting.popleft()
        yield Progress(done=len(group), total=size, unit="sessions", message="Reading sessions")
        try:
            group.append(_material(backbone, task, config, drawn))
        except GazeTwinError as error:
            yield left_out(task.pseudonym, error)
    return group


def _material(backbone: Backbone, task: PersonaTask, config: FitConfig, drawn: Drawn) -> Material:
    """Read a participant's sessions and have the model prepare the pages, so that pictures can go.

    Args:
        backbone: that prepares.
        task: whose sessions.
        config: settings.
        drawn: pages of the group without pictures, fewer than `GROUP_PAGES`; this participant's are added.

    Raises:
        GazeTwinError: they cannot be used.
    """
    own = dict(drawn)
    paths = [Path(p) for p in task.paths]
    material = read_material(paths, lambda screens: split_screens(screens, config.seed), own)
    if tuple(s.sha256 for s in material.sessions) != task.sha256:
        raise NotEnoughExamples(
            "A session has changed while it was read.",
            "Its persona would be filed under the old contents.",
            "Run it again when the session is complete.",
        )
    # Pages without a picture come first, while the model still remembers what it saw on all of them.
    for example in sorted(material.examples, key=lambda e: e.page.image.size):
        backbone.prepare(example.page, example.preferred)
    drawn.update((key, _without_picture(page)) for key, page in own.items())
    bare = [replace(e, page=_without_picture(e.page)) for e in material.examples]
    return replace(material, examples=bare)


def _without_picture(page: Page) -> Page:
    return replace(page, image=_NO_PICTURE)


def _within(
    job: Generator[Progress | Warned, None, T], found: int, total: int
) -> Generator[Progress | Warned, None, T]:
    """Run a part of the work and say beside its progress how far the whole is."""
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            value: T = end.value
            return value
        if isinstance(event, Progress):
            event = event.model_copy(update={"message": f"{found} of {total} personas; {event.message}"})
        yield event


def _cohort(basis: Path | None, spec: BackboneSpec, config: FitConfig) -> Cohort:
    if config.method != "search":
        raise TuningError(
            f"Many newcomers are fitted at once by search, not by {config.method}.",
            "Each would need optimiser steps of its own.",
            'Set method = "search" and personal_prompt = false.',
        )
    cohort = shipped_cohort(spec, config) if basis is None else Cohort.load(basis)
    if cohort is None:
        searchable(None)
    if cohort is None or not cohort.suits(spec, config):
        raise PersonaMismatch(
            f"{basis} holds no participants of {spec.id} with {config.operator}, {config.placement},"
            f" {config.basis_size} basis prompts of {config.prompt_length} tokens.",
            "Mixtures of their prompts would mean nothing here.",
            "Name a cohort of this model and these settings, or use settings that suit it.",
        )
    return cohort


def _refuse_loss(out: Path, tasks: Sequence[PersonaTask]) -> None:
    """Refuse to replace a whole file with personas that this run would not write again."""
    there = _whole(out)
    lost = [name for name in there if name not in _kept(out, tasks)]
    if lost:
        raise TuningError(
            f"{out} holds {len(lost)} of {len(there)} personas of other participants, sessions or settings,"
            f" for example that of {lost[0]}.",
            "They would be lost.",
            "Name another file, or add --force to replace it.",
        )


def _kept(path: Path, tasks: Sequence[PersonaTask]) -> Mapping[str, Persona]:
    """Return the personas of a file that are answers to these very tasks."""
    known = {task.pseudonym: task for task in tasks}
    return {n: p for n, p in _whole(path).items() if n in known and answers(p.provenance, known[n])}


def _whole(path: Path) -> Mapping[str, Persona]:
    """Return the personas of a file, none when it is not there or damaged."""
    if not path.is_file():
        return {}
    try:
        return Personas.load(path).personas
    except PersonaMismatch as error:
        log.warning("%s is not used, everybody is fitted again: %s", path, error)
        return {}


def _saved(found: Mapping[str, Persona], tasks: Sequence[PersonaTask], cohort: Cohort, path: Path) -> None:
    ordered = [found[task.pseudonym] for task in tasks if task.pseudonym in found]
    Personas.of(ordered, cohort.bank.basis).save(path)


def _refuse_too_many(tasks: Sequence[PersonaTask]) -> None:
    if len(tasks) > MOST:
        raise TuningError(
            f"{len(tasks)} participants were named; one file holds {MOST} personas.",
            "Whoever opened a larger one would have to read the provenance of everybody first.",
            "Name the folders in several runs, each with a file of its own.",
        )
