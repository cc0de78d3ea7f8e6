"""Attention per poster as a table: one row per page view and slot."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from sessions.views import PageView

COLUMNS = (
    "view",
    "trial",
    "screen",
    "onset [s]",
    "offset [s]",
    "slot",
    "row",
    "item",
    "film",
    "genre",
    "fixation [ms]",
    "cursor [ms]",
    "fixation share",
    "clicked",
)


def rows(views: Sequence[PageView]) -> Iterator[tuple[object, ...]]:
    """Yield rows in the order of ``COLUMNS``; no share where a view had no fixation on any poster."""
    for number, view in enumerate(views):
        total_ms = float(view.fixation_ms.sum())
        for i, slot in enumerate(view.layout.slots):
            fixation_ms = float(view.fixation_ms[i])
            yield (
                number,
                view.trial,
                view.screen.id,
                view.t_on_s,
                view.t_off_s,
                i,
                slot.row,
                slot.item,
                slot.film,
                slot.genre,
                fixation_ms,
                float(view.cursor_ms[i]),
                fixation_ms / total_ms if total_ms > 0 else "",
                int(view.click == i),
            )


def write_csv(path: Path, views: Sequence[PageView]) -> None:
    """Write the table, replacing a file of the same name."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(views))
