"""Tables as BIDS has them: tab-separated, ``n/a`` for what is missing."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sessions.exporters.table import Row

MISSING = "n/a"


def cell(value: object) -> str:
    """Return a cell; numbers keep every digit they need to be read back exactly."""
    if value is None or value != value:
        return MISSING
    if isinstance(value, float):
        return repr(value)
    return " ".join(str(value).split()) or MISSING  # neither tabs nor line ends


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a new table with a header line."""
    with path.open("x", newline="", encoding="utf-8") as file:
        _write(file, [columns, *rows])


def write_tsv_gz(path: Path, rows: Iterable[Row]) -> int:
    """Write a new compressed table without header; return the number of rows. Same rows, same bytes."""
    count = 0

    def counted() -> Iterable[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with (
        path.open("xb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as file,
    ):
        _write(file, counted())
    return count


def read_tsv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return header and rows of a table; a missing file has neither."""
    if not path.exists():
        return [], []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return list(reader.fieldnames or ()), [dict(row) for row in reader]


def extended(path: Path, rows: Sequence[Mapping[str, object]]) -> tuple[list[str], list[list[object]]]:
    """Return header and rows of a table with more rows; columns that only one of both has stay.

    Args:
        path: the table; may be missing.
        rows: to append, as column and value; one whose first value is there already is left out.
    """
    columns, old = read_tsv(path)
    columns = list(dict.fromkeys((*columns, *(name for row in rows for name in row))))
    known = {row[columns[0]] for row in old}
    new = [row for row in rows if row[columns[0]] not in known]
    return columns, [[row.get(name) for name in columns] for row in (*old, *new)]


def _write(file: io.TextIOBase, rows: Iterable[Row]) -> None:
    for row in rows:
        file.write("\t".join(map(cell, row)) + "\n")
