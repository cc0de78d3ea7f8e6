"""What a cell leaves: scores of every held-out view, small enough to keep and to send."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScoredView(_Edge):
    """One held-out page view.

    Attributes:
        trial: number from 0 in order of presentation.
        screen: screen id.
        scores: per row of `tuning.events.ROWS`, metric by name.
    """

    trial: int
    screen: str
    scores: dict[str, dict[str, float]]


class ScoredPerson(_Edge):
    """One participant's held-out views.

    Attributes:
        views: in order of presentation.
        skipped: what was left out, reason and number.
        missing: rows that could not be computed, and why.
        best_step: optimiser step that was kept; None when nothing was fitted for this participant.
    """

    views: tuple[ScoredView, ...]
    skipped: dict[str, int] = {}
    missing: dict[str, str] = {}
    best_step: int | None = None


class CellResult(_Edge):
    """The outcome of a cell.

    Attributes:
        digest: of the cell.
        words: what was done, for people.
        people: per pseudonym.
        unusable: participants who could not be fitted or judged, and why.
        seconds: computing time; it decides nothing.
        versions: of the programs involved.
    """

    digest: str
    words: str
    people: dict[str, ScoredPerson]
    unusable: dict[str, str] = {}
    seconds: float
    versions: dict[str, str]
