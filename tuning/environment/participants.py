"""Who sits in front of the page: a click model counted from the sessions, or the twin itself."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np

from protocols.errors import ExportError, PersonaMismatch, SetupError
from protocols.geometry import FloatArray
from protocols.stimulus import Film
from tuning.exporting.click_model_file import ClickModelFile, click_model_file, read_click_model
from tuning.pagespec import PageSpec

if TYPE_CHECKING:
    from tuning.predictions import Prediction
    from tuning.twin import Twin

Kind = Literal["click-model", "twin", "twin-combined"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class Reaction:
    """What a participant does with a page of n posters, before chance decides.

    Attributes:
        click_chance: probability that the page ends with a click.
        choice: probability of each poster to be the clicked one when there is a click, (n,), sums to 1.
        attention: over the posters, (n,), sums to 1.
    """

    click_chance: float
    choice: FloatArray
    attention: FloatArray


class Participant(Protocol):
    """Somebody who reacts to pages."""

    def react(self, page: PageSpec, films: tuple[Film, ...]) -> Reaction:
        """Return the reaction to a page; `films` stand in its posters, in reading order."""
        ...


class Counted:
    """A position-based click model whose page ends with one click at most.

    A poster is clicked with the probability that its position is examined times that its genre is clicked
    when examined; these exclude each other. Where they add up to more than 1 they are scaled to 1.

    Args:
        model: of the participant.
        films: that may be shown.
        slots: posters on a page.

    Raises:
        ExportError: nothing was measured about a genre or a position.
    """

    def __init__(self, model: ClickModelFile, films: tuple[Film, ...], slots: int) -> None:
        known = dict(zip(model.genres, model.attraction, strict=True))
        strange = sorted({film.genres[0] for film in films} - set(known))
        never = [n for n in range(slots) if n >= len(model.position_n) or not model.position_n[n]]
        if strange or never:
            what = f"films of {', '.join(strange)}" if strange else f"posters at positions {never}"
            raise ExportError(
                f"{model.participant} has never looked at {what}.",
                "How often they would be clicked was not measured, and nothing is invented.",
                "Leave such films out of the environment, or use the twin itself as the participant.",
            )
        self._attraction = known
        self._examination = np.array(model.examination[:slots])

    def react(self, page: PageSpec, films: tuple[Film, ...]) -> Reaction:  # noqa: ARG002 - signature of all
        """See `Participant`."""
        clicked = self._examination * np.array([self._attraction[film.genres[0]] for film in films])
        total = float(clicked.sum())
        return Reaction(min(total, 1.0), clicked / total, self._examination / self._examination.sum())


class TwinItself:
    """The model with the participant's prompt; slow and exact.

    How often a page is clicked at all comes from the tables of use, which poster it is from the twin.

    Args:
        twin: at work on its model.
        combined: take the position habit into account.

    Raises:
        PersonaMismatch: nobody counted how often a page was clicked.
    """

    def __init__(self, twin: Twin, *, combined: bool) -> None:
        use = twin.persona.use
        if use is None or not use.views:
            raise PersonaMismatch(
                f"The persona of {twin.persona.provenance.participant} has no tables of use.",
                "How many of its pages end with a click is not known, and nothing is invented.",
                "Fit the participant again with gazetwin fit.",
            )
        self._twin, self._combined = twin, combined
        self._click_chance = use.clicks / use.views

    def react(self, page: PageSpec, films: tuple[Film, ...]) -> Reaction:  # noqa: ARG002 - signature of all
        """See `Participant`."""
        seen = self._twin.look(page)
        found: Prediction = seen.combined if self._combined else seen.twin
        return Reaction(self._click_chance, found.choice, found.attention)


def participant_of(
    persona: str | Path, kind: str, films: tuple[Film, ...], slots: int, backbone: str
) -> Participant:
    """Return the participant that a persona file, or an exported click model, describes.

    Raises:
        GazeTwinError: there is no such kind, or the persona cannot be used as one.
    """
    if kind not in KINDS:
        raise ExportError(
            f"There is no participant {kind!r}.",
            "Somebody else would click.",
            f"Use one of {', '.join(KINDS)}.",
        )
    exported = Path(persona).suffix == ".json"
    if exported and kind == "click-model":
        return Counted(read_click_model(Path(persona)), films, slots)
    if exported:
        raise ExportError(
            f"{persona} holds a click model, not a twin.",
            "The twin is in the persona file only.",
            "Name the persona file, or use the participant click-model.",
        )
    return _from_persona(str(persona), kind, films, slots, backbone)


def _from_persona(persona: str, kind: str, films: tuple[Film, ...], slots: int, backbone: str) -> Participant:
    if importlib.util.find_spec("torch") is None:
        raise SetupError(
            "The model libraries are not installed.",
            "Persona files are read with them.",
            "Install them (pip install 'gazetwin[tune,gym]'), or name a click model that was exported.",
        )
    from tuning.persona import Persona

    loaded = Persona.load(persona)
    if kind == "click-model":
        return Counted(click_model_file(loaded), films, slots)
    return TwinItself(loaded.on(backbone), combined=kind == "twin-combined")
