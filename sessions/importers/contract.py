"""What every importer takes and gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import ForeignFileError
from protocols.geometry import Screen
from protocols.markers import Marker
from protocols.participant import Participant
from protocols.stimulus import CarouselScreen, Viewport
from protocols.study import StudyProtocol, Trial
from sessions.foreign import GivenFixations
from sessions.source_tables import SourceTable

IMPORTED = "imported"
"""Kind of source of an imported recording."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a file does not say and only the user knows.

    Attributes:
        screen: the display that the gaze refers to, None when not told.
        participant: pseudonym, empty to use the data set's own or one made of the file's digest.
        surface: a file that maps scene-camera gaze onto the display, None without one.
        stream: name of the gaze stream among several, empty for the only one.
    """

    screen: Screen | None = None
    participant: str = ""
    surface: Path | None = None
    stream: str = ""

    def needed_screen(self, why: str) -> Screen:
        """Return the display.

        Raises:
            ForeignFileError: it was not told.
        """
        if self.screen is None:
            raise ForeignFileError(
                "The display is not known.",
                why,
                "Add --display 1920x1080px,531x299mm,650mm with your display's pixels and millimetres"
                " and the distance of the eyes.",
            )
        return self.screen


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account of an import: every row read is placed, kept or dropped.

    Attributes:
        what: kind of rows.
        read: how many there were.
        placed: of these, in the recording proper.
        kept: of these, verbatim under ``/source`` only.
        dropped: of these, not in the recording at all.
        note: why, and what else to know.
    """

    what: str
    read: int
    placed: int = 0
    kept: int = 0
    dropped: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        if self.read != self.placed + self.kept + self.dropped:
            raise AssertionError(f"{self} does not add up")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read.

    Attributes:
        name: without folders, which may name people.
        sha256: of its bytes, hexadecimal.
        size_bytes: its length.
    """

    name: str
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> SourceFile:
        """Digest a file."""
        with path.open("rb") as file:
            return cls(path.name, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


@dataclass(frozen=True, slots=True)
class ClockMapping:
    """How session time follows from the file's stamps: ``t_s = (stamp - zero) / per_s``.

    Attributes:
        per_s: units of the stamps in one second.
        zero: the stamp at session time 0, in units of the file, as text so that no digit is lost.
        note: what clock it is.
    """

    per_s: float
    zero: str
    note: str


@dataclass(frozen=True, slots=True)
class PageChange:
    """From ``t_s`` on this part of this screen is visible."""

    t_s: float
    screen: CarouselScreen
    viewport: Viewport


def no_cursor() -> CursorChunk:
    """Return a cursor that was never seen."""
    return CursorChunk(np.empty(0), np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """One session, read completely.

    Attributes:
        format: name of the importer.
        participant: pseudonym and what the data set tells.
        study: what was shown; a free-gaze study when the file does not say.
        screen: the display.
        source: tracker and channels.
        clock: from the file's stamps to session time.
        clock_pair: session clock and Unix time in s, None when the file does not tell.
        gaze: samples; none when the file holds fixations only.
        ledger: account of all rows.
        files: what was read.
        offsets: session time and offset of the device's clock, in s.
        cursor: mouse cursor.
        markers: in order of time.
        trials: what was asked and shown.
        changes: of what was visible, in order of time.
        tables: kept verbatim.
        fixations: found by the other program, None to detect them from the samples.
        off_screen: why the gaze is no gaze on the screen, empty when it is.
        part: tells sessions of one participant and file apart, empty when there is one.
    """

    format: str
    participant: Participant
    study: StudyProtocol
    screen: Screen
    source: SourceInfo
    clock: ClockMapping
    clock_pair: tuple[float, float] | None
    gaze: GazeChunk
    ledger: tuple[Entry, ...]
    files: tuple[SourceFile, ...]
    offsets: tuple[tuple[float, float], ...] = ()
    cursor: CursorChunk = field(default_factory=no_cursor)
    markers: tuple[Marker, ...] = ()
    trials: tuple[Trial, ...] = ()
    changes: tuple[PageChange, ...] = ()
    tables: tuple[SourceTable, ...] = ()
    fixations: GivenFixations | None = None
    off_screen: str = ""
    part: str = ""


Reader = Callable[[Path, Options], Iterator[Imported]]


def pseudonym_of(file: SourceFile, options: Options) -> Participant:
    """Return a participant: the pseudonym the user gave, else one made of the file's digest."""
    return Participant(pseudonym=options.participant or f"p-{file.sha256[:8]}")


def free_gaze_study(name: str, screen: Screen) -> StudyProtocol:
    """Return a study that shows nothing, for recordings that do not say what was shown."""
    written = {
        "name": f"imported-{name}",
        "title": f"Imported from {name}",
        "version": "1",
        "kind": "free-gaze",
        "geometry": {
            "size_px": screen.size_px,
            "size_mm": screen.size_mm,
            "distance_mm": screen.distance_mm,
        },
    }
    return StudyProtocol.model_validate(written)
