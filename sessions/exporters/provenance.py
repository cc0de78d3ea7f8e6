"""Where an export comes from: enough to make it again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from sessions.calibrations import in_force
from sessions.reader import Recording
from sessions.slots import METHOD, Slots

PROGRAM = "gazetwin"


def software() -> str:
    """Return name and version of this program."""
    return f"{PROGRAM} {version(PROGRAM)}"


def export_name(recording: Recording) -> str:
    """Return a name that no other recording has: pseudonym and the beginning of the recording's id."""
    return f"{recording.participant.pseudonym}_{recording.session_id[:8]}"


def provenance(recording: Recording, slots: Slots | None) -> dict[str, object]:
    """Return the facts, as JSON types. The same recording and program give the same facts."""
    return {
        "exported by": software(),
        "recording": {
            "file": recording.path.name,
            "sha256": file_digest(recording.path),
            "session id": recording.session_id,
            "created (UTC)": recording.created_utc,
            "recorded by": recording.software,
            "state": recording.state.value,
            "participant": recording.participant.pseudonym,
        },
        "study": {"name": recording.study_name, "sha256": recording.study_digest},
        "source": asdict(recording.source),
        "screen": asdict(recording.screen),
        "calibrations in force": [attempt.number for attempt in in_force(recording.calibrations())],
        "fixations": _fixations(recording, slots),
        "imported from": recording.provenance,
    }


def _fixations(recording: Recording, slots: Slots | None) -> dict[str, object] | None:
    if slots is None:
        return None
    return {
        "found by": recording.fixations_by or METHOD,
        "digest": slots.digest,
        "parameters": asdict(slots.parameters),
    }


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
