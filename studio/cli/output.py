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
    """Print a table for people on standard output; cells may be rich texts. The first column never wraps."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, column in enumerate(columns):
        table.add_column(Text(column), overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    Console().print(table)


def report_error(what: str, why: str, fix: str) -> None:
    """Print the three parts of an error on standard error."""
    text = Text.assemble(("error: ", "bold red"), what)
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
