"""From a persona to its click model; see `tuning.exporting.position_based`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from protocols.errors import ExportError
from protocols.stimulus import Page
from tuning.environment.click_model_file import ClickModelFile
from tuning.exporting.contract import Subject
from tuning.exporting.position_based import ClickModel, click_models
from tuning.pagespec import PageSpec
from tuning.persona import Persona
from tuning.simulate import Seen


def click_model_file(persona: Persona) -> ClickModelFile:
    """Return the click model of a persona.

    Raises:
        ExportError: it has no tables of use, or its participant looked at nothing.
    """
    models = click_models([Subject(persona, "", _never)])
    return document(models.of[0], models.genres)


def document(model: ClickModel, genres: Sequence[str]) -> ClickModelFile:
    """Return a click model over genres as the environment reads it, without genres nobody looked at."""
    looked = np.flatnonzero(model.genres.examined).tolist()
    return ClickModelFile(
        participant=model.participant,
        examination=tuple(model.examination.tolist()),
        position_n=tuple(model.places.shown.tolist()),
        genres=tuple(genres[i] for i in looked),
        attraction=tuple(model.attraction[looked].tolist()),
        genre_n=tuple(model.genres.examined[looked].tolist()),
        views=model.views,
    )


def _never(pages: Sequence[Page | PageSpec]) -> list[Seen]:
    raise ExportError(
        f"A click model looks at none of {len(pages)} pages.", "It is counted.", "Ask the twin."
    )
