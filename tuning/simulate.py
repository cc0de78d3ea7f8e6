"""A persona looks at pages it has never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import TuningError
from protocols.raster import render
from protocols.stimulus import Page
from tuning.backbones.base import Backbone
from tuning.events import PageSpec
from tuning.persona import Persona
from tuning.predictions import Prediction, predictions
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


def look_at(
    backbone: Backbone,
    operator: ProbingOperator,
    persona: Persona,
    pages: Sequence[Page],
    asked: Sequence[tuple[str, ...]],
) -> list[Seen]:
    """Let a persona look at drawn pages, each with the genres the model is told.

    Raises:
        TuningError: a page shows no poster completely.
    """
    own = persona.provenance
    prepared = [backbone.prepare(_with_posters(p), genres) for p, genres in zip(pages, asked, strict=True)]
    twins = predictions(backbone, operator, prepared, persona.prompt, own.config.placement)
    bare = predictions(backbone, operator, prepared, None, own.config.placement)
    both = zip(pages, twins, bare, strict=True)
    return [Seen(page, twin, combined(persona, page, twin, unprompted)) for page, twin, unprompted in both]


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
