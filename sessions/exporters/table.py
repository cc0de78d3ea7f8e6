"""One table of an export: its columns with unit and meaning, its rows, and how it is written as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# What makes a spreadsheet run a cell as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: with the unit at its end, where it has one.
        unit: in words or symbols, empty for names, codes and counts.
        meaning: one sentence.
    """

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be written.

    Attributes:
        name: of the file, without its suffix.
        meaning: what one row is.
        columns: in order.
        rows: yields the rows, from the beginning each time it is called.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Row]]


def write_csv(table: Table, folder: Path) -> int:
    """Write ``<name>.csv`` into a folder; return the number of rows."""
    return write_table(table, folder / f"{table.name}.csv")


def write_table(table: Table, path: Path) -> int:
    """Write a new CSV file; return the number of rows.

    UTF-8, one header line, numbers with every digit they need to be read back to the same bits, empty cells
    for what is missing.
    """
    count = 0
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([_cell(column.name) for column in table.columns])
        for row in table.rows():
            writer.writerow([_cell(value) for value in row])
            count += 1
    return count


def numbers(values: NDArray[np.generic]) -> list[object]:
    """Return a column as cells: None for NaN, 0 and 1 for no and yes."""
    if values.dtype == np.bool_:
        return list(values.astype(int).tolist())
    cells = list(values.tolist())
    return [None if value != value else value for value in cells] if (values != values).any() else cells


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe goes before what it might run."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value
