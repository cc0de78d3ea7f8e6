"""The files of a BIDS data set that are about all of it, and how new recordings come to be in it.

A data set is valid at every moment: pages come first, then the tables that name the new, then the new itself.
The validator minds a participant without a row, but not a row without a participant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import ExportError
from sessions.exporters import bids_sidecars
from sessions.exporters.bids_catalogue import participants_path, sessions_path
from sessions.exporters.bids_names import Place
from sessions.exporters.bids_readme import README
from sessions.exporters.bids_recording import STIMULI, write_json
from sessions.exporters.provenance import PROGRAM
from sessions.exporters.tsv import extended, write_tsv
from sessions.reader import Recording

DESCRIPTION = "dataset_description.json"
HEAD = (DESCRIPTION, "README.md", "participants.json")
"""Written once, when a data set begins."""


@dataclass(frozen=True, slots=True)
class Added:
    """One recording that is new in a data set.

    Attributes:
        place: its names.
        person: row of its participant.
        session: row of the recording.
    """

    place: Place
    person: Mapping[str, object]
    session: Mapping[str, object]


def refuse_foreign(root: Path) -> None:
    """Refuse a folder that holds anything but a data set that GazeTwin made.

    Raises:
        ExportError: it does.
    """
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and not is_ours(root))):
        raise ExportError(
            f"{root} holds something else than a BIDS data set made by GazeTwin.",
            "Labels and tables of somebody else's data set could be broken by adding to it.",
            "Choose a new folder.",
        )


def begin(part: Path, recording: Recording) -> None:
    """Write what every data set has, for one that begins with a recording."""
    description, readme, participants = (part / name for name in HEAD)
    write_json(description, bids_sidecars.dataset(recording))
    readme.write_text(README, encoding="utf-8")
    write_json(participants, bids_sidecars.PARTICIPANTS)


def install(part: Path, root: Path, added: Sequence[Added]) -> None:
    """Move finished recordings from ``part``, which is left empty, into the data set."""
    _write_tables(part, root, added)
    if not root.exists():
        whole = part / root.name
        whole.mkdir()
        for item in [item for item in part.iterdir() if item != whole]:
            item.rename(whole / item.name)
        whole.rename(root)
        return
    for name in HEAD:
        if (part / name).exists():
            (part / name).rename(root / name)
    (root / STIMULI).mkdir(exist_ok=True)
    for picture in (part / STIMULI).iterdir():
        picture.replace(root / STIMULI / picture.name)
    participants_path(part).replace(participants_path(root))
    for new in added:
        _install_one(part, root, new.place)


def _install_one(part: Path, root: Path, place: Place) -> None:
    subject = f"sub-{place.subject}"
    if not (part / subject).exists():  # came with another recording of the participant
        return
    if not (root / subject).exists():
        (part / subject).rename(root / subject)
        return
    sessions_path(part, place.subject).replace(sessions_path(root, place.subject))
    for folder in (part / subject).iterdir():
        folder.rename(root / subject / folder.name)
    (part / subject).rmdir()


def _write_tables(part: Path, root: Path, added: Sequence[Added]) -> None:
    people = {new.place.subject: new.person for new in added}
    _write_more(participants_path(part), participants_path(root), list(people.values()))
    for subject in people:
        rows = [new.session for new in added if new.place.subject == subject]
        new, old = sessions_path(part, subject), sessions_path(root, subject)
        _write_more(new, old, rows)
        if not old.exists():
            write_json(new.with_suffix(".json"), bids_sidecars.SESSIONS)


def _write_more(new: Path, old: Path, rows: Sequence[Mapping[str, object]]) -> None:
    write_tsv(new, *extended(old, rows))


def is_ours(root: Path) -> bool:
    """Tell whether there is a data set that GazeTwin made."""
    path = root / DESCRIPTION
    if not path.exists():
        return False
    try:
        makers = json.loads(path.read_text(encoding="utf-8"))["GeneratedBy"]
        return any(maker["Name"] == PROGRAM for maker in makers)
    except (ValueError, KeyError, TypeError):  # somebody else's description
        return False
