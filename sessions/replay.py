"""Plays a recording back: as a gaze source like any other, and through the live pipeline."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.clock import Clock
from acquisition.connection import Link
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from acquisition.source_event import SourceEvent
from protocols.errors import SourceLost
from protocols.geometry import FloatArray
from protocols.markers import Marker
from sessions.live import LiveSlots
from sessions.reader import Recording
from sessions.slots import SlotParameters
from sessions.timeline import ViewportChange

CHUNK = 64


class ReplaySource:
    """A gaze source that delivers a recording's samples bit for bit.

    Args:
        path: a finished recording.
        speed: 1 for as fast as it was recorded, ``inf`` for as fast as they are read.
        clock: when given, session stamps are moved so that the first sample lies at the moment of ``open``;
            everything else stays as recorded. Without it the stamps are those recorded.
    """

    def __init__(self, path: Path, speed: float = 1.0, clock: Clock | None = None) -> None:
        self._path = path
        self._speed = speed
        self._clock = clock
        self._info: SourceInfo | None = None
        self._gaze = GazeChunk.empty()
        self._offsets = np.empty((0, 2))
        self._next = 0
        self._began_s = 0.0
        self._shift_s = 0.0

    @property
    def info(self) -> SourceInfo:
        """Describe the source; complete after ``open``."""
        return self._info or SourceInfo(str(self._path), "replay", "", "", 0.0, (), ())

    def open(self) -> None:
        """Read the recording.

        Raises:
            SessionError: it cannot be read, see ``Recording.open``.
        """
        with Recording.open(self._path) as recording:
            self._info = replace(recording.source, kind="replay")
            self._gaze, self._offsets = recording.gaze(), recording.offsets()
        self._next = 0
        self._began_s = time.monotonic()
        if self._clock is not None and len(self._gaze):
            self._shift_s = self._clock.now_s() - float(self._gaze.t_s[0])
            self._gaze = replace(self._gaze, t_s=self._gaze.t_s + self._shift_s)

    def read(self, timeout_s: float) -> GazeChunk:
        """Return the samples that are due, waiting up to ``timeout_s`` for the next.

        Raises:
            SourceLost: all samples were delivered.
        """
        if self._next >= len(self._gaze):
            raise SourceLost(
                f"The recording {self._path} has ended after {len(self._gaze)} samples.",
                "No further gaze will come.",
                "Nothing: this is the end of the replay.",
            )
        due = self._due(timeout_s)
        chunk = self._gaze.rows(slice(self._next, due))
        self._next = due
        return chunk

    def offset_s(self) -> float:
        """Return the recorded estimate of device clock to session clock at the last sample read, in s."""
        if not len(self._offsets) or not self._next:
            return self._shift_s
        at_s = float(self._gaze.t_s[self._next - 1]) - self._shift_s
        known = int(np.searchsorted(self._offsets[:, 0], at_s, side="right"))
        return float(self._offsets[max(known - 1, 0), 1]) + self._shift_s

    def link(self) -> Link:
        """Return the one connection there is: that to the file."""
        return Link()

    def news(self) -> list[SourceEvent]:
        """Return nothing: what was noticed is in the recording."""
        return []

    def close(self) -> None:
        """Forget the samples. Idempotent."""
        self._gaze = GazeChunk.empty(self._gaze.raw.shape[1])
        self._next = 0

    def _due(self, timeout_s: float) -> int:
        """Return how many samples are due, after waiting for the next one."""
        if np.isinf(self._speed):
            return min(self._next + CHUNK, len(self._gaze))
        elapsed_s = (self._gaze.t_s - self._gaze.t_s[0]) / self._speed
        wait_s = self._began_s + float(elapsed_s[self._next]) - time.monotonic()
        time.sleep(min(max(wait_s, 0.0), timeout_s))
        late = elapsed_s[self._next :] > time.monotonic() - self._began_s
        return self._next + (int(np.argmax(late)) if late.any() else len(late))


Step = GazeChunk | CursorChunk | Marker | ViewportChange


def steps(recording: Recording, rows: int = CHUNK) -> Iterator[Step]:
    """Yield everything of a recording in order of time, as it came in live.

    Args:
        recording: what to play.
        rows: samples per chunk; any number gives the same result.
    """
    streams: list[Iterable[tuple[float, int, int, Step]]] = [
        ((c.t_s, 0, i, c) for i, c in enumerate(recording.viewports())),
        ((m.t_s, 1, i, m) for i, m in enumerate(recording.markers())),
        ((_latest_s(c.t_s), 2, i, c) for i, c in enumerate(_chunks(recording.gaze(), rows))),
        ((float(c.t_s[0]), 3, i, c) for i, c in enumerate(_cursor_chunks(recording.cursor(), rows))),
    ]
    for _, _, _, step in heapq.merge(*streams, key=lambda entry: entry[:3]):
        yield step


def pipeline(recording: Recording, parameters: SlotParameters | None = None) -> LiveSlots:
    """Return a live pipeline that knows a recording's pages and calibrations, and no gaze yet.

    Args:
        recording: what will be played into it.
        parameters: settings; None for the defaults.
    """
    live = LiveSlots(recording.screen, parameters or SlotParameters())
    fixations = recording.given_fixations(parameters)
    if fixations is not None:
        live.given(fixations)
    for digest in recording.page_digests():
        live.layout(digest, recording.page_description(digest).layout)
    for attempt in recording.calibrations():
        live.calibration(attempt)
    return live


def replayed(path: Path, parameters: SlotParameters | None = None, rows: int = CHUNK) -> LiveSlots:
    """Run a recording through the live pipeline.

    Args:
        path: a finished recording.
        parameters: settings; None for the defaults.
        rows: samples per chunk.

    Returns:
        The pipeline after the last sample.
    """
    with Recording.open(path) as recording:
        live = pipeline(recording, parameters)
        for step in steps(recording, rows):
            live.take(step)
    return live


def _chunks(chunk: GazeChunk, rows: int) -> Iterator[GazeChunk]:
    return (chunk.rows(slice(start, start + rows)) for start in range(0, len(chunk), rows))


def _cursor_chunks(chunk: CursorChunk, rows: int) -> Iterator[CursorChunk]:
    for start in range(0, len(chunk), rows):
        part = slice(start, start + rows)
        yield CursorChunk(chunk.t_s[part], chunk.xy_px[part], chunk.buttons[part])


def _latest_s(t_s: FloatArray) -> float:
    return float(np.max(t_s))
