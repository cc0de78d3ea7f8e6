"""Who is in a BIDS data set, and with which recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """

    root: Path
    subjects: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Catalogue:
        """Read that of a data set; a missing one is empty."""
        _, participants = read_tsv(participants_path(root))
        subjects = {row["pseudonym"]: row["participant_id"].removeprefix("sub-") for row in participants}
        sessions = {subject: _sessions(root, subject) for subject in subjects.values()}
        return cls(root, subjects, sessions)

    def add(self, recording: Recording) -> Place:
        """Give a recording its place; that of an export which was interrupted is given again.

        Raises:
            ExportError: it is in the data set already.
        """
        subject = self._subject(recording.participant.pseudonym)
        known = self.sessions.setdefault(subject, {})
        again = recording.session_id in known
        session = known.setdefault(recording.session_id, f"{len(known) + 1:02d}")
        place = Place(subject, session, label(recording.study_name))
        if again and (self.root / place.folder).exists():
            raise ExportError(
                f"{recording.path} is in the data set already, as {place.folder}.",
                "The same gaze would count twice.",
                "Leave it out, or export into another folder.",
            )
        return place

    def _subject(self, pseudonym: str) -> str:
        if pseudonym not in self.subjects:
            taken = {known.lower() for known in self.subjects.values()}
            self.subjects[pseudonym] = free_label(pseudonym, taken)
        return self.subjects[pseudonym]


def _sessions(root: Path, subject: str) -> dict[str, str]:
    _, rows = read_tsv(sessions_path(root, subject))
    return {row["recording"]: row["session_id"].removeprefix("ses-") for row in rows}
