"""How targets write their text files: UTF-8, the same content the same bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from sessions.exporters.table import harmless


def write_json(path: Path, document: object) -> None:
    """Write a new JSON document; numbers that are none are refused."""
    _write(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def write_json_lines(path: Path, documents: Iterable[object]) -> None:
    """Write a new file with one JSON document a line."""
    lines = [json.dumps(document, ensure_ascii=False, allow_nan=False) for document in documents]
    _write(path, "".join(f"{line}\n" for line in lines))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> None:
    """Write a new table with a header; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])
    _write(path, text.getvalue())


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)
