"""From examples of one participant to a judged persona."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from tuning.backbones.base import Backbone, BackboneSpec
from tuning.baselines import PositionMap
from tuning.cohort import Cohort, looked_of
from tuning.config import FitConfig
from tuning.evaluate import compare
from tuning.events import Comparison, Warned
from tuning.examples import Example, Split
from tuning.foreseen import Asked, Predictor
from tuning.habit import UNFITTED, Habit, TrainingView, fit_habit
from tuning.persona import Persona
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank, SoftPrompt
from tuning.provenance import LayoutReference, Provenance, UseReference
from tuning.recordings import Material
from tuning.tables_of_use import TablesOfUse, tables_of_use
from tuning.tuner import FitEvent, Fitted, fit
from tuning.versions import versions

COUNTED: tuple[Split, ...] = ("train", "val")
"""Tables of use leave the test screens out: a simulator built on them can be judged there like the twin."""


@dataclass(frozen=True, eq=False)
class Result:
    """A persona and how it did on held-out screens."""

    persona: Persona
    comparison: Comparison


def fit_persona(
    backbone: Backbone,
    operator: ProbingOperator,
    material: Material,
    config: FitConfig,
    cohort: Cohort | None,
    savepoint: Path | None = None,
) -> Generator[FitEvent, None, Result]:
    """Fit a participant's twin on training screens, choose on validation screens, judge once on test screens.

    Args:
        backbone: frozen.
        operator: how attention is read.
        material: of one participant.
        config: settings.
        cohort: earlier participants whose basis suits backbone and settings; None fits a basis from nothing.
        savepoint: file that keeps the unfinished fit, see `tuning.tuner.fit`.

    Raises:
        NotEnoughExamples: nothing to fit or nothing to judge.
    """
    if cohort is None:
        yield _no_cohort(backbone.spec, config)
    bank = None if cohort is None else cohort.bank
    fitted = yield from fit(backbone, operator, material.examples, config, bank, savepoint)
    return judged_persona(backbone, operator, material, config, cohort, fitted)


def judged_persona(
    backbone: Backbone,
    operator: ProbingOperator,
    material: Material,
    config: FitConfig,
    cohort: Cohort | None,
    fitted: Fitted,
    predict: Predictor | None = None,
) -> Result:
    """Complete a participant's fitted prompt with their habits, and judge the twin on test screens.

    Args:
        backbone: frozen.
        operator: how attention is read.
        material: of one participant.
        config: settings.
        cohort: earlier participants, None for none.
        fitted: prompts of this participant and perhaps of others, or one prompt of a group without names.
        predict: who predicts; None asks the model.

    Raises:
        NotEnoughExamples: nothing to judge.
    """
    names = fitted.bank.participants
    name = material.participant if material.participant in names else names[0]
    prompt = replace(fitted.bank.prompt(name), participant=material.participant)
    predict = predict or Asked(backbone, operator, config.placement)
    habit = _habit(predict, material.examples, prompt, config, cohort)
    use = tables_of_use((e for e in material.examples if e.split in COUNTED), config.train_signal)
    provenance = _provenance(backbone.spec, material, config, cohort, fitted, habit, use)
    persona = replace(_persona(fitted.bank, name, prompt, habit, provenance), use=use)
    comparison = compare(backbone, operator, persona, cohort, material.examples, predict)
    judged = provenance.model_copy(update={"heldout": comparison.heldout})
    return Result(replace(persona, provenance=judged), comparison)


def _habit(
    predict: Predictor,
    examples: Sequence[Example],
    prompt: SoftPrompt,
    config: FitConfig,
    cohort: Cohort | None,
) -> Habit:
    train = [e for e in examples if e.split == "train" and e.attention(config.train_signal) is not None]
    looked = looked_of(train, config, "train")
    seen = zip(looked, train, predict(train, prompt), predict(train, None), strict=True)
    views = [TrainingView(view, e.preferred, e.click, model, plain) for view, e, model, plain in seen]
    if cohort is None:
        return fit_habit(views, PositionMap.uniform(), UNFITTED)
    return fit_habit(views, cohort.population, cohort.pooling)


def _persona(
    bank: PromptBank, name: str, prompt: SoftPrompt, habit: Habit, provenance: Provenance
) -> Persona:
    free = torch.zeros_like(prompt.tokens) if bank.personal is None else bank.personal.detach().clone()
    return Persona(
        prompt, bank.logits[bank.participants.index(name)].detach().clone(), free, habit, provenance
    )


def _provenance(
    spec: BackboneSpec,
    material: Material,
    config: FitConfig,
    cohort: Cohort | None,
    fitted: Fitted,
    habit: Habit,
    use: TablesOfUse,
) -> Provenance:
    return Provenance(
        participant=material.participant,
        preferred=material.preferred,
        ratings=dict(material.ratings),
        sessions=material.sessions,
        backbone=spec.id,
        backbone_digest=spec.digest,
        positions=spec.positions,
        question_digest=spec.question,
        layout=_layout(material.examples),
        cohort="" if cohort is None else cohort.digest,
        config=config,
        splits=material.splits,
        use=UseReference(
            signal=use.signal, genres=use.genres, views=use.views, unseen=use.unseen, splits=COUNTED
        ),
        best_step=fitted.step,
        start=fitted.like,
        validation=fitted.scores,
        heldout={},
        uniform_shares=dict(habit.uniform_shares),
        versions=versions(),
    )


def _layout(examples: Sequence[Example]) -> LayoutReference | None:
    """Return what all pages have in common; None when not even their size is."""
    layouts = [e.page.layout for e in examples]
    pages = {layout.size_px for layout in layouts}
    slots = {(round(s.box.width), round(s.box.height)) for layout in layouts for s in layout.slots}
    if len(pages) != 1:
        return None
    return LayoutReference(page_px=pages.pop(), slot_px=slots.pop() if len(slots) == 1 else None)


def _no_cohort(spec: BackboneSpec, config: FitConfig) -> Warned:
    return Warned(
        what=f"No cohort ships for {spec.id} with {config.operator}, {config.placement},"
        f" {config.basis_size} basis prompts of {config.prompt_length} tokens.",
        why="The prompt is fitted from nothing, which takes more steps and more pages, and the rows"
        " shared_prompt and population_mean are missing.",
        fix="Use the default settings with carousel-tiny, or fit for more steps.",
    )
