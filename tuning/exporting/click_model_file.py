"""A participant's click model as a small JSON document, which needs no model libraries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.errors import ExportError
from protocols.mistakes import listed
from protocols.participant import Pseudonym
from protocols.stimulus import Page
from tuning.exporting.contract import Subject
from tuning.exporting.position_based import ClickModel, click_models
from tuning.pagespec import PageSpec

if TYPE_CHECKING:
    from tuning.persona import Persona
    from tuning.simulate import Seen

MAX_BYTES = 4 * 1024 * 1024
Probability = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class ClickModelFile(BaseModel):
    """P(click) = P(position examined) · P(genre clicked if examined), and the counts behind both.

    Attributes:
        format: of this document.
        participant: pseudonym.
        examination: per position in reading order.
        position_n: page views that showed a film there.
        genres: main genres of films that were looked at.
        attraction: per genre.
        genre_n: films of it that were looked at.
        views: page views counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["gazetwin-click-model/1"] = "gazetwin-click-model/1"
    participant: Pseudonym
    examination: tuple[Probability, ...]
    position_n: tuple[Count, ...]
    genres: tuple[str, ...]
    attraction: tuple[Probability, ...]
    genre_n: tuple[Count, ...]
    views: Count

    @model_validator(mode="after")
    def _even(self) -> Self:
        places, genres = len(self.examination), len(self.genres)
        if len(self.position_n) != places or {len(self.attraction), len(self.genre_n)} != {genres}:
            raise ValueError("every position and every genre needs one rate and one count")
        if len(set(self.genres)) != genres:
            raise ValueError("a genre is there twice")
        return self


def read_click_model(path: Path) -> ClickModelFile:
    """Read an exported click model.

    Raises:
        ExportError: there is none, or it is damaged.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(f"it has {size} bytes, more than {MAX_BYTES}")
        return ClickModelFile.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        problem = listed(error) if isinstance(error, ValidationError) else str(error)
        raise ExportError(
            f"{path} is no click model: {problem}",
            "The participant would click as nobody did.",
            "Export the persona again: gazetwin export persona ... --to gymnasium.",
        ) from error


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
