"""Who took part, as far as a recording may know: a pseudonym, tastes, answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from protocols.errors import StudyInvalid
from protocols.mistakes import listed

Rating = Annotated[int, Field(ge=1, le=5)]
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_pseudonym(text: str) -> bool:
    """Tell whether a text can name a participant, and files."""
    return _PLAIN.fullmatch(text) is not None


def _plain(text: str) -> str:
    if is_pseudonym(text):
        return text
    raise ValueError("only A-Z a-z 0-9 . _ - are allowed, 1 to 64 of them, a letter or digit first")


Pseudonym = Annotated[str, AfterValidator(_plain)]


class Participant(BaseModel):
    """One participant.

    Attributes:
        pseudonym: letters, digits, dot, dash, underscore; also names the file. Never a person's name.
        top_genre: the favourite genre, empty when not asked.
        preferred_genres: genres the participant likes.
        ratings: stars from 1 to 5 per genre.
        answers: any other answer of the questionnaire.

    Raises:
        StudyInvalid: a value breaks these rules; all of them are reported together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pseudonym: Pseudonym
    top_genre: str = ""
    preferred_genres: tuple[str, ...] = ()
    ratings: Mapping[str, Rating] = Field(default_factory=dict)
    answers: Mapping[str, str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _explained(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise StudyInvalid(
                f"The participant cannot be recorded like this: {listed(error)}",
                "Files are named and grouped by the pseudonym, and twins are fitted to the tastes.",
                "Use a pseudonym such as P01 (letters, digits, . _ -) and ratings from 1 to 5.",
            ) from error

    @property
    def preferred(self) -> tuple[str, ...]:
        """Preferred genres, the top genre first, none twice."""
        return tuple(dict.fromkeys(g for g in (self.top_genre, *self.preferred_genres) if g))
