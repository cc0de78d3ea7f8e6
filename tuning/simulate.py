"""A persona looks at pages it has never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import TuningError
from protocols.raster import render
from protocols.stimulus import Page
from tuning.backbones.base import Backbone, Placement
from tuning.events import PageSpec
from tuning.persona import Persona
from tuning.predictions import Prediction, predictions, predictions_of_each
from tuning.probing.base import ProbingOperator


@dataclass(frozen=True, eq=False)
class Seen:
    """What a persona does with one page.

    Attributes:
        page: the model's variant.
        twin: by the prompt alone.
        combined: prompt and position habit together.
    """

    page: Page
    twin: Prediction
    combined: Prediction


def drawn(spec: PageSpec) -> Page:
    """Draw the model's variant of a page.

    Raises:
        StudyInvalid: the viewport does not belong to the screen.
        StimulusMissing: a poster image is not there.
    """
    images = Path(spec.images) if spec.images else None
    return render(spec.screen, spec.viewport, letters=True, images=images)


@dataclass(frozen=True, eq=False)
class View:
    """A page in front of a persona.

    Attributes:
        persona: who looks.
        operator: how attention is read off the model; the persona's.
        page: the model's variant.
        preferred: genres the model is told.
    """

    persona: Persona
    operator: ProbingOperator
    page: Page
    preferred: tuple[str, ...]

    @property
    def manner(self) -> tuple[str, Placement, int]:
        """What views must share to go through the model together."""
        config = self.persona.provenance.config
        return config.operator, config.placement, len(self.persona.prompt.tokens)


def look_together(backbone: Backbone, views: Sequence[View]) -> list[Seen]:
    """Let personas of one backbone look at pages, each at its own, in as few passes as their lengths allow.

    Raises:
        TuningError: a page shows no poster completely.
    """
    groups: dict[tuple[str, Placement, int], list[int]] = {}
    for index, view in enumerate(views):
        groups.setdefault(view.manner, []).append(index)
    found: dict[int, Seen] = {}
    for indices in groups.values():
        found.update(zip(indices, _looked(backbone, [views[i] for i in indices]), strict=True))
    return [found[i] for i in range(len(views))]


def _looked(backbone: Backbone, views: Sequence[View]) -> list[Seen]:
    operator, placement = views[0].operator, views[0].persona.provenance.config.placement
    prepared = [backbone.prepare(_with_posters(view.page), view.preferred) for view in views]
    prompts = [view.persona.prompt for view in views]
    twins = predictions_of_each(backbone, operator, prepared, prompts, placement)
    bare = predictions(backbone, operator, prepared, None, placement)
    both = zip(views, twins, bare, strict=True)
    return [Seen(v.page, twin, combined(v.persona, v.page, twin, unprompted)) for v, twin, unprompted in both]


def combined(persona: Persona, page: Page, twin: Prediction, bare: Prediction) -> Prediction:
    """Combine the prompt's prediction with the persona's position habit and the bare model's choice."""
    return persona.habit.pooling.combined(persona.habit.map.predict(page.layout), twin, bare)


def _with_posters(page: Page) -> Page:
    if len(page.layout) == 0:
        raise TuningError(
            f"Screen {page.screen_id} at {page.viewport.scroll_px} px shows no poster completely.",
            "There is nothing to look at or click.",
            "Choose another scroll position.",
        )
    return page
