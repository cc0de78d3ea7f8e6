"""The mouse cursor as a source of gaze, for trying things out without a tracker."""

from __future__ import annotations

import queue

import numpy as np

from acquisition.clock import Clock, SteadyClock
from acquisition.connection import Link
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.source_event import SourceEvent
from protocols.errors import SourceLost


class MouseSource:
    """Cursor positions, pushed by the window that sees them and read like gaze.

    A cursor that rests sends no events, but it is still somewhere: a read that waits in vain repeats the last
    position, so that resting looks like a fixation and not like a lost eye.

    Args:
        clock: session clock, used to stamp positions pushed without a time and repeated ones.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SteadyClock()
        self._pushed: queue.SimpleQueue[tuple[float, float, float]] = queue.SimpleQueue()
        self._last_xy_px: tuple[float, float] | None = None
        self._is_open = False

    @property
    def info(self) -> SourceInfo:
        """Describe the source."""
        return SourceInfo("mouse", "mouse", "mouse", "", 0.0, ("x", "y"), ("px", "px"))

    def open(self) -> None:
        """Start taking positions; what was pushed before is forgotten."""
        self._drain()
        self._last_xy_px = None
        self._is_open = True

    def push(self, t_s: float | None, xy_px: tuple[float, float]) -> None:
        """Hand over a cursor position. Callable from any thread; ignored while the source is not open.

        Args:
            t_s: session time in s, now when None.
            xy_px: screen px, origin top left.
        """
        if self._is_open:
            self._pushed.put((self._clock.now_s() if t_s is None else t_s, float(xy_px[0]), float(xy_px[1])))

    def read(self, timeout_s: float) -> GazeChunk:
        """Return the positions pushed since the last read, waiting up to ``timeout_s`` for one.

        After a wait in vain the last position is repeated; a read that does not wait never repeats.

        Raises:
            SourceLost: the source is not open.
        """
        if not self._is_open:
            raise SourceLost(
                "The mouse source is not open.",
                "No cursor position will come.",
                "Open it before reading.",
            )
        rows = self._drain() or self._waited(timeout_s)
        if not rows:
            return GazeChunk.empty(2)
        self._last_xy_px = rows[-1][1:]
        return _chunk(rows)

    def offset_s(self) -> float:
        """Return 0: cursor positions carry session time."""
        return 0.0

    def link(self) -> Link:
        """Return the one connection there is."""
        return Link()

    def news(self) -> list[SourceEvent]:
        """Return nothing: nothing is noticed here."""
        return []

    def close(self) -> None:
        """Stop taking positions. Idempotent."""
        self._is_open = False

    def _waited(self, timeout_s: float) -> list[tuple[float, float, float]]:
        if timeout_s <= 0:
            return []
        try:
            return [self._pushed.get(timeout=timeout_s), *self._drain()]
        except queue.Empty:
            return [(self._clock.now_s(), *self._last_xy_px)] if self._last_xy_px else []

    def _drain(self) -> list[tuple[float, float, float]]:
        rows = []
        while True:
            try:
                rows.append(self._pushed.get_nowait())
            except queue.Empty:
                return rows


def _chunk(rows: list[tuple[float, float, float]]) -> GazeChunk:
    columns = np.asarray(rows, dtype=np.float64)
    t_s, xy = columns[:, 0].copy(), columns[:, 1:].copy()
    return GazeChunk(t_s, t_s, xy, np.ones(len(rows), bool), np.full((len(rows), 2), np.nan), xy)
