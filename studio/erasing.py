"""Erasing a participant from the Studio: look first, ask, then remove. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from protocols.words import counted
from studio.visit import Visit

Job = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What would be removed.

    Attributes:
        participant: pseudonym.
        files: everything that would be removed.
        left: what would stay, and why.
    """

    participant: str
    files: tuple[Path, ...]
    left: Mapping[str, str]

    def question(self) -> str:
        """Return the question to be asked."""
        if not self.files:
            return f"There is nothing about {self.participant} in the data folder."
        return (
            f"Remove {counted(len(self.files), 'file')} of {self.participant} for good? Recordings, twins and"
            " reports cannot be brought back; exports and copies elsewhere are not reached."
        )


def look(job: Job, data_folder: Path, participant: str) -> Erasure:
    """Return what would be removed.

    Raises:
        GazeTwinError: a session of theirs is being recorded.
    """
    told = job("erase", data_folder, participant, "--only-find")
    return Erasure(participant, tuple(Path(f) for f in told["files"]), told["left"])


def remove(job: Job, data_folder: Path, participant: str) -> str:
    """Remove everything and return what was done, in words.

    Raises:
        GazeTwinError: a session of theirs is being recorded.
    """
    receipt = job("erase", data_folder, participant)
    size_mb = sum(one["size_bytes"] for one in receipt["removed"]) / 1e6
    gone = f"{counted(len(receipt['removed']), 'file')} of {participant} removed ({size_mb:.1f} MB)."
    kept = [f"Still there: {name}: {why}." for name, why in receipt["left"].items()]
    return " ".join((gone, *kept, f"The receipt is in {data_folder / 'erased'}."))


def forgotten(visit: Visit, participant: str) -> Visit:
    """Return the visit without a participant who was erased; study, source and display stay."""
    if visit.participant is None or visit.participant.pseudonym != participant:
        return visit
    return replace(visit, participant=None, consent={}, rest=None, recorded=None)
