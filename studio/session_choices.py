"""The recordings that can be replayed and reported, as lists offer them. Qt-free; reads many files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sessions.store import Listed, SessionStore

_READABLE = ("complete", "aborted", "recovered")


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """One recording.

    Attributes:
        path: the file.
        words: pseudonym, study and when.
        name: the same for a file name.
        personas: fitted on it, the newest first.
    """

    path: Path
    words: str
    name: str
    personas: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is below a data folder.

    Attributes:
        sessions: that can be read, the newest first.
        personas: all of them, by name.
    """

    sessions: tuple[SessionChoice, ...] = ()
    personas: tuple[Path, ...] = ()

    def session(self, path: Path) -> SessionChoice:
        """Return the choice of a file, also of one that lies elsewhere."""
        found = (choice for choice in self.sessions if choice.path == path)
        return next(found, SessionChoice(path, path.stem, path.stem))


def choices(folder: Path) -> Choices:
    """Return what there is below a data folder; empty when there is no such folder."""
    store = SessionStore(folder)
    sessions = tuple(_choice(one) for one in store.list() if one.standing in _READABLE)
    return Choices(sessions, tuple(persona.path for persona in store.personas()))


def _choice(one: Listed) -> SessionChoice:
    when = datetime.fromisoformat(one.created_utc).astimezone()
    words = f"{one.participant} · {one.study} · {when:%d %b %Y, %H:%M}"
    if one.standing != "complete":
        words += f" · {one.standing}"
    name = f"{when:%Y-%m-%d_%H%M}_{one.participant}_{one.study}"
    return SessionChoice(
        one.path, words, re.sub(r"[^\w.-]+", "-", name), tuple(twin.path for twin in one.twins)
    )
