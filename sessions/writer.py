"""Writes one recording: create → append → seal. Everything appended before a flush survives a crash."""

from __future__ import annotations

import errno
import json
import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from pydantic import TypeAdapter

from acquisition.calibration import Calibration
from acquisition.connection import Connection
from acquisition.quality import Validation
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import SessionError
from protocols.geometry import Screen
from protocols.markers import Marker
from protocols.participant import Participant
from protocols.stimulus import Page, Viewport
from protocols.study import StudyProtocol, Trial
from sessions.atomic_file import AtomicFile, HeldForHdf5
from sessions.cache import store
from sessions.calibrations import AttemptRecord
from sessions.connections import account_row
from sessions.foreign import Foreign, write_foreign
from sessions.pages import PageDescription, to_png
from sessions.reserve import RESERVE_USED, Reserve, nearly_full, reserved, unfinished
from sessions.schema import (
    CACHE_BYTES,
    CHUNK_BYTES,
    GAZE_CHUNK_BYTES,
    GROUPS,
    LIVE_SLOTS,
    SCHEMA,
    TABLES,
    State,
    gaze_columns,
)
from sessions.slots import Slots
from sessions.source_info import write_source
from sessions.tables import Table

log = logging.getLogger(__name__)

COMPLETE = "complete"


@dataclass(frozen=True)
class Header:
    """What is known when a recording starts.

    Attributes:
        study: the study that is run.
        participant: pseudonym and questionnaire.
        screen: the participant's display.
        source: the gaze source, opened.
        clock_pair: session clock and Unix time of the same moment, both in s; None when not known.
        software: name and version of the recording program.
        consent: what the participant agreed to and when, as JSON-able facts.
    """

    study: StudyProtocol
    participant: Participant
    screen: Screen
    source: SourceInfo
    clock_pair: tuple[float, float] | None
    software: str
    consent: Mapping[str, object]


class SessionWriter:
    """The sink of a recorder, backed by one HDF5 file. Safe to call from several threads.

    Satisfies ``acquisition.source.SampleSink``. Use :meth:`create`.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._channels = len(header.source.channels)
        self._accounts: dict[int, tuple[int, Mapping[str, object]]] = {}
        if path.exists():
            raise _taken(path)
        # Until it can be read it has another name: a kill in the first moments leaves no empty file.
        unborn = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        self._file = _created(unborn, path)
        self._h5 = h5py.File(HeldForHdf5(self._file), "w", rdcc_nbytes=CACHE_BYTES)
        self._reserve: Reserve | None = None
        self._refused = False
        try:
            self._begin(header)
            self._reserve = reserved(path)
            self._file.appear_as(path)
        except FileExistsError:
            self._discard()
            raise _taken(path) from None
        except OSError as error:
            self._discard()
            raise nearly_full(path) if error.errno == errno.ENOSPC else error from error
        except Exception:
            self._discard()
            raise

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        study: StudyProtocol,
        participant: Participant,
        screen: Screen,
        source: SourceInfo,
        clock_pair: tuple[float, float] | None,
        software: str,
        consent: Mapping[str, object] | None = None,
    ) -> SessionWriter:
        """Start a recording in a new file; arguments as in :class:`Header`.

        Raises:
            SessionError: the file exists already, or its folder cannot be written.
        """
        return cls(path, Header(study, participant, screen, source, clock_pair, software, consent or {}))

    @property
    def path(self) -> Path:
        """The file being written."""
        return self._path

    @property
    def samples(self) -> int:
        """Gaze samples appended so far."""
        return len(self._gaze)

    def gaze(self, chunk: GazeChunk) -> None:
        """Append gaze samples."""
        columns = {
            "t_s": chunk.t_s,
            "t_source_s": chunk.t_source_s,
            "xy_px": chunk.xy_px,
            "valid": chunk.valid,
            "pupil_mm": chunk.pupil_mm,
        }
        if self._channels:
            columns["raw"] = chunk.raw
        if len(chunk):
            with self._lock:
                self._gaze.append(columns)

    def cursor(self, chunk: CursorChunk) -> None:
        """Append cursor samples."""
        self._append("cursor", {"t_s": chunk.t_s, "xy_px": chunk.xy_px, "buttons": chunk.buttons})

    def marker(self, marker: Marker) -> None:
        """Append one marker; its payload must be JSON-able."""
        row = {
            "t_s": marker.t_s,
            "code": str(marker.code),
            "trial": marker.trial,
            "payload": json.dumps(dict(marker.payload)),
        }
        self._append_row("markers", row)

    def viewport(self, t_s: float, screen_id: str, viewport: Viewport, page: str) -> None:
        """Append a change of viewport at ``t_s``; ``page`` is the digest of the page shown from then on."""
        row = {
            "t_s": t_s,
            "screen": screen_id,
            "scroll_px": viewport.scroll_px,
            "swipes": json.dumps(viewport.swipes),
            "page": page,
        }
        self._append_row("viewport", row)

    def offset(self, t_s: float, offset_s: float) -> None:
        """Append one estimate of the source's clock offset."""
        self._append_row("clock/offsets", {"t_s": t_s, "offset_s": offset_s})

    def connection(self, connection: Connection) -> None:
        """Keep the account of one connection, in place of an earlier one of the same number."""
        row = account_row(connection)
        number = connection.link.number
        with self._lock:
            known = self._accounts.get(number)
            if known is None:
                self._append_row("clock/connections", row)
                self._accounts[number] = (len(self._accounts), row)
            else:
                at, before = known
                changed = {name: value for name, value in row.items() if value != before[name]}
                self._tables["clock/connections"].replace(at, changed)
                self._accounts[number] = (at, row)

    def clock_pair(self, clock_s: float, unix_s: float) -> None:
        """Append one pair of session clock and Unix time, read at the same moment."""
        self._append_row("clock/pairs", {"clock_s": clock_s, "unix_s": unix_s})

    def trial(self, trial: Trial) -> None:
        """Append what one trial asks and shows."""
        text = TypeAdapter(Trial).dump_json(trial).decode("utf-8")
        self._append_row("trials", {"trial": trial.index, "description": text})

    def page(self, page: Page) -> None:
        """Store a page once, by its digest. Takes tens of ms for a new page: not for a GUI thread."""
        with self._lock:
            known = page.digest in self._h5["pages"]
        if known:
            return
        png = np.frombuffer(to_png(page), dtype=np.uint8)
        description = PageDescription.of(page).model_dump_json()
        with self._lock:
            if page.digest not in self._h5["pages"]:
                group = self._h5["pages"].create_group(page.digest)
                group["png"] = png
                group["description"] = description

    def calibration(
        self,
        attempt: Calibration,
        used: bool,
        *,
        validation: Validation | None = None,
        from_s: float = float("-inf"),
        record: AttemptRecord | None = None,
    ) -> str:
        """Store one calibration attempt, kept whether it is used or not; return its number.

        Args:
            attempt: the calibration with its targets and residuals.
            used: whether gaze is mapped with it.
            validation: how it did on other points.
            from_s: gaze from this session time on is mapped with it; the latest used attempt holds.
            record: how it came about.
        """
        with self._lock:
            number = f"{len(self._h5['calibration']):02d}"
            group = self._h5["calibration"].create_group(number)
            group["attempt"] = attempt.to_json()
            if validation is not None:
                group["validation"] = validation.to_json()
            if record is not None:
                group["record"] = record.to_json()
            group.attrs.update(used=used, from_s=from_s, from_s_unit="s")
        return number

    def live_slots(self, slots: Slots) -> None:
        """Store what was found while recording, so that later derivations can be compared with it."""
        with self._lock:
            store(self._h5, LIVE_SLOTS, slots)

    def foreign(self, foreign: Foreign) -> None:
        """Store what an importer found and where it came from; once per recording."""
        with self._lock:
            write_foreign(self._h5, foreign)

    def flush(self) -> None:
        """Make everything appended so far survive a crash.

        Raises:
            OSError: the disk refuses; nothing is lost, the next flush tries again.
        """
        with self._lock:
            if self._refused:  # else every attempt would add to what has no room
                self._commit()
            self._settle()
            self._h5.flush()
            self._commit()

    def _commit(self) -> None:
        try:
            self._file.flush()
            self._refused = False
        except OSError as error:
            self._refused = True
            if error.errno == errno.ENOSPC and self._reserve is not None and self._reserve.give_up():
                raise OSError(errno.ENOSPC, RESERVE_USED) from error
            raise

    def close(self, reason: str) -> None:
        """Seal; ``reason`` is ``complete`` or ``aborted``. Idempotent: the first reason stays."""
        with self._lock:
            if not self._h5:
                return
            self._settle()
            self._h5.attrs["state"] = str(State.SEALED if reason == COMPLETE else State.ABORTED)
            self._h5.attrs["reason"] = reason
            self._h5.close()
            if self._reserve is not None:
                self._reserve.give_up()
            try:
                self._file.close()
            except OSError as error:
                raise unfinished(self._path, error, self._file.kept) from error
        log.info("sealed %s (%s, %d gaze samples)", self._path, reason, len(self._gaze))

    def _begin(self, header: Header) -> None:
        _write_header(self._h5, header)
        self._tables = {
            name: Table(self._h5.require_group(name), columns, CHUNK_BYTES)
            for name, columns in TABLES.items()
        }
        gaze = self._h5.create_group("gaze")
        self._gaze = Table(gaze, gaze_columns(self._channels), GAZE_CHUNK_BYTES)
        _describe_channels(gaze, header.source)
        if header.clock_pair is not None:
            self.clock_pair(*header.clock_pair)
        self.flush()

    def _settle(self) -> None:
        for table in (self._gaze, *self._tables.values()):
            table.settle()

    def _discard(self) -> None:
        if self._reserve is not None:
            self._reserve.give_up()
        self._h5.close()
        self._file.discard()

    def _append_row(self, table: str, row: Mapping[str, object]) -> None:
        self._append(
            table, {name: np.asarray([value], dtype=_row_dtype(value)) for name, value in row.items()}
        )

    def _append(self, table: str, columns: Mapping[str, np.ndarray]) -> None:
        with self._lock:
            self._tables[table].append(columns)


def _row_dtype(value: object) -> type | None:
    return object if isinstance(value, str) else None


def _taken(path: Path) -> SessionError:
    return SessionError(
        f"{path} exists already.",
        "A recording never overwrites another.",
        "Choose another name, or move the old recording away.",
    )


def _created(unborn: Path, path: Path) -> AtomicFile:
    try:
        return AtomicFile(unborn)
    except OSError as error:
        raise SessionError(
            f"{path} cannot be created: {error.strerror}.",
            "Without a file nothing could be recorded.",
            "Create the folder, or choose one that you may write to.",
        ) from error


def _write_header(h5: h5py.File, header: Header) -> None:
    for name in GROUPS:
        h5.create_group(name)
    h5.attrs.update(
        schema=SCHEMA,
        session_id=str(uuid.uuid4()),
        created_utc=datetime.now(UTC).isoformat(),
        software=header.software,
        state=str(State.RECORDING),
        reason="",
    )
    h5["study"].attrs.update(name=header.study.name, digest=header.study.digest)
    h5["study"]["snapshot"] = header.study.snapshot()
    h5["participant"].attrs["pseudonym"] = header.participant.pseudonym
    h5["participant"]["profile"] = header.participant.model_dump_json()
    h5["consent"]["record"] = json.dumps(dict(header.consent))
    _write_screen(h5["screen"], header.screen)
    write_source(h5["source"], header.source)


def _write_screen(group: h5py.Group, screen: Screen) -> None:
    group.attrs.update(
        size_px=screen.size_px,
        size_px_unit="px",
        size_mm=screen.size_mm,
        size_mm_unit="mm",
        distance_mm=screen.distance_mm,
        distance_mm_unit="mm",
    )


def _describe_channels(group: h5py.Group, source: SourceInfo) -> None:
    if "raw" in group:
        group["raw"].attrs["channel_labels"] = json.dumps(source.channels)
        group["raw"].attrs["channel_units"] = json.dumps(source.units)
