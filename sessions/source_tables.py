"""Tables of a foreign file as a recording keeps them under ``/source/tables``: every cell, losslessly.

A table is a group of numbered columns; the foreign names are attributes, since they may hold anything. Text
whose every cell is written like a number is stored as that number together with how it was written, so that
the original text comes back character for character::

    /source/tables/<n>       attrs name, columns
    /source/tables/<n>/<nn>  attrs name, written: "int", "float:<decimals>", "text" or "array"
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

Cells = tuple[str, ...]
Data = Cells | NDArray[np.generic]

_WIDEST_FIXED = 48  # bytes; longer text is stored cell by cell, which HDF5 does not compress
_INT = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.([0-9]{1,12})")


@dataclass(frozen=True, slots=True, eq=False)
class SourceTable:
    """A table as a foreign file has it.

    Attributes:
        name: by which people know it, for example the file's name.
        columns: header of each column; may be empty or repeat.
        data: one tuple of texts, or one numeric array with rows first, per column; all of one length.
    """

    name: str
    columns: tuple[str, ...]
    data: tuple[Data, ...]

    def __len__(self) -> int:
        return len(self.data[0]) if self.data else 0

    def column(self, name: str) -> Data:
        """Return the first column with this header.

        Raises:
            KeyError: there is none.
        """
        if name not in self.columns:
            raise KeyError(name)
        return self.data[self.columns.index(name)]

    @classmethod
    def of_rows(cls, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> SourceTable:
        """Make a table of rows of text; cells missing at the end of a row are empty."""
        padded = [[*row, *[""] * (len(columns) - len(row))] for row in rows]
        turned = zip(*padded, strict=True) if padded else ((),) * len(columns)
        return cls(name, tuple(columns), tuple(tuple(cells) for cells in turned))


def write_tables(parent: h5py.Group, tables: Sequence[SourceTable]) -> None:
    """Write tables into a group ``tables`` of ``parent``."""
    group = parent.create_group("tables")
    for number, table in enumerate(tables):
        into = group.create_group(str(number))
        into.attrs.update(name=table.name, columns=json.dumps(table.columns))
        for place, (name, data) in enumerate(zip(table.columns, table.data, strict=True)):
            _write_column(into, f"{place:02d}", name, data)


def read_tables(parent: h5py.Group) -> tuple[SourceTable, ...]:
    """Read all tables of a group ``tables``, in the order they were written; none gives an empty tuple."""
    if "tables" not in parent:
        return ()
    group = parent["tables"]
    return tuple(_read_table(group[number]) for number in sorted(group, key=int))


def _read_table(group: h5py.Group) -> SourceTable:
    columns = tuple(json.loads(group.attrs["columns"]))
    data = tuple(_read_column(group[f"{place:02d}"]) for place in range(len(columns)))
    return SourceTable(str(group.attrs["name"]), columns, data)


def _write_column(group: h5py.Group, key: str, name: str, data: Data) -> None:
    written, values = _encoded(data)
    options = {"compression": "gzip", "shuffle": True, "chunks": True} if len(values) else {}
    dataset = group.create_dataset(key, data=values, **options)
    dataset.attrs.update(name=name, written=written)


def _encoded(data: Data) -> tuple[str, NDArray[np.generic]]:
    if isinstance(data, np.ndarray):
        return "array", data
    if data and all(_INT.fullmatch(cell) for cell in data):
        return "int", np.asarray([int(cell) for cell in data], dtype=np.int64)
    decimals = {len(found[1]) if (found := _FLOAT.fullmatch(cell)) else -1 for cell in data}
    if len(decimals) == 1 and -1 not in decimals:
        places = decimals.pop()
        numbers = np.asarray([float(cell) for cell in data])
        if all(f"{number:.{places}f}" == cell for number, cell in zip(numbers.tolist(), data, strict=True)):
            return f"float:{places}", numbers
    return "text", _texts(data)


def _texts(cells: Cells) -> NDArray[np.generic]:
    encoded = [cell.encode("utf-8") for cell in cells]
    width = max((len(cell) for cell in encoded), default=0)
    # HDF5 cannot tell trailing NULs from padding, and knows no empty fixed-width type.
    if 0 < width <= _WIDEST_FIXED and b"\0" not in b"".join(encoded):
        return np.asarray(encoded, dtype=h5py.string_dtype("utf-8", width))
    return np.asarray(list(cells), dtype=h5py.string_dtype("utf-8"))


def _read_column(dataset: h5py.Dataset) -> Data:
    written, values = str(dataset.attrs["written"]), dataset[:]
    if written == "array":
        array: NDArray[np.generic] = values
        return array
    if written == "int":
        return tuple(map(str, values.tolist()))
    if written == "text":
        return tuple(value.decode("utf-8") for value in values.tolist())
    places = int(written.removeprefix("float:"))
    return tuple(f"{value:.{places}f}" for value in values.tolist())
