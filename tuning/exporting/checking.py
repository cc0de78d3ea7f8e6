"""How targets check a folder: one sentence per thing that must hold, and what is wrong where it does not."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from protocols.mistakes import listed
from tuning.exporting.contract import Verification

TOLD = 600
MAX_BYTES = 64 * 1024 * 1024
Check = tuple[str, Callable[[], object]]
Document = TypeVar("Document", bound=BaseModel)

# What other programs and our own readers raise for files that are not what they should be.
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
    csv.Error,
)


class Wrong(ValueError):
    """A file does not hold what it should."""


def verified(
    by: Literal["package", "schema"], package: str, version: str, checks: Sequence[Check]
) -> Verification:
    """Run checks in order; the first that does not hold ends them, since the later ones build on it."""
    held: list[str] = []
    for sentence, check in checks:
        try:
            check()
        except _BROKEN as error:
            problem = f"It does not hold that {sentence}: {_told(error).rstrip('.')}."
            return Verification(by, package, version, tuple(held), (problem,))
        held.append(sentence)
    return Verification(by, package, version, tuple(held))


def require(holds: bool, problem: str) -> None:
    """Raise `Wrong` when something does not hold."""
    if not holds:
        raise Wrong(problem)


def text_of(path: Path) -> str:
    """Return a text file of at most `MAX_BYTES`."""
    require(path.is_file() and not path.is_symlink(), f"there is no file {path.name}")
    size = path.stat().st_size
    require(size <= MAX_BYTES, f"{path.name} has {size} bytes, more than {MAX_BYTES}")
    return path.read_bytes().decode("utf-8")


def document_of(path: Path, kind: type[Document]) -> Document:
    """Return a JSON document of a described kind."""
    return kind.model_validate_json(text_of(path))


def lines_of(path: Path, kind: type[Document]) -> list[Document]:
    """Return the documents of a described kind of a file with one JSON document a line."""
    return [kind.model_validate_json(line) for line in text_of(path).splitlines()]


def table_of(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Return the rows of a CSV file with exactly these columns."""
    header, *rows = csv.reader(io.StringIO(text_of(path)))
    require(header == list(columns), f"{path.name} has the columns {header}, not {list(columns)}")
    uneven = [number for number, row in enumerate(rows, 2) if len(row) != len(columns)]
    require(not uneven, f"{path.name} has another number of cells in lines {uneven[:5]}")
    return rows


def _told(error: Exception) -> str:
    told = listed(error) if isinstance(error, ValidationError) else (str(error) or type(error).__name__)
    return told if len(told) <= TOLD else f"{told[:TOLD]} ..."  # some packages repeat the whole file
