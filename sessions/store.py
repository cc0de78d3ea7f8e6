"""All recordings below one folder, in a list that no broken file can spoil."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import h5py
from pydantic import BaseModel, ConfigDict, Field

from protocols.errors import GazeTwinError, SessionUnsealed
from sessions.gaze_check import Verdict
from sessions.opening import opened_hdf5, refuse_links, refuse_schema
from sessions.persona_files import SUFFIX as PERSONA_SUFFIX
from sessions.persona_files import PersonaFile, read_persona_file
from sessions.quality_store import quality_path
from sessions.reader import Recording
from sessions.schema import READABLE, SUFFIX, State

Standing = Literal["complete", "aborted", "recovered", "unsealed", "recording", "broken"]
_STANDING: dict[State, Standing] = {
    State.SEALED: "complete",
    State.ABORTED: "aborted",
    State.RECOVERED: "recovered",
    State.RECORDING: "unsealed",
}


class Twin(BaseModel):
    """A persona that was fitted on a recording.

    Attributes:
        path: its file.
        heldout: mean scores per row and metric on screens it was not fitted on; empty when never compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    heldout: dict[str, dict[str, float]] = Field(default_factory=dict)


class Listed(BaseModel):
    """One recording in the list. What cannot be read is empty, and ``problem`` says why.

    Attributes:
        path: the file.
        standing: how it ended, or why it cannot be read.
        created_utc: when it was begun, ISO 8601; when the file was last written if it does not say.
        session_id: UUID.
        participant: pseudonym.
        study: name of the study.
        reason: why it ended.
        trials: how many were begun.
        samples: of gaze.
        size_bytes: of the file.
        agreed: scopes of the consent, see ``protocols.consent``; None when the recording says nothing of it.
        quality: the judgement that is kept in it, None when it was not judged.
        twins: personas fitted on it, the newest first.
        problem: what is wrong, and what to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    standing: Standing
    created_utc: str
    session_id: str = ""
    participant: str = ""
    study: str = ""
    reason: str = ""
    trials: int = 0
    samples: int = 0
    size_bytes: int = 0
    agreed: tuple[str, ...] | None = None
    quality: Verdict | None = None
    twins: tuple[Twin, ...] = ()
    problem: str = ""


Twins = dict[str, list[Twin]]
"""By UUID of the recording."""


class SessionStore:
    """Recordings, and personas fitted on them, anywhere below one folder; hidden files are left out.

    Args:
        folder: the data folder; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> tuple[Listed, ...]:
        """Return every recording, the newest first. A file that cannot be read is listed with its problem."""
        twins = self._twins()
        found = [_listed(path, twins) for path in self.files(SUFFIX)]
        return tuple(sorted(found, key=lambda listed: listed.created_utc, reverse=True))

    def files(self, suffix: str) -> Iterator[Path]:
        """Yield the files of one kind in order of their names."""
        for path in sorted(self.folder.rglob(f"*{suffix}")):
            hidden = any(part.startswith(".") for part in path.relative_to(self.folder).parts)
            if not hidden and path.is_file():
                yield path

    def personas(self) -> Iterator[PersonaFile]:
        """Yield what personas and cohorts say about themselves."""
        for path in self.files(PERSONA_SUFFIX):
            if (persona := read_persona_file(path)) is not None:
                yield persona

    def _twins(self) -> Twins:
        by_session: Twins = {}
        for persona in sorted(self.personas(), key=lambda p: p.modified_s, reverse=True):
            twin = Twin(path=persona.path, heldout={k: dict(v) for k, v in persona.heldout.items()})
            for session in persona.sessions:
                by_session.setdefault(session, []).append(twin)
        return by_session


def _listed(path: Path, twins: Twins) -> Listed:
    try:
        written = path.stat()
        when = datetime.fromtimestamp(written.st_mtime, UTC).isoformat()
        frame = Listed(path=path, standing="broken", created_utc=when, size_bytes=written.st_size)
    except OSError as error:
        return Listed(path=path, standing="broken", created_utc="", problem=f"{path}: {error.strerror}.")
    try:
        with opened_hdf5(path) as h5:
            refuse_links(h5, path)
            refuse_schema(h5, path)
            return _read(h5, frame, twins)
    except SessionUnsealed as error:  # half-way through a flush
        return frame.model_copy(update={"standing": "unsealed", "problem": str(error)})
    except GazeTwinError as error:
        busy = isinstance(error.__cause__, BlockingIOError)
        standing = "recording" if busy else "broken"
        return frame.model_copy(update={"standing": standing, "problem": str(error)})
    except (KeyError, ValueError, TypeError, AttributeError, OSError, RuntimeError) as error:  # h5py's
        problem = f"{path} lacks something that every recording has: {error}. Use another copy of it."
        return frame.model_copy(update={"problem": problem})


def _read(h5: h5py.File, frame: Listed, twins: Twins) -> Listed:
    state, session_id = State(h5.attrs["state"]), str(h5.attrs["session_id"])
    readable = state in READABLE
    recording = Recording(frame.path, h5)
    problem = "" if readable else "It did not end properly; recover it to keep everything that was flushed."
    return frame.model_copy(
        update={
            "standing": _STANDING[state],
            "created_utc": recording.created_utc,
            "session_id": session_id,
            "participant": str(h5["participant"].attrs["pseudonym"]),
            "study": recording.study_name,
            "reason": str(h5.attrs.get("reason", "")),
            "agreed": _agreed(recording.consent),
            "trials": int(h5["trials/trial"].shape[0]),
            "samples": recording.samples if readable else 0,
            "quality": _quality(h5, recording) if readable else None,
            "twins": tuple(twins.get(session_id, ())),
            "problem": problem,
        }
    )


def _agreed(consent: dict[str, object]) -> tuple[str, ...] | None:
    scopes = consent.get("scopes")
    return tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else None


def _quality(h5: h5py.File, recording: Recording) -> Verdict | None:
    where = quality_path(recording)
    if where not in h5:
        return None
    verdict: Verdict = json.loads(h5[where].asstr()[()])["verdict"]
    return verdict
