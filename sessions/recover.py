"""Repairs a recording whose program died. The original is replaced only by a checked copy."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import h5py
from pydantic import BaseModel, ConfigDict

from protocols.errors import SessionCorrupt, SessionError
from sessions.atomic_file import journal_path, lock, replay_journal, waiting_flush
from sessions.opening import busy, corrupt, refuse_links, refuse_missing, refuse_schema
from sessions.reader import Recording
from sessions.schema import READABLE, TABLES, State
from sessions.tables import trimmed

log = logging.getLogger(__name__)

Journal = Literal["none", "applied", "incomplete"]


class RecoveryReport(BaseModel):
    """What a recovery found and did.

    Attributes:
        path: the recording.
        before: its state before.
        after: its state now.
        journal: whether a last flush was waiting; ``incomplete``: the program died while it was writing it,
            so what came after the flush before (half a second) never reached the disk.
        kept: rows kept per table.
        dropped: rows dropped per table, because not all their columns were there; only tables that lost some.
        original: where the original was kept; only when rows were dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    before: State
    after: State
    journal: Journal
    kept: dict[str, int]
    dropped: dict[str, int]
    original: Path | None = None

    @property
    def changed(self) -> bool:
        """Whether there was anything to repair."""
        return self.before != self.after or self.journal != "none" or bool(self.dropped)


def recover(path: Path) -> RecoveryReport:
    """Make a recording readable again; one that is sound stays as it is.

    Args:
        path: the recording, its journal beside it.

    Raises:
        SessionMissing: there is no such file.
        SessionError: a program is still writing it.
        SessionCorrupt: not even its frame can be read; the file is left as it is.
        SchemaUnsupported: it follows another schema.
    """
    refuse_missing(path)
    with _kept_from_others(path):
        copy = path.with_name(path.name + ".recovering")
        try:
            report = _repaired(path, copy)
            with Recording.open(copy) as recording:
                log.info("recovered %s: %d gaze samples", path, recording.samples)
            return _put_in_place(report, copy)
        finally:
            for left in (copy, journal_path(copy)):
                left.unlink(missing_ok=True)


@contextmanager
def _kept_from_others(path: Path) -> Iterator[None]:
    try:
        file = path.open("r+b")
        lock(file)
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError as error:
        raise SessionError(
            f"{path} cannot be repaired: {error.strerror}.",
            "A repair replaces the file by a checked copy beside it.",
            "Make the file and its folder writable, or copy it elsewhere together with its .journal file.",
        ) from error
    with file:
        yield


def _repaired(path: Path, copy: Path) -> RecoveryReport:
    shutil.copy2(path, copy)
    journal = _journal_state(path)
    if journal != "none":
        shutil.copy2(journal_path(path), journal_path(copy))
    replay_journal(copy)
    with _opened(copy, path) as h5:
        before = State(h5.attrs["state"])
        names = [name for name in (*TABLES, "gaze") if name in h5]
        longest = {name: max((len(column) for column in h5[name].values()), default=0) for name in names}
        kept = {name: trimmed(h5[name], list(h5[name])) for name in names}
        if before not in READABLE:
            h5.attrs["state"] = str(State.RECOVERED)
            h5.attrs["reason"] = f"recovered {datetime.now(UTC).isoformat()}"
        after = State(h5.attrs["state"])
    dropped = {name: longest[name] - kept[name] for name in names if longest[name] > kept[name]}
    return RecoveryReport(path=path, before=before, after=after, journal=journal, kept=kept, dropped=dropped)


def _journal_state(path: Path) -> Journal:
    journal = journal_path(path)
    if not journal.exists() or not journal.stat().st_size:
        return "none"
    return "applied" if waiting_flush(path) else "incomplete"


@contextmanager
def _opened(copy: Path, path: Path) -> Iterator[h5py.File]:
    try:
        h5 = h5py.File(copy, "r+")
    except OSError as error:
        raise _hopeless(path, error) from error
    with h5:
        refuse_schema(h5, path)
        refuse_links(h5, path)
        yield h5


def _hopeless(path: Path, error: OSError) -> SessionCorrupt:
    found = corrupt(path, error)
    return SessionCorrupt(
        found.what.removesuffix(".") + ", and cannot be recovered.",
        "Recovery mends recordings that were not ended; it cannot bring back what is missing or overwritten."
        " The file was left untouched.",
        "Copy it again from where it came from, with its .journal file beside it if there is one, or use a"
        " backup.",
    )


def _put_in_place(report: RecoveryReport, copy: Path) -> RecoveryReport:
    path = report.path
    if report.dropped:
        original = path.with_name(path.name + ".unrecovered")
        shutil.copy2(path, original)
        report = report.model_copy(update={"original": original})
    if report.changed:
        copy.replace(path)
    journal_path(path).unlink(missing_ok=True)
    return report
