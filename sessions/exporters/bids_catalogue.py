"""Who is in a BIDS data set, and with which recordings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from protocols.errors import ExportError
from sessions.exporters.bids_names import Place, free_label, label
from sessions.exporters.tsv import read_tsv
from sessions.reader import Recording


def participants_path(root: Path) -> Path:
    """Return where the table of participants is."""
    return root / "participants.tsv"


def sessions_path(root: Path, subject: str) -> Path:
    """Return where the table of one participant's recordings is."""
    return root / f"sub-{subject}" / f"sub-{subject}_sessions.tsv"


@dataclass
class Catalogue:
    """Labels that are given, and the next ones.

    Attributes:
        root: of the data set.
        subjects: label of each participant by pseudonym.
        sessions: for each participant's label, label of each recording by its id.
        placed: ids of the recordings that were given a place now.
    """

    root: Path
    subjects: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, root: Path) -> Catalogue:
        """Read that of a data set; a missing one is empty.

        Raises:
            ExportError: a table does not tell any more who is who.
        """
        subjects = _labels(participants_path(root), "pseudonym", "participant_id")
        sessions = {
            subject: _labels(sessions_path(root, subject), "recording", "session_id")
            for subject in subjects.values()
        }
        return cls(root, subjects, sessions)

    def add(self, recording: Recording) -> Place:
        """Give a recording its place; that of an export which was interrupted is given again.

        Raises:
            ExportError: it is in the data set already.
        """
        subject = self._subject(recording.participant.pseudonym)
        known = self.sessions.setdefault(subject, {})
        session = known.setdefault(recording.session_id, _next(known.values()))
        place = Place(subject, session, label(recording.study_name))
        if recording.session_id in self.placed or (self.root / place.folder).exists():
            raise ExportError(
                f"{recording.path} is in the data set already, as {place.folder}.",
                "The same gaze would count twice.",
                "Leave it out, or export into another folder.",
            )
        self.placed.add(recording.session_id)
        return place

    def _subject(self, pseudonym: str) -> str:
        if pseudonym not in self.subjects:
            taken = {known.lower() for known in self.subjects.values()}
            self.subjects[pseudonym] = free_label(pseudonym, taken)
        return self.subjects[pseudonym]


def _next(taken: Collection[str]) -> str:
    """Return the first number, of two digits at least, that is not taken."""
    return next(found for n in count(len(taken) + 1) if (found := f"{n:02d}") not in taken)


def _labels(path: Path, named: str, labelled: str) -> dict[str, str]:
    """Return the label without its prefix by name, from two columns of a table; a missing table is empty."""
    columns, rows = read_tsv(path)
    if columns and not {named, labelled} <= set(columns):
        raise ExportError(
            f"{path} has the columns {', '.join(columns)}, but not {named} and {labelled}.",
            "Whose gaze is there already cannot be told, so it could count twice.",
            "Put the columns back, or export into another folder.",
        )
    return {row[named]: row[labelled].partition("-")[2] for row in rows}
