"""What the start room shows. Qt-free, and free of everything that reads recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.theme import WORDS, Mood
from tuning.metrics import better

_TWINS = ("twin", "twin_combined")
_STANDINGS: dict[str, tuple[str, Mood]] = {
    "complete": ("complete", "good"),
    "recovered": ("recovered", "warn"),
    "aborted": ("aborted", "warn"),
    "unsealed": ("not ended: recover it", "bad"),
    "recording": ("in use by a program", "quiet"),
    "broken": ("cannot be read", "bad"),
}
_VERDICTS: dict[str, Mood] = {"good": "good", "warning": "warn", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Cell:
    """Words with a mood, which is also shown as a mark."""

    words: str
    mood: Mood = "quiet"


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study that can be run.

    Attributes:
        key: name of a shipped study, else the path of its file.
        name: as it calls itself.
        title: for participants.
        problem: why its file cannot be used, empty when nothing is known against it.
    """

    key: str
    name: str
    title: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One recording, in words.

    Attributes:
        path: the file.
        when: local time, to the minute.
        participant: pseudonym, empty when not known.
        study: name, empty when not known.
        standing: as ``sessions.store`` says.
        state: the same in words.
        quality: the judgement that is kept in the file.
        twin: how the newest twin did.
        problem: what is wrong with the file, empty when nothing is.
        agreed: scopes of the consent; None when the recording says nothing of it.
        trials: how many were begun.
    """

    path: Path
    when: str
    participant: str
    study: str
    standing: str
    state: Cell
    quality: Cell
    twin: Cell
    problem: str = ""
    agreed: tuple[str, ...] | None = None
    trials: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> SessionLine:
        """Read what ``python -m sessions list`` says about one recording."""
        return cls(
            path=Path(told["path"]),
            when=_local(told["created_utc"]),
            participant=told["participant"],
            study=told["study"],
            standing=told["standing"],
            state=Cell(*_STANDINGS[told["standing"]]),
            quality=_quality(told["quality"]),
            twin=_twin([twin["heldout"] for twin in told["twins"]]),
            problem=told["problem"],
            agreed=None if told["agreed"] is None else tuple(told["agreed"]),
            trials=told["trials"],
        )

    @property
    def readable(self) -> bool:
        """Whether it can be opened."""
        return self.standing in ("complete", "recovered", "aborted")

    def matches(self, query: str) -> bool:
        """Tell whether every word of a query is somewhere in what is shown."""
        cells = (self.state.words, self.quality.words, self.twin.words)
        shown = " ".join((self.when, self.participant, self.study, *cells, self.path.name)).casefold()
        return all(word in shown for word in query.casefold().split())


@dataclass(frozen=True, slots=True)
class StartState:
    """What the start room shows.

    Attributes:
        studies: that can be run.
        study: key of the chosen one, empty before there is any.
        sessions: all of them, the newest first.
        query: what is searched for.
        selected: file of the chosen session, None when none is.
        loading: the list is being read.
        doing: what is being done with a session, empty when nothing is.
        problem: what went wrong last.
        demo: what the demonstration is doing, None when it does not run.
    """

    studies: tuple[StudyLine, ...] = ()
    study: str = ""
    sessions: tuple[SessionLine, ...] = ()
    query: str = ""
    selected: Path | None = None
    loading: bool = True
    doing: str = ""
    problem: str = ""
    demo: str | None = None

    @property
    def found(self) -> tuple[SessionLine, ...]:
        """The sessions that are searched for."""
        return tuple(line for line in self.sessions if line.matches(self.query))

    @property
    def line(self) -> SessionLine | None:
        """The chosen session, None when none is chosen or the search hides it."""
        return next((line for line in self.found if line.path == self.selected), None)

    def hint(self) -> str:
        """Say what the list shows, or why it is empty and what to do."""
        if self.loading and not self.sessions:
            return "Looking for sessions …"
        if not self.sessions:
            return (
                "No session has been recorded yet. Begin one with a study at the left, "
                "or try the demonstration."
            )
        if not self.found:
            return f"No session matches “{self.query}”. Clear the search to see all {len(self.sessions)}."
        line = self.line
        if line is None:
            return "Choose a session to see what can be done with it."
        return line.problem or f"{line.participant}, {line.study}, {line.trials} trials: {line.path}"


def _local(utc: str) -> str:
    return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M") if utc else ""


def _quality(verdict: str | None) -> Cell:
    if verdict is None:
        return Cell("not checked")
    mood = _VERDICTS[verdict]
    return Cell(WORDS[mood], mood)


def _twin(heldout: list[Mapping[str, Mapping[str, float]]]) -> Cell:
    if not heldout:
        return Cell("none")
    compared = next((rows for rows in heldout if "kl" in rows.get("twin", {})), None)
    if compared is None:
        return Cell("fitted, not compared")
    own = compared["twin"]["kl"]
    others = [row["kl"] for name, row in compared.items() if name not in _TWINS and "kl" in row]
    beaten = sum(better("kl", own, other) for other in others)
    mood: Mood = "good" if beaten == len(others) else "warn" if beaten else "bad"
    return Cell(f"beats {beaten} of {len(others)} baselines", mood)
