"""A participant's click model as a small JSON document, which needs no model libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.errors import ExportError
from protocols.mistakes import listed
from protocols.participant import Pseudonym

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
