"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typer
from pydantic import BaseModel
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text


def jsonable(value: object) -> object:
    """Return ``value`` as plain JSON types; numbers that JSON cannot hold (NaN, infinity) become null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, BaseModel):
        return jsonable(value.model_dump())
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Path):
        return str(value)
    as_list = getattr(value, "tolist", None)  # numpy arrays and scalars
    if as_list is not None:
        return jsonable(as_list())
    if isinstance(value, Iterable):
        return [jsonable(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def emit(result: object) -> None:
    """Print one JSON line on standard output."""
    typer.echo(json.dumps(jsonable(result), ensure_ascii=False, allow_nan=False))


def say(text: str) -> None:
    """Print one line for people on standard output."""
    Console(highlight=False).print(Text(text), soft_wrap=True)


def note(text: str) -> None:
    """Print one line for people on standard error."""
    Console(stderr=True, highlight=False).print(Text(text, style="dim"), soft_wrap=True)


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people on standard output; cells may be rich texts. Empty columns are left out."""
    console = Console(highlight=False)
    cells = [[cell if isinstance(cell, Text) else Text(str(cell)) for cell in row] for row in rows]
    kept = [i for i in range(len(columns)) if not cells or any(row[i].plain for row in cells)]
    lengths = [[Text(columns[i]), *(row[i] for row in cells)] for i in kept]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for i, width in zip(kept, _widths(lengths, console.width - 2 * len(kept)), strict=True):
        table.add_column(Text(columns[i]), overflow="fold", width=width)
    for row in cells:
        table.add_row(*(row[i] for i in kept))
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(table)


_NARROW = 5
"""Characters a column may shrink to before a name is broken."""


def _widths(columns: Sequence[Sequence[Text]], room: int) -> list[int]:
    """Return widths in characters: words stay whole where there is room, and long texts get the rest."""
    wanted = [max(cell_len(line) for c in cells for line in c.plain.split("\n")) for cells in columns]
    widths = [max(cell_len(word) for c in cells for word in c.plain.split() or [""]) for cells in columns]
    if wanted[0] <= room // 3:  # a name is easier to find on one line
        widths[0] = wanted[0]
    while sum(widths) > room and max(widths) > 1:
        # A broken name is another name, so other columns give way first.
        broad = max(range(len(widths)), key=lambda i: (widths[i] > _NARROW and i > 0, widths[i]))
        widths[broad] -= 1
    while sum(widths) < min(room, sum(wanted)):
        tallest = max(range(len(widths)), key=lambda i: wanted[i] > widths[i] and wanted[i] / widths[i])
        widths[tallest] += 1
    return widths


def report_error(what: str, why: str, fix: str) -> None:
    """Print the three parts of an error on standard error."""
    _report(Text("error: ", "bold red"), what, why, fix)


def report_warning(what: str, why: str, fix: str) -> None:
    """Print the three parts of a warning on standard error."""
    _report(Text("warning: ", "bold yellow"), what, why, fix)


def _report(head: Text, what: str, why: str, fix: str) -> None:
    text = Text.assemble(head, what)
    for label, part in (("why", why), ("fix", fix)):
        if part:
            text.append(f"\n  {label}: ", style="bold").append(part)
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)


def progress() -> Progress:
    """Return a progress bar on standard error; use as a context manager."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
