"""What there is: the sessions a twin can be fitted on, and the twins. Run it beside the main thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from protocols.errors import GazeTwinError
from protocols.words import counted
from sessions.reader import Recording
from studio.report.evidence import SIMULATED_PROFILE
from studio.rooms.twin.log_file import log_of, read_log, unfinished_of
from tuning.events import Fit
from tuning.provenance import Provenance
from tuning.safetensors_header import described, read_head

_MOST_BYTES = 64 * 1024 * 1024
PERSONA = ".safetensors"


@dataclass(frozen=True, slots=True)
class Offered:
    """One session.

    Attributes:
        path: of the file.
        session_id: UUID.
        participant: pseudonym.
        created_utc: when it was started, ISO 8601.
        study: name.
        state: how it ended.
        screens: ids of the screens that were shown.
        why_not: why no twin can be fitted on it, empty when one can.
        simulated: the gaze is a simulated viewer's.
        changed_ns: when the file was last written; a session that has not changed is not read again.
    """

    path: Path
    session_id: str
    participant: str
    created_utc: str
    study: str
    state: str
    screens: tuple[str, ...]
    why_not: str = ""
    simulated: bool = False
    changed_ns: int = 0

    @property
    def words(self) -> str:
        """It in one line."""
        when = datetime.fromisoformat(self.created_utc).astimezone().strftime("%d %b %Y, %H:%M")
        whose = " · simulated" if self.simulated else ""
        return f"{when} · {self.study} · {counted(len(set(self.screens)), 'screen')}{whose}"


@dataclass(frozen=True, slots=True)
class Twin:
    """One twin, finished or not.

    Attributes:
        path: of the persona, which is not there yet when only a part has been fitted.
        participant: pseudonym.
        sessions: UUIDs of the sessions it is fitted on; empty when not known.
        words: it in one line.
        provenance: what it says about itself, None when it is not finished.
        unfinished: an interrupted fit can go on.
    """

    path: Path
    participant: str
    sessions: tuple[str, ...]
    words: str
    provenance: Provenance | None
    unfinished: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that can be chosen.

    Attributes:
        sessions: newest first.
        twins: newest first.
        broken: files that cannot be used, and why, one sentence each.
    """

    sessions: tuple[Offered, ...] = ()
    twins: tuple[Twin, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def participants(self) -> tuple[str, ...]:
        """Pseudonyms, the one who was here last first."""
        names = (*(s.participant for s in self.sessions), *(t.participant for t in self.twins))
        return tuple(dict.fromkeys(names))

    def sessions_of(self, participant: str) -> tuple[Offered, ...]:
        """Return the sessions of one participant."""
        return tuple(s for s in self.sessions if s.participant == participant)

    def twins_of(self, participant: str) -> tuple[Twin, ...]:
        """Return the twins of one participant."""
        return tuple(t for t in self.twins if t.participant == participant)


def offers(folders: Iterable[Path], before: Offers) -> Offers:
    """Return what the folders hold, with everything below them.

    Args:
        folders: where to look.
        before: what was there the last time.
    """
    known = {(s.path, s.changed_ns): s for s in before.sessions}
    found = list(dict.fromkeys(p.resolve() for folder in folders for p in _files(folder)))
    broken: list[str] = []
    sessions, twins = [], []
    for path in found:
        try:
            if path.suffix == ".h5":
                sessions.append(known.get((path, path.stat().st_mtime_ns)) or offered(path))
            else:
                twins.append(twin(path))
        except GazeTwinError as error:
            broken.append(f"{path.name}: {error.what} {error.fix}")
    sessions = list({s.session_id: s for s in reversed(sessions)}.values())  # a copy is the same session
    sessions.sort(key=lambda s: s.created_utc, reverse=True)
    twins.sort(key=lambda t: _changed_s(t.path), reverse=True)
    return Offers(tuple(sessions), tuple(twins), tuple(broken))


def offered(path: Path) -> Offered:
    """Return what a session tells about itself.

    Raises:
        SessionError: it cannot be opened.
    """
    with Recording.open(path) as recording:
        return Offered(
            path=path,
            session_id=recording.session_id,
            participant=recording.participant.pseudonym,
            created_utc=recording.created_utc,
            study=recording.study_name,
            state=recording.state.value,
            screens=tuple(trial.screen.id for trial in recording.trials()),
            why_not=recording.off_screen,
            simulated=recording.source.profile == SIMULATED_PROFILE,
            changed_ns=path.stat().st_mtime_ns,
        )


def twin(path: Path) -> Twin:
    """Return a twin by the path of its persona, or of the persona that an unfinished fit will become.

    Raises:
        PersonaMismatch: it is no persona.
    """
    if path.suffix != PERSONA:
        return _unfinished(path.with_suffix(""))
    own = described(read_head(path, _MOST_BYTES), Provenance)
    words = f"{own.config.operator}, {own.config.placement}, {_short(own.backbone)}"
    count = counted(len(own.sessions), "session")
    when = datetime.fromtimestamp(path.stat().st_mtime).astimezone().strftime("%d %b, %H:%M")
    sessions = tuple(reference.session for reference in own.sessions)
    return Twin(path, own.participant, sessions, f"{words} · {count} · {when}", own, unfinished=False)


def _unfinished(persona: Path) -> Twin:
    asked = next((line.said for line in read_log(log_of(persona)) if isinstance(line.said, Fit)), None)
    words = "not finished"
    if asked is not None:
        words = f"{asked.config.operator}, {asked.config.placement} · not finished"
    return Twin(persona, persona.parent.name, (), words, None, unfinished=True)


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    yield from place.rglob("*.h5")
    for path in place.rglob(f"*{PERSONA}"):
        yield path
    for path in place.rglob(f"*{PERSONA}.unfinished"):
        if not path.with_suffix("").exists():
            yield path


def _changed_s(persona: Path) -> float:
    there = persona if persona.exists() else unfinished_of(persona)
    return there.stat().st_mtime


def _short(backbone: str) -> str:
    return Path(backbone).name or backbone
