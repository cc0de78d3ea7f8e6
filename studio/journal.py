"""Everything a session produces goes through here: into the file first, then into the live pipeline."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from acquisition.calibration import Calibration
from acquisition.live import LiveBuffer
from acquisition.quality import Validation
from acquisition.recorder import Recorder
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.sink_writer import Entry
from acquisition.source import SampleSink, SourceInfo
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.stimulus import Page
from protocols.study import Trial
from sessions.calibrations import AttemptRecord, CalibrationAttempt, calibrated_xy, in_force
from sessions.live import LiveSlots, LiveView
from sessions.slots import Slots
from sessions.timeline import ViewportChange
from sessions.writer import SessionWriter

log = logging.getLogger(__name__)

BUFFER_S = 60.0


class GazeTap:
    """Gaze as it arrives, for the live pipeline (all of it) and for windows into the last minute."""

    def __init__(self) -> None:
        self.recent = LiveBuffer(BUFFER_S)
        self._fresh: queue.SimpleQueue[GazeChunk] = queue.SimpleQueue()

    def append(self, chunk: GazeChunk) -> None:
        """Take new samples; called by the recorder's reading thread."""
        self.recent.append(chunk)
        self._fresh.put(chunk)

    def fresh(self) -> GazeChunk:
        """Return everything that arrived since the last call, in order of the stamps."""
        chunks = []
        while not self._fresh.empty():
            chunks.append(self._fresh.get())
        return GazeChunk.joined(chunks).by_time()


class Journal:
    """Writes down what happens. Belongs to one thread.

    When the live pipeline fails it is left out from then on and ``live_failure`` says why; the file goes on.

    Args:
        recorder: running.
        tap: the recorder's live view.
        live: the live pipeline.
        nominal_hz: rate that the source claims, 0 for none.
        source: what the source says about its channels, None when nobody asks.
    """

    def __init__(
        self,
        recorder: Recorder,
        tap: GazeTap,
        live: LiveSlots,
        nominal_hz: float,
        source: SourceInfo | None = None,
    ) -> None:
        self.source = source
        self.recorder, self.tap, self.nominal_hz = recorder, tap, nominal_hz
        self._live = live
        self._attempts: list[CalibrationAttempt] = []
        self._newest_s = float("-inf")
        self.marked_s = float("-inf")
        self.live_failure = ""
        self.final: Slots | None = None

    def mark(
        self, t_s: float, code: Code, trial: int = -1, payload: Mapping[str, object] | None = None
    ) -> None:
        """Write a marker."""
        marker = Marker(t_s, code, trial, payload or {})
        self.marked_s = max(self.marked_s, t_s)
        self.recorder.mark(marker)
        self._also_live(lambda: self._live.marker(marker))

    def trial(self, trial: Trial) -> None:
        """Write what a trial asks and shows."""
        self._write(lambda writer: writer.trial(trial))

    def page(self, t_s: float, page: Page) -> None:
        """Write that a page is visible from ``t_s`` on."""
        self._write(lambda writer: writer.page(page))
        self.recorder.viewport(t_s, page.screen_id, page.viewport, page.digest)
        self._also_live(lambda: self._live.page(page))
        change = ViewportChange(t_s, page.screen_id, page.viewport, page.digest)
        self._also_live(lambda: self._live.viewport(change))

    def cursor(self, t_s: float, xy_px: tuple[float, float], buttons: int) -> None:
        """Write where the pointer is."""
        chunk = CursorChunk(np.array([t_s]), np.array([xy_px]), np.array([float(buttons)]))
        self.recorder.cursor(chunk)
        self._also_live(lambda: self._live.cursor(chunk))

    def calibration(
        self,
        calibration: Calibration,
        validation: Validation | None,
        used: bool,
        now_s: float,
        record: AttemptRecord | None = None,
    ) -> int:
        """Write a calibration attempt; a used one maps the gaze from now on. Returns its number."""
        # No sample that the live pipeline has already mapped may count as later than this.
        from_s = max(now_s, float(np.nextafter(self._newest_s, np.inf)))
        record = record or AttemptRecord()
        number = len(self._attempts)
        attempt = CalibrationAttempt(number, calibration, used, from_s, validation, record)
        self._write(
            lambda w: w.calibration(calibration, used, validation=validation, from_s=from_s, record=record)
        )
        self._attempts.append(attempt)
        self._also_live(lambda: self._live.calibration(attempt))
        return number

    def begin_calibration(self, now_s: float) -> None:
        """Take back whatever calibration is in force: until the new one is good, gaze is as delivered."""
        self.mark(now_s, Code.CALIBRATION_START)
        if in_force(self._attempts):
            record = AttemptRecord("begun", "a new calibration was begun; the earlier one no longer holds")
            self.calibration(Calibration.identity(), None, True, now_s, record)

    def choose_calibration(self, number: int, reason: str, now_s: float) -> None:
        """Put an earlier attempt in force again, from now on.

        Raises:
            CalibrationError: there is no such attempt, or it led to no map.
        """
        known = [a for a in self._attempts if a.record.kind in ("calibration", "chosen", "drift")]
        for attempt in known:
            if attempt.number == number:
                record = AttemptRecord("chosen", f"attempt {number + 1} was chosen: {reason}")
                self.calibration(attempt.calibration, attempt.validation, True, now_s, record)
                return
        raise CalibrationError(
            f"There is no calibration attempt {number + 1} to choose.",
            "Gaze would be mapped by nothing that was measured.",
            f"Choose one of {', '.join(str(a.number + 1) for a in known) or 'none: calibrate first'}.",
        )

    @property
    def map(self) -> Calibration:
        """The calibration in force; the identity without one."""
        used = in_force(self._attempts)
        return used[-1].calibration if used else Calibration.identity()

    def catch_up(self) -> None:
        """Let the live pipeline see the gaze that has arrived."""
        chunk = self.tap.fresh()
        if len(chunk):
            self._newest_s = max(self._newest_s, float(chunk.t_s.max()))
            self._also_live(lambda: self._live.gaze(chunk))

    def views(self) -> list[LiveView]:
        """Return attention per page view so far; none when the live pipeline has failed."""
        return [] if self.live_failure else self._live.views()

    def finished(self) -> Slots | None:
        """Take the last gaze; return all fixations and views, None when the live pipeline has failed."""
        self.catch_up()
        self._also_live(self._conclude)
        return self.final

    def _conclude(self) -> None:
        self.final = self._live.slots()

    def trail(self, seconds: float) -> tuple[FloatArray, FloatArray]:
        """Return times (n,) in s and calibrated positions (n, 2) in px of the last ``seconds``."""
        chunk = self.tap.recent.snapshot(seconds)
        xy_px = calibrated_xy(chunk, self._attempts)
        return chunk.t_s, np.where(chunk.valid[:, None], xy_px, np.nan)

    def _write(self, write: Callable[[SessionWriter], object]) -> None:
        def put(sink: SampleSink) -> None:
            write(cast(SessionWriter, sink))

        self.recorder.put(Entry(put))

    def _also_live(self, take: Callable[[], None]) -> None:
        if self.live_failure:
            return
        try:
            take()
        except Exception as error:
            log.exception("the live slot map failed and is left out from here on")
            self.live_failure = f"{type(error).__name__}: {error}"
