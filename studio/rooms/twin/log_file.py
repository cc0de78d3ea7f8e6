"""The log of a fit beside its persona: one `Line` of JSON each."""

from __future__ import annotations

import logging
from pathlib import Path

from protocols.errors import ProgramError
from protocols.wire import decode, encode
from studio.rooms.twin.fold import Line

log = logging.getLogger(__name__)


def log_of(persona: Path) -> Path:
    """Return where the log of a persona's fit is."""
    return persona.with_suffix(".fit.jsonl")


def comparison_of(persona: Path) -> Path:
    """Return where a persona's held-out comparison is."""
    return persona.with_suffix(".comparison.json")


def unfinished_of(persona: Path) -> Path:
    """Return where the engine keeps a fit that was interrupted."""
    return persona.with_name(f"{persona.name}.unfinished")


def read_log(path: Path) -> list[Line]:
    """Return every line that can be read; none when there is no log. A line that a crash cut off is not."""
    if not path.is_file():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            lines.append(decode(text, Line))
        except ProgramError as error:
            log.warning("line %d of %s is left out: %s", number, path, error.what)
    return lines


class LogFile:
    """Writes a log, line by line, so that a crash loses at most the last one.

    Args:
        path: of the log.
        lines: what it shall begin with: what is kept of an earlier run.

    Raises:
        OSError: it cannot be written there.
    """

    def __init__(self, path: Path, lines: list[Line]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        for line in lines:
            self.write(line)

    def write(self, line: Line) -> None:
        """Add a line."""
        self._file.write(encode(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()
