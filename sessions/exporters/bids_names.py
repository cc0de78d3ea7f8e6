"""Names in a BIDS data set: labels are letters and digits only, and no two participants share one."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one recording are.

    Attributes:
        subject: label of the participant.
        session: label of the recording among those of the participant.
        task: label of the study.
    """

    subject: str
    session: str
    task: str

    @property
    def folder(self) -> Path:
        """The folder of the recording, relative to the data set."""
        return Path(f"sub-{self.subject}", f"ses-{self.session}")

    @property
    def stem(self) -> str:
        """What the names of all its files begin with."""
        return f"sub-{self.subject}_ses-{self.session}_task-{self.task}"


def label(text: str) -> str:
    """Return the ASCII letters and digits of a text; ``x`` when there are none."""
    return "".join(c for c in text if c.isascii() and c.isalnum()) or "x"


def free_label(text: str, taken: Container[str]) -> str:
    """Return a label for a text that is not taken: P-01 and P01 are two participants.

    Letter case does not tell labels apart, since it does not tell files apart everywhere.

    Args:
        text: for example a pseudonym.
        taken: labels in lower case.
    """
    wanted, number = label(text), 1
    found = wanted
    while found.lower() in taken:
        number += 1
        found = f"{wanted}n{number}"
    return found
