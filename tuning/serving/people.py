"""The twins that a server answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from protocols.errors import GazeTwinError, PersonaMismatch
from protocols.stimulus import Page
from tuning.backbones.base import Backbone
from tuning.pagespec import PageSpec
from tuning.persona import Persona
from tuning.serving.refusals import Refused
from tuning.simulate import Seen, View, look_together
from tuning.twin import Twin


@dataclass(frozen=True, eq=False)
class Question:
    """Who is to look at what.

    Attributes:
        pseudonym: whose twin.
        page: what it sees.
        preferred: genres the model is told; None for those of the page, and else of the persona.
    """

    pseudonym: str
    page: Page | PageSpec
    preferred: tuple[str, ...] | None = None


class People:
    """Personas on one backbone, by pseudonym.

    Args:
        backbone: their model.
        personas: at least one.

    Raises:
        PersonaMismatch: a persona belongs to another model, or somebody is there twice.
    """

    def __init__(self, backbone: Backbone, personas: Sequence[Persona]) -> None:
        self.backbone = backbone
        self.personas: Mapping[str, Persona] = {p.provenance.participant: p for p in personas}
        if len(self.personas) < len(personas):
            raise PersonaMismatch(
                f"{len(personas)} personas have only {len(self.personas)} different pseudonyms.",
                "Twins are asked for by pseudonym.",
                "Serve one persona of each participant.",
            )
        for persona in personas:
            persona.require(backbone.spec)
        self._twin = lru_cache(maxsize=None)(self._made)

    def persona(self, pseudonym: str) -> Persona:
        """Return one persona.

        Raises:
            Refused: there is none of this participant (404).
        """
        if pseudonym not in self.personas:
            raise Refused(
                404,
                "PersonaUnknown",
                f"There is no twin of {pseudonym!r} here.",
                "Another participant's twin would answer.",
                "See /personas for those who are here.",
            )
        return self.personas[pseudonym]

    def answers(self, questions: Sequence[Question]) -> list[Seen | GazeTwinError]:
        """Look at pages together; who cannot be shown theirs gets the reason, the others an answer."""
        found: list[View | GazeTwinError] = [self._view(question) for question in questions]
        views = [view for view in found if isinstance(view, View)]
        seen = iter(self._looked(views))
        return [one if isinstance(one, GazeTwinError) else next(seen) for one in found]

    def _view(self, question: Question) -> View | GazeTwinError:
        try:
            return self._twin(question.pseudonym).view(question.page, question.preferred)
        except GazeTwinError as error:
            return error

    def _looked(self, views: Sequence[View]) -> list[Seen | GazeTwinError]:
        try:
            return list(look_together(self.backbone, views))
        except GazeTwinError as error:
            if len(views) == 1:
                return [error]
        return [self._looked([view])[0] for view in views]  # the others must not suffer from one page

    def _made(self, pseudonym: str) -> Twin:
        return Twin.of(self.persona(pseudonym), self.backbone)
