"""``gazetwin study run`` behind its options: the engine's study program, watched until it ends."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from protocols.wire import Done, Failed, Message, Progress
from studio.engine import running
from studio.programs import Program
from studio.progress import told
from tuning.events import Event, Saved, Warned

_SILENT_S = 24 * 3600.0
"""A single cell with a large model may take hours."""


def study(file: str, out: Path, workers: int) -> tuple[list[Path], list[Warned]]:
    """Run an experiment, or go on with one, and return the files of its report and what went wrong.

    Raises:
        GazeTwinError: the study cannot be used, or the program failed.
    """
    arguments = ["study", file, "--out", str(out), "--workers", str(workers)]
    written, warned = [], []
    with told() as tell, running(lambda: Program("study", "tuning", arguments, Event)) as program:
        for event in _events(program):
            if isinstance(event, Progress):
                tell(event)
            elif isinstance(event, Saved):
                written.append(Path(event.path))
            elif isinstance(event, Warned):
                warned.append(event)
    return written, warned


def targets(folder: Path) -> list[list[str]]:
    """Return the targets of a report as rows of text, without their heading."""
    with (folder / "targets.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _events(program: Program) -> Iterator[Message]:
    while not isinstance(event := program.receive(_SILENT_S), Done):
        if isinstance(event, Failed):
            raise event.error()
        yield event
