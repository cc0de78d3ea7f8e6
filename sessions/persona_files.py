"""What a persona's file says about itself, read without any model code: the header of a safetensors file."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SUFFIX = ".safetensors"
_OURS = ("gazetwin-persona/", "gazetwin-personas/", "gazetwin-cohort/")
_MOST_BYTES = 100_000_000  # what safetensors itself accepts as a header


@dataclass(frozen=True, slots=True)
class PersonaFile:
    """A model of one participant, or of several.

    Attributes:
        path: the file.
        participants: pseudonyms; one for a persona, several for a cohort.
        sessions: UUIDs of the recordings it was fitted on.
        heldout: mean scores per row and metric on screens it was not fitted on; empty when never compared.
        modified_s: when the file was written, in s since 1970.
    """

    path: Path
    participants: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    heldout: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    modified_s: float = 0.0


class _Session(BaseModel):
    session: str


class _One(BaseModel):
    """One of several in a file."""

    participant: str
    sessions: tuple[_Session, ...] = ()


class _Told(BaseModel):
    """What this needs of a header; there is much more in it."""

    model_config = ConfigDict(extra="ignore")

    schema_: str = Field(alias="schema")
    participant: str = ""
    participants: tuple[str, ...] = ()
    personas: tuple[_One, ...] = ()
    sessions: tuple[_Session, ...] = ()
    heldout: dict[str, dict[str, float]] = Field(default_factory=dict)


def read_persona_file(path: Path) -> PersonaFile | None:
    """Return what a file says about itself; None when it is no persona and no cohort of ours.

    Raises:
        OSError: it cannot be read.
    """
    told = _told(path)
    if told is None or not told.schema_.startswith(_OURS):
        return None
    several = tuple(one.participant for one in told.personas) or told.participants
    everything = (*told.sessions, *(session for one in told.personas for session in one.sessions))
    return PersonaFile(
        path=path,
        participants=(told.participant,) if told.participant else several,
        sessions=tuple(session.session for session in everything),
        heldout=told.heldout,
        modified_s=path.stat().st_mtime,
    )


def _told(path: Path) -> _Told | None:
    with path.open("rb") as file:
        head = file.read(8)
        size = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        text = file.read(size) if size <= _MOST_BYTES else b""
    try:
        return _Told.model_validate_json(json.loads(text)["__metadata__"]["gazetwin"])
    except (ValueError, KeyError, TypeError, ValidationError):  # another program's file
        return None
