"""Personas as position-based click models: P(click) = P(position examined) · P(genre clicked if examined).

Independent clicks at every position are the model's own assumption; a participant's page view ends with one
click at most. Both factors are counted (see `tuning.tables_of_use`), so every rate has its n. In this model
nothing is clicked that was not examined: a click is a look, also where no gaze was recorded on the film.
Without that, the model would click less often than the participant did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from protocols.errors import ExportError
from protocols.geometry import FloatArray
from tuning.exporting.contract import Field, Subject
from tuning.exporting.plain import distinct
from tuning.tables_of_use import COUNTS, PRIOR_VIEWS, Counts, TablesOfUse

SMOOTHING = f"drawn to the participant's mean as if there had been {PRIOR_VIEWS:g} more case"


@dataclass(frozen=True, eq=False)
class ClickModel:
    """One participant.

    Attributes:
        participant: pseudonym.
        places: counts per position on the screen, (positions,); a click is a look.
        genres: counts per genre of `ClickModels.genres`; a click is a look.
        views: page views behind both.
    """

    participant: str
    places: Counts
    genres: Counts
    views: int

    @property
    def examination(self) -> FloatArray:
        """Probability that a position is looked at, (positions,), inside (0, 1)."""
        return self.places.examination

    @property
    def attraction(self) -> FloatArray:
        """Probability that a film of a genre is clicked when looked at, (genres,), inside (0, 1)."""
        return self.genres.click_given_examined


@dataclass(frozen=True, eq=False)
class ClickModels:
    """Several participants over the same positions and genres.

    Attributes:
        positions: of a page, in reading order.
        genres: that somebody looked at, in ascending order, as they are written.
        left_out: genres that were shown and that nobody looked at.
        of: the participants.
    """

    positions: int
    genres: tuple[str, ...]
    left_out: tuple[str, ...]
    of: tuple[ClickModel, ...]

    def fields(self, examination: str, attraction: str) -> tuple[Field, ...]:
        """Return what is behind both factors, under the names that the other program has for them.

        What somebody was never shown, or never looked at, is their own mean rate: a stand-in.
        """
        views = sum(model.views for model in self.of)
        examined = sum(int(model.genres.examined.sum()) for model in self.of)
        return (
            Field(
                examination,
                "measured",
                f"looked at or clicked, of page views that showed it; {SMOOTHING}",
                views,
            ),
            Field(attraction, "measured", f"clicked, of films looked at or clicked; {SMOOTHING}", examined),
            *(
                Field(f"{attraction} of {g}", "omitted", "nobody looked at such a film", 0)
                for g in self.left_out
            ),
            *(gap for model in self.of for gap in self._gaps(model, examination, attraction)),
        )

    def _gaps(self, model: ClickModel, examination: str, attraction: str) -> list[Field]:
        places = [str(position) for position in np.flatnonzero(model.places.shown == 0)]
        genres = [self.genres[i] for i in np.flatnonzero(model.genres.examined == 0)]
        unknown = (
            (f"{examination} of unseen positions", "was never shown a film at position", places),
            (f"{attraction} of unseen genres", "never looked at a film of", genres),
        )
        return [
            Field(name, "proxy", f"{lack} {', '.join(of)}; the mean rate stands in", 0, model.participant)
            for name, lack, of in unknown
            if of
        ]


def clicks_are_looks(counts: Counts) -> Counts:
    """Return counts in which a film that was clicked was looked at, as the model demands."""
    looked = counts.examined + counts.clicked - counts.examined_clicked
    return Counts(counts.shown, looked, counts.clicked, counts.clicked)


def click_models(subjects: Sequence[Subject]) -> ClickModels:
    """Return the click models of personas.

    Raises:
        ExportError: somebody has no tables or looked at nothing, or two genres cannot be told apart.
    """
    uses = [subject.use for subject in subjects]
    for subject, use in zip(subjects, uses, strict=True):
        _require_looks(subject.name, use)
    positions = max(len(use.by_position().shown) for use in uses)
    looked = sorted({g for use in uses for g in _looked_at(use)})
    shown = sorted({g for use in uses for g in use.genres} - set(looked))
    models = [
        ClickModel(
            subject.name, clicks_are_looks(use.by_position(positions)), _genres(use, looked), use.views
        )
        for subject, use in zip(subjects, uses, strict=True)
    ]
    names = distinct((*looked, *shown), "A genre")
    return ClickModels(positions, names[: len(looked)], names[len(looked) :], tuple(models))


def _looked_at(use: TablesOfUse) -> list[str]:
    return [use.genres[i] for i in np.flatnonzero(clicks_are_looks(use.films).examined)]


def _genres(use: TablesOfUse, genres: Sequence[str]) -> Counts:
    lines = dict(zip(use.genres, use.films.table(), strict=True))
    counts = [lines.get(genre, np.zeros(len(COUNTS))) for genre in genres]
    return clicks_are_looks(Counts.of(np.array(counts, dtype=np.int64)))


def _require_looks(name: str, use: TablesOfUse) -> None:
    if not use.films.examined.sum():
        raise ExportError(
            f"{name} looked at no film on the {use.views} page views that were counted.",
            "A click model needs films that were looked at, and nothing is invented.",
            "Leave this persona out, or record the participant again.",
        )
