"""Attention per poster as a table: one row per page view and slot, named as in the exported tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sessions.exporters.table import Column, Row, Table, write_table
from sessions.exporters.target import fresh
from sessions.views import PageView

COLUMNS = (
    Column("participant", "", "Pseudonym."),
    Column("view", "", "Number of the page view, from 0."),
    Column("trial", "", "Number of the trial in order of presentation, from 0."),
    Column("screen", "", "The carousel screen."),
    Column("onset_s", "s", "When the view appeared, session clock."),
    Column("offset_s", "s", "When it went or changed."),
    Column("slot", "", "Number of the poster on the view, in reading order from 0."),
    Column("row", "", "Carousel row, 0 at the top of the whole screen."),
    Column("item", "", "Position of the film in its row, from 0."),
    Column("film", "", "Title and year on the poster."),
    Column("genre", "", "Genre of the row."),
    Column("fixation_ms", "ms", "Fixation time on the poster during the view."),
    Column("cursor_ms", "ms", "Time the cursor rested on it."),
    Column("fixation_share", "0 to 1", "Of all fixation time on posters; empty when there was none."),
    Column("clicked", "0 or 1", "Whether it was clicked."),
)


def write_slots(path: Path, views: Sequence[PageView], participant: str) -> None:
    """Write the table as CSV into a new file.

    Args:
        path: of the file.
        views: in order of time.
        participant: pseudonym.

    Raises:
        ExportError: there is something of that name.
    """
    table = Table("slots", "One poster of one view.", COLUMNS, lambda: _rows(views, participant))
    with fresh(path) as made:
        write_table(table, made)


def _rows(views: Sequence[PageView], participant: str) -> Iterator[Row]:
    for number, view in enumerate(views):
        total_ms = float(view.fixation_ms.sum())
        shown = (participant, number, view.trial, view.screen.id, view.t_on_s, view.t_off_s)
        for i, slot in enumerate(view.layout.slots):
            fixation_ms = float(view.fixation_ms[i])
            share = fixation_ms / total_ms if total_ms > 0 else None
            poster = (i, slot.row, slot.item, slot.film, slot.genre)
            yield (*shown, *poster, fixation_ms, float(view.cursor_ms[i]), share, int(view.click == i))
