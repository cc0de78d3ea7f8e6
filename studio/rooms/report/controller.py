"""Chooses sessions and a persona, and has reports written. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from protocols.errors import GazeTwinError
from protocols.wire import Progress
from studio.background import Later
from studio.comparing import Tell
from studio.observed import Observed
from studio.rooms.report.shelf import earlier
from studio.rooms.report.state import ReportState, Which, Written
from studio.session_choices import Choices, SessionChoice, choices

Write = Callable[[SessionChoice, Path | None, Path, Tell], Written]
"""Writes one report: session, persona, folder, told about progress."""

PERSONA = ".safetensors"


class ReportController:
    """Belongs to one thread; progress is taken note of in ``tick``.

    Args:
        later: runs slow work.
        data: where sessions and personas are looked for.
        folder: where reports go.
        write: writes one report.
    """

    def __init__(self, later: Later, data: Path, folder: Path, write: Write) -> None:
        self.state = Observed(ReportState())
        self._later, self._data, self._folder, self._write = later, data, folder, write
        self._told: Progress | None = None
        self._closed = False

    def refresh(self) -> None:
        """Look for sessions and personas."""
        state = self.state.value
        there = tuple(path for path in state.chosen if path.exists())
        written = tuple(one for one in state.written if one.html.exists())
        on_shelf = tuple(one for one in state.earlier if one.html.exists())
        if isinstance(state.which, Path) and not state.which.exists():
            self._change(which="newest")
        self._change(listing=True, chosen=there, written=written, earlier=on_shelf)
        self._later(lambda: (choices(self._data), earlier(self._folder)), self._listed, self._failed)

    def about(self, path: Path) -> None:
        """Choose only this session, or this persona."""
        if path.suffix == PERSONA:
            self.compare_with(path)
        else:
            self._change(chosen=(path,))

    def choose(self, path: Path, *, chosen: bool) -> None:
        """Report a session, or do not."""
        others = tuple(p for p in self.state.value.chosen if p != path)
        self._change(chosen=(*others, path) if chosen else others)

    def compare_with(self, which: Which) -> None:
        """Choose the persona."""
        self._change(which=which)

    def write(self) -> None:
        """Write the reports that were chosen, one after the other; does nothing when that makes no sense."""
        state = self.state.value
        if state.cannot_write:
            return
        self._change(working=True, problem="", said="Writing the report", progress=None)
        self._next([(state.choices.session(path), state.which) for path in state.chosen])

    def tick(self) -> None:
        """Take note of progress."""
        if self._told is not None:
            told, self._told = self._told, None
            share = told.done / told.total if told.total else None
            self._change(said=told.message or self.state.value.said, progress=share)

    def close(self) -> None:
        """No further report is begun."""
        self._closed = True

    def _next(self, orders: list[tuple[SessionChoice, Which]]) -> None:
        if not orders or self._closed:
            self._told = None
            self._change(working=False, said="", progress=None)
            return
        (session, which), *others = orders
        persona = _persona(session, which)

        def then(written: Written) -> None:
            others_written = tuple(w for w in self.state.value.written if w.html != written.html)
            self._change(written=(written, *others_written))
            self._next(others)

        self._later(lambda: self._write(session, persona, self._folder, self._tell), then, self._failed)

    def _tell(self, said: Progress) -> None:
        self._told = said

    def _listed(self, told: tuple[Choices, tuple[Written, ...]]) -> None:
        found, shelf = told
        state = self.state.value
        chosen = state.chosen or tuple(choice.path for choice in found.sessions[:1])
        self._change(listing=False, choices=found, chosen=chosen, earlier=shelf)

    def _failed(self, error: GazeTwinError) -> None:
        self._told = None
        self._change(working=False, listing=False, said="", progress=None, problem=str(error))

    def _change(self, **values: object) -> None:
        self.state.put(replace(self.state.value, **values))  # type: ignore[arg-type]  # names are checked there


def _persona(session: SessionChoice, which: Which) -> Path | None:
    if isinstance(which, Path):
        return which
    return session.personas[0] if which == "newest" and session.personas else None
