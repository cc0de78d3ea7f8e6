"""Reads one recording, lazily. Nothing here changes the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from pydantic import TypeAdapter

from acquisition.calibration import Calibration
from acquisition.connection import Connection
from acquisition.eyes import recorded_eyes_px
from acquisition.fixations import Fixations
from acquisition.quality import Validation
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import SessionError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.slots import SlotLayout
from protocols.stimulus import Page
from protocols.study import StudyProtocol, Trial
from sessions.cache import changes_of, stored
from sessions.calibrations import AttemptRecord, CalibrationAttempt, calibrated_xy
from sessions.connections import accounts
from sessions.foreign import GIVEN, read_fixations, read_provenance, refuse_off_screen
from sessions.opening import opened, opened_hdf5
from sessions.pages import PageDescription, to_page
from sessions.schema import LIVE_SLOTS, State, derived_path, gaze_columns
from sessions.slots import (
    METHOD,
    SlotParameters,
    Slots,
    ViewSlots,
    end_of_data_s,
    fixations_of,
    slots_digest,
    views_of,
)
from sessions.source_info import read_source
from sessions.source_tables import SourceTable, read_tables
from sessions.tables import common_rows, texts
from sessions.timeline import ViewportChange, ordered
from sessions.views import PageView


class Recording:
    """A finished recording. Use :meth:`open`, best as a context manager.

    h5py holds one lock per process: do not read recordings in a process that is recording.
    """

    def __init__(self, path: Path, h5: h5py.File) -> None:
        self._path = path
        self._h5 = h5

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Open a recording.

        Raises:
            SessionMissing: there is no such file.
            SessionCorrupt: it is no session file, or damaged, or holds links that lead out of it.
            SchemaUnsupported: it follows another schema.
            SessionUnsealed: the recording did not end properly; ``gazetwin recover`` repairs it.
            SessionError: another program is writing to it.
        """
        return cls(path, opened(path))

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._h5.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def session_id(self) -> str:
        """The recording's UUID."""
        return str(self._h5.attrs["session_id"])

    @property
    def created_utc(self) -> str:
        """When it was started, ISO 8601."""
        return str(self._h5.attrs["created_utc"])

    @property
    def software(self) -> str:
        """Name and version of the recording program."""
        return str(self._h5.attrs["software"])

    @property
    def state(self) -> State:
        """How the recording ended."""
        return State(self._h5.attrs["state"])

    @property
    def study_name(self) -> str:
        """Name of the study that was run."""
        return str(self._h5["study"].attrs["name"])

    @property
    def study_digest(self) -> str:
        """Digest of the study that was run."""
        return str(self._h5["study"].attrs["digest"])

    @property
    def study(self) -> StudyProtocol:
        """The study that was run.

        Raises:
            StudyInvalid: it was written by another version; ``study_text`` still has it.
        """
        return StudyProtocol.from_snapshot(self.study_text)

    @property
    def study_text(self) -> str:
        """The study that was run, as written."""
        return _text(self._h5["study/snapshot"])

    @property
    def participant(self) -> Participant:
        """Pseudonym and questionnaire."""
        return Participant.model_validate_json(_text(self._h5["participant/profile"]))

    @property
    def consent(self) -> dict[str, object]:
        """What the participant agreed to, and when."""
        return dict(json.loads(_text(self._h5["consent/record"])))

    @property
    def screen(self) -> Screen:
        """The participant's display."""
        attrs = self._h5["screen"].attrs
        width_px, height_px = (int(v) for v in attrs["size_px"])
        width_mm, height_mm = (float(v) for v in attrs["size_mm"])
        return Screen((width_px, height_px), (width_mm, height_mm), float(attrs["distance_mm"]))

    @property
    def source(self) -> SourceInfo:
        """The gaze source."""
        return read_source(self._h5["source"])

    @property
    def provenance(self) -> dict[str, object]:
        """Where an imported recording came from, what was read and what was dropped; empty when recorded."""
        return read_provenance(self._h5)

    @property
    def off_screen(self) -> str:
        """Why the gaze of an imported recording is no gaze on the screen; empty when it is."""
        return str(self._h5["source"].attrs.get("off_screen", ""))

    def refuse_off_screen(self) -> None:
        """Refuse to tell what on the screen was looked at; raises SessionError when gaze is not on it."""
        refuse_off_screen(self._h5)

    def source_tables(self) -> tuple[SourceTable, ...]:
        """Return what an importer kept verbatim."""
        return read_tables(self._h5["source"])

    def connections(self) -> tuple[Connection, ...]:
        """Return the account of every connection to the source; none from versions that kept none."""
        return accounts(self._h5)

    def clock_pairs(self) -> FloatArray:
        """Return pairs of session clock and Unix time, shape (n, 2), in s."""
        group = self._h5["clock/pairs"]
        return np.column_stack([group["clock_s"][:], group["unix_s"][:]])

    def offsets(self) -> FloatArray:
        """Return estimates of the source's clock offset, shape (n, 2): session time, offset, in s."""
        group = self._h5["clock/offsets"]
        return np.column_stack([group["t_s"][:], group["offset_s"][:]])

    @property
    def samples(self) -> int:
        """Number of gaze samples."""
        return common_rows(self._h5["gaze"], list(self._h5["gaze"]))

    def gaze(self, start: int = 0, stop: int | None = None) -> GazeChunk:
        """Return gaze samples ``start`` to ``stop`` as the source delivered them, uncalibrated."""
        group = self._h5["gaze"]
        wanted = slice(start, self.samples if stop is None else min(stop, self.samples))
        channels = len(self.source.channels)
        columns = {c.name: group[c.name][wanted] for c in gaze_columns(channels)}
        columns.setdefault("raw", np.empty((len(columns["t_s"]), 0)))
        return GazeChunk(**columns, eyes_px=recorded_eyes_px(self.source, columns["raw"], self.screen))

    def calibrated_xy(self) -> FloatArray:
        """Return gaze as the calibrations in force map it, shape (n, 2), in px; as delivered without any."""
        return calibrated_xy(self.gaze(), self.calibrations())

    def cursor(self) -> CursorChunk:
        """Return all cursor samples."""
        group = self._h5["cursor"]
        return CursorChunk(group["t_s"][:], group["xy_px"][:], group["buttons"][:])

    def markers(self) -> tuple[Marker, ...]:
        """Return all markers in the order they were written."""
        group = self._h5["markers"]
        rows = zip(
            group["t_s"][:], texts(group["code"]), group["trial"][:], texts(group["payload"]), strict=True
        )
        return tuple(Marker(float(t), Code(c), int(k), json.loads(p)) for t, c, k, p in rows)

    def viewports(self) -> tuple[ViewportChange, ...]:
        """Return all changes of what was visible, in the order they were written."""
        return tuple(changes_of(self._h5["viewport"]))

    def page_digests(self) -> tuple[str, ...]:
        """Return the digests of all pages stored."""
        return tuple(self._h5["pages"])

    def page_description(self, digest: str) -> PageDescription:
        """Return everything of a page but its pixels.

        Raises:
            SessionError: no such page in this recording.
        """
        return PageDescription.model_validate_json(_text(self._page(digest)["description"]))

    def page(self, digest: str) -> Page:
        """Return exactly the page that was shown.

        Raises:
            SessionError: no such page in this recording.
        """
        return to_page(self.page_png(digest), self.page_description(digest), digest)

    def page_png(self, digest: str) -> bytes:
        """Return the pixels of a page as a PNG file.

        Raises:
            SessionError: no such page in this recording.
        """
        png: bytes = self._page(digest)["png"][:].tobytes()
        return png

    def trials(self) -> tuple[Trial, ...]:
        """Return what each trial asked and showed, in order of presentation."""
        adapter = TypeAdapter(Trial)
        return tuple(adapter.validate_json(text) for text in texts(self._h5["trials/description"]))

    def calibrations(self) -> tuple[CalibrationAttempt, ...]:
        """Return every calibration attempt, whether used or not."""
        return tuple(self._attempts())

    def slots(self, parameters: SlotParameters | None = None) -> Slots:
        """Return fixations and attention per view: as stored by ``derive``, or computed now.

        Args:
            parameters: settings; None for the defaults.

        Raises:
            SessionError: the gaze of an imported recording is no gaze on the screen.
        """
        refuse_off_screen(self._h5)
        wanted = parameters or SlotParameters()
        digest = self._digest(wanted)
        found = stored(self._h5, derived_path("slots", digest))
        return found or self._slots(wanted, digest)

    def has_slots(self, parameters: SlotParameters | None = None) -> bool:
        """Tell whether slots with these settings are stored in the file."""
        return derived_path("slots", self._digest(parameters or SlotParameters())) in self._h5

    def given_fixations(self, parameters: SlotParameters | None = None) -> Fixations | None:
        """Return the fixations of an imported recording that another program found, None without any."""
        return read_fixations(self._h5, (parameters or SlotParameters()).ivt)

    @property
    def fixations_by(self) -> str:
        """Who found the fixations of an imported recording; empty when they are detected here."""
        return str(self._h5["fixations"].attrs["found_by"]) if "fixations" in self._h5 else ""

    def live_slots(self) -> Slots | None:
        """Return what was found while recording, None when nothing was kept of it."""
        return stored(self._h5, LIVE_SLOTS)

    def views(self, parameters: SlotParameters | None = None) -> list[PageView]:
        """Return every page view in order of time, with attention per slot.

        Args:
            parameters: settings; None for the defaults.

        Raises:
            SessionError: a trial or page that was shown is not in the file.
        """
        trials = {trial.index: trial for trial in self.trials()}
        return [self._page_view(measured, trials) for measured in self.slots(parameters).views]

    def _slots(self, parameters: SlotParameters, digest: str) -> Slots:
        chunk, events = self.gaze().by_time(), ordered(self.viewports(), self.markers())
        xy_px = calibrated_xy(chunk, self.calibrations())
        fixations = self.given_fixations(parameters)
        if fixations is None:
            fixations = fixations_of(chunk, xy_px, self.screen, events, parameters.ivt)
        end_s = end_of_data_s(chunk.t_s, events)
        views = views_of(fixations, self.cursor(), events, end_s, self._layout, parameters.within_px)
        return Slots(parameters, digest, fixations, views)

    def _digest(self, parameters: SlotParameters) -> str:
        method = GIVEN if "fixations" in self._h5 else METHOD
        return slots_digest(parameters, self.calibrations(), method)

    def _layout(self, digest: str) -> SlotLayout:
        return self.page_description(digest).layout

    def _page_view(self, measured: ViewSlots, trials: Mapping[int, Trial]) -> PageView:
        view = measured.view
        if view.trial not in trials:
            raise SessionError(
                f"{self._path} does not describe trial {view.trial}, it describes {sorted(trials)}.",
                "What the participant was asked to do on this page is unknown.",
                "Run `gazetwin check` on the recording.",
            )
        description = self.page_description(view.change.page)
        return PageView(
            trial=view.trial,
            asked=trials[view.trial],
            digest=view.change.page,
            layout=description.layout,
            films=description.films,
            viewport=view.change.viewport,
            t_on_s=view.t_on_s,
            t_off_s=view.t_off_s,
            fixation_ms=measured.fixation_ms,
            cursor_ms=measured.cursor_ms,
            click=view.click,
            ended=view.ended,
            load=partial(load_page, self._path),
            pauses=view.pauses,
        )

    def _attempts(self) -> Iterator[CalibrationAttempt]:
        for name in sorted(self._h5["calibration"]):
            group = self._h5["calibration"][name]
            validation = Validation.from_json(_text(group["validation"])) if "validation" in group else None
            calibration = Calibration.from_json(_text(group["attempt"]))
            used, from_s = bool(group.attrs["used"]), float(group.attrs["from_s"])
            record = AttemptRecord.from_json(_text(group["record"])) if "record" in group else AttemptRecord()
            yield CalibrationAttempt(int(name), calibration, used, from_s, validation, record)

    def _page(self, digest: str) -> h5py.Group:
        if digest not in self._h5["pages"]:
            raise SessionError(
                f"{self._path} holds no page {digest[:12]}….",
                "What was looked at cannot be told without the page.",
                "Run `gazetwin check` on the recording.",
            )
        return self._h5["pages"][digest]


def load_page(path: Path, digest: str) -> Page:
    """Return one page of a recording that need not be open.

    Raises:
        SessionError: the recording cannot be opened, or holds no such page.
    """
    with Recording(path, opened_hdf5(path)) as recording:
        return recording.page(digest)


def _text(dataset: h5py.Dataset) -> str:
    return str(dataset.asstr()[()])
