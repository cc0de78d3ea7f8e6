"""``gazetwin study run`` behind its options: the study program, watched until it ends."""

from __future__ import annotations

import csv
from pathlib import Path

from studio.workplace import Workplace, reported
from tuning.events import Warned


def study(file: str, out: Path, place: Workplace) -> tuple[list[Path], list[Warned]]:
    """Run an experiment, or go on with one, and return the files of its report and what went wrong.

    Raises:
        GazeTwinError: the study cannot be used, or the program failed.
    """
    return reported("study", [file, "--out", str(out), *place.arguments()])


def targets(folder: Path) -> list[list[str]]:
    """Return the targets of a report as rows of text, without their heading."""
    with (folder / "targets.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
