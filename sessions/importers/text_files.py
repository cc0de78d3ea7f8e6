"""Reads text files of other programs, and says exactly where one is not what it should be."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from protocols.errors import ForeignFileError
from protocols.geometry import FloatArray
from sessions.source_tables import SourceTable

MOST_BYTES = 2 << 30
_MOST_DIGITS = 40
_WHY = "A value read from the wrong place would look like data."
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", " ": "space"}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, eq=False)
class Delimited:
    """A table of text.

    Attributes:
        path: where it was read.
        header: names of the columns; ``(no header N)`` where rows are longer than the header.
        rows: cells as written, every row as long as the header.
        lines: line number of each row, from 1.
        unnamed: columns without a header.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    unnamed: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, column: str) -> list[str]:
        """Return a column as written."""
        place = self.header.index(column)
        return [row[place] for row in self.rows]

    def numbers(self, column: str, missing: str | None = None) -> FloatArray:
        """Return a column as numbers, shape (n,); ``missing`` is the text that stands for none (NaN).

        Raises:
            ForeignFileError: a cell is not a number.
        """
        return np.asarray(
            [
                np.nan if cell == missing else self._number(cell, float, place, column)
                for place, cell in enumerate(self.cells(column))
            ],
            dtype=np.float64,
        )

    def integers(self, column: str) -> list[int]:
        """Return a column as integers of any size.

        Raises:
            ForeignFileError: a cell is not an integer.
        """
        return [int(self._number(cell, int, place, column)) for place, cell in enumerate(self.cells(column))]

    def picked(self, places: Sequence[int]) -> Delimited:
        """Return only the rows at these places."""
        rows, lines = [self.rows[i] for i in places], [self.lines[i] for i in places]
        return Delimited(self.path, self.header, rows, lines, self.unnamed)

    def table(self, name: str = "", without: Sequence[str] = ()) -> SourceTable:
        """Return it as it is kept under ``/source``, without the columns named."""
        kept = [i for i, column in enumerate(self.header) if column not in without]
        data = tuple(tuple(row[i] for row in self.rows) for i in kept)
        return SourceTable(name or self.path.name, tuple(self.header[i] for i in kept), data)

    def _number(self, cell: str, kind: type[int] | type[float], place: int, column: str) -> float | int:
        try:
            if "_" in cell or len(cell) > _MOST_DIGITS:
                raise ValueError(cell)
            return kind(cell)
        except (ValueError, OverflowError) as error:
            sort = "an integer" if kind is int else "a number"
            where = f"line {self.lines[place]}, column {column!r}"
            raise damaged(self.path, f"{where}: {cell[:40]!r} is not {sort}") from error


def damaged(path: Path, what: str, fix: str = "") -> ForeignFileError:
    """Return the error for a file that is not what it should be."""
    return ForeignFileError(
        f"{path.name}: {what}.",
        _WHY,
        fix or "Export or copy the file again; edit nothing in a spreadsheet program.",
    )


def read_bytes(path: Path) -> bytes:
    """Read a file, decompressed when it ends in ``.gz``.

    Raises:
        ForeignFileError: it is missing, empty, too large, or its compression is damaged.
    """
    if not path.is_file():
        raise ForeignFileError(
            f"There is no file {path}.", "Nothing can be imported.", "Check the name and the folder."
        )
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, f"it cannot be read ({error})") from error
    if len(data) > MOST_BYTES:
        raise damaged(path, f"it holds more than {MOST_BYTES >> 30} GiB", "Split the recording first.")
    if not data or data.isspace():
        raise damaged(path, "it is empty")
    return data


def read_text(path: Path, otherwise: str = "") -> str:
    """Read UTF-8 or marked UTF-16 text; the mark at the beginning is left out.

    Args:
        path: ``.gz`` is decompressed.
        otherwise: encoding of what is not UTF-8; empty to refuse it.

    Raises:
        ForeignFileError: as ``read_bytes``, or it is not text; with line and column.
    """
    data = read_bytes(path)
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if not otherwise:
            where = _position(data[: error.start])
            raise damaged(path, f"{where}: no {encoding} text ({error.reason})") from error
        text = data.decode(otherwise)
    nul = text.find("\0")
    if nul >= 0:
        before = text[:nul].encode("utf-8", "replace")
        raise damaged(path, f"{_position(before)}: a NUL character; the file is binary or damaged")
    return text.removeprefix("\ufeff")


def read_delimited(
    path: Path, delimiter: str, required: Sequence[str], *, more_cells: bool = False
) -> Delimited:
    """Read a table with a header.

    Args:
        path: ``.gz`` is decompressed.
        delimiter: between cells.
        required: columns that must be there.
        more_cells: rows may be longer than the header.

    Raises:
        ForeignFileError: as ``read_text``; columns missing; a row of another length; no row.
    """
    rows, lines = _cells(path, delimiter)
    header, rows, lines = rows[0], rows[1:], lines[1:]
    _refuse_header(path, header, delimiter, required)
    if not rows:
        raise damaged(path, "it has a header and no rows")
    width = max(len(header), *map(len, rows)) if more_cells else len(header)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header) and not (more_cells and len(header) < len(row) <= width):
            raise damaged(path, _wrong_length(header, row, line))
    names = (*header, *(f"(no header {i + 1})" for i in range(len(header), width)))
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    return Delimited(path, names, full, lines, width - len(header))


def _cells(path: Path, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Return rows and the line each begins on; equal cells are one object, of which large tables have few."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    known: dict[str, str] = {}
    before = 0
    try:
        for row in reader:
            if row:
                rows.append([known.setdefault(cell, cell) for cell in row])
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        raise damaged(path, f"line {reader.line_num}: it is no table ({error})") from error
    return rows, lines


def _refuse_header(path: Path, header: list[str], delimiter: str, required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        others = [
            word
            for sign, word in _DELIMITERS.items()
            if sign != delimiter and required[0] in header[0].split(sign)
        ]
        instead = f"; its cells are separated by {others[0]}" if others and len(header) == 1 else ""
        raise damaged(
            path,
            f"line 1: no column {', '.join(map(repr, missing))}; it has {len(header)}{instead}",
            f"This format needs {_DELIMITERS[delimiter]}-separated columns {', '.join(required)}.",
        )
    twice = sorted({name for name in required if header.count(name) > 1})
    if twice:
        raise damaged(path, f"line 1: column {twice[0]!r} is there twice")


def _wrong_length(header: list[str], row: list[str], line: int) -> str:
    at = f", it ends before column {header[len(row)]!r}" if len(row) < len(header) else ""
    return f"line {line}: {len(row)} cells under {len(header)} headers{at}"


def _position(before: bytes) -> str:
    line, byte = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return f"line {line}, byte {byte} of it"
