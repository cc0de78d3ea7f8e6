"""The jobs of the engine program: each takes a request and yields events. Importing this loads torch."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch

from protocols import wire
from protocols.errors import TuningError
from protocols.slots import SlotDistribution
from protocols.stimulus import Page
from protocols.wire import Progress
from tuning import events
from tuning.backbones.base import Backbone
from tuning.cohort import Cohort, fit_cohort, shipped_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, simulated_examples
from tuning.evaluate import compare, view_of
from tuning.events import Event, PageSpec
from tuning.fitting import fit_persona
from tuning.live import LiveTwin
from tuning.output import require_writable, write_whole
from tuning.persona import Persona
from tuning.recordings import held_out, read_material
from tuning.registry import load_backbone, make_operator
from tuning.simulate import drawn
from tuning.splits import split_screens

Job = Generator[Event, None, None]


def threads() -> int:
    """Return how many threads the model may use: OMP_NUM_THREADS, otherwise half of the cores.

    Threads wait for each other by spinning. With as many threads as cores, any other busy program makes a
    small model eight times slower, and during a session there always is one.
    """
    return int(os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 2) // 2))


class Workbench:
    """A loaded backbone and the participant who is predicted now; jobs run one at a time."""

    def __init__(self, model: events.Load) -> None:
        torch.set_num_threads(threads())
        started = time.perf_counter()
        self.backbone: Backbone = load_backbone(model.backbone, model.device, model.precision)
        self.seconds = time.perf_counter() - started
        self._live: LiveTwin | None = None
        self._preferred: tuple[str, ...] = ()

    def ready(self) -> events.Ready:
        """Say what is loaded."""
        spec, cohort = self.backbone.spec, self.cohort(FitConfig())
        return events.Ready(
            backbone=spec.id,
            digest=spec.digest,
            cohort=0 if cohort is None else len(cohort.bank.participants),
            seconds=self.seconds,
        )

    def cohort(self, config: FitConfig) -> Cohort | None:
        """Return the shipped cohort that suits the backbone and the settings."""
        return shipped_cohort(self.backbone.spec, config)

    def job(self, request: events.Work) -> Job:
        """Return the events of one request; nothing happens before the first is taken."""
        match request:
            case events.Begin():
                return self.begin(request)
            case events.Predict():
                return self.predict(request)
            case events.Observe():
                return self.observe(request)
            case events.Fit():
                return self.fit(request)
            case events.Compare():
                return self.compare(request)
            case events.Simulate():
                return self.simulate(request)

    def begin(self, request: events.Begin) -> Job:
        """Start predicting for one participant."""
        persona = self._persona(request.persona) if request.persona else None
        config = request.config if persona is None else persona.provenance.config
        self._preferred = request.preferred
        self._live = LiveTwin(
            self.backbone,
            make_operator(config.operator),
            config,
            self.cohort(config),
            request.participant,
            persona,
        )
        yield from ()

    def predict(self, request: events.Predict) -> Job:
        """Predict a page before it is shown."""
        started, live = time.perf_counter(), self._begun()
        rows = live.predict(drawn(request.page), self._asked(request.page))
        yield events.Predicted(
            views={row: view_of(seen) for row, seen in rows.items()},
            observed=live.observed,
            seconds=time.perf_counter() - started,
        )

    def observe(self, request: events.Observe) -> Job:
        """Learn from a page that was shown."""
        started, live = time.perf_counter(), self._begun()
        page, amounts = drawn(request.page), np.asarray(request.gaze, dtype=np.float64)
        _refuse_other_slots(page, request)
        steps, note = 0, ""
        if amounts.sum() > 0:
            gaze = SlotDistribution.of(amounts, "fixation").weights
            steps = live.observe(page, self._asked(request.page), gaze, request.click, request.budget_s)
        else:
            note = "Nothing was looked at on this page."
        seconds = time.perf_counter() - started
        yield events.Observed(observed=live.observed, steps=steps, seconds=seconds, note=note)

    def fit(self, request: events.Fit) -> Job:
        """Fit, judge and save one participant's persona."""
        config = request.config
        yield Progress(done=0, total=config.steps, unit="steps", message="Reading sessions")
        for target in filter(None, (request.out, request.comparison)):
            require_writable(Path(target))
        paths = [Path(p) for p in request.sessions]
        material = read_material(paths, lambda screens: split_screens(screens, config.seed))
        operator, cohort = make_operator(config.operator), self.cohort(config)
        out = Path(request.out)
        savepoint = out.with_name(f"{out.name}.unfinished")
        result = yield from fit_persona(self.backbone, operator, material, config, cohort, savepoint)
        result.persona.save(out)
        savepoint.unlink(missing_ok=True)
        yield events.Saved(what="persona", path=request.out)
        if request.comparison:
            yield _written(result.comparison, request.comparison)
        yield _compared(result.comparison)

    def compare(self, request: events.Compare) -> Job:
        """Judge a persona on screens it was not fitted on."""
        persona = self._persona(request.persona)
        own = persona.provenance
        material = read_material([Path(p) for p in request.sessions], held_out(own.splits))
        if material.participant != own.participant:
            yield _stranger(own.participant, material.participant)
        cohort = self.cohort(own.config)
        operator = make_operator(own.config.operator)
        found = compare(self.backbone, operator, persona, cohort, material.examples)
        yield _written(found, request.out)
        yield _compared(found)

    def simulate(self, request: events.Simulate) -> Job:
        """Let a persona look at pages."""
        twin = Persona.load(request.persona).on(self.backbone)
        for index, spec in enumerate(request.pages):
            seen = twin.look(spec)
            yield events.Simulated(
                index=index,
                screen=spec.screen.id,
                view=view_of(seen.twin),
                combined=view_of(seen.combined),
                films=tuple(slot.film for slot in seen.page.layout.slots),
            )

    def fit_cohort(self, config: FitConfig, out: Path) -> Job:
        """Draw simulated viewers, fit the cohort that ships with the backbone, and save it."""
        plan = CohortPlan()
        yield Progress(done=0, total=config.steps, unit="steps", message="Drawing simulated viewers")
        examples = simulated_examples(plan)
        cohort = yield from fit_cohort(self.backbone, make_operator(config.operator), examples, plan, config)
        cohort.save(out)
        yield events.Saved(what="cohort", path=str(out))

    def _persona(self, path: str) -> Persona:
        persona = Persona.load(path)
        persona.require(self.backbone.spec)
        return persona

    def _begun(self) -> LiveTwin:
        if self._live is None:
            raise TuningError(
                "No participant has begun.",
                "A prediction belongs to one participant.",
                "Send `begin` first.",
            )
        return self._live

    def _asked(self, page: PageSpec) -> tuple[str, ...]:
        return self._preferred if page.preferred is None else page.preferred


def _refuse_other_slots(page: Page, request: events.Observe) -> None:
    slots = len(page.layout)
    if len(request.gaze) != slots or (request.click is not None and request.click >= slots):
        raise TuningError(
            f"Gaze on {len(request.gaze)} slots and click {request.click} were observed on a page"
            f" with {slots} slots.",
            "Attention would be learned for the wrong posters.",
            "Send one value per fully visible poster, in reading order.",
        )


def _written(found: events.Comparison, path: str) -> events.Saved:
    write_whole(Path(path), (wire.encode(found) + "\n").encode())
    return events.Saved(what="comparison", path=path)


def _compared(found: events.Comparison) -> events.Compared:
    return events.Compared(
        heldout=found.heldout,
        smoothed_logloss=found.smoothed_logloss,
        counts=found.counts,
        skipped=found.skipped,
        missing=found.missing,
        verdicts=found.verdicts,
        unchanged=found.unchanged,
    )


def _stranger(own: str, other: str) -> events.Warned:
    return events.Warned(
        what=f"The persona is of {own}, the sessions are of {other}.",
        why="The scores say how far one participant's twin fits another one.",
        fix=f"Name sessions of {own} to judge the twin itself.",
    )
