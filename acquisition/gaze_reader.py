"""The thread that reads a source and does nothing else that could block."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from acquisition.clock import Clock
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource
from acquisition.source_event import SourceEvent
from acquisition.stall import Change, StallWatch
from protocols.errors import SourceLost

log = logging.getLogger(__name__)

_READ_S = 0.02
_DRAIN_S = 2.0
_JOIN_S = 15.0


class LiveView(Protocol):
    """Whoever wants to see samples as they arrive, for example a LiveBuffer."""

    def append(self, chunk: GazeChunk) -> None:
        """Take new samples."""
        ...


class GazeReader:
    """Reads an open source until it is stopped or the source is lost.

    Args:
        source: open.
        clock: session clock.
        told: called with what the source has noticed, before the chunk it was noticed with.
        took: called with every non-empty chunk.
        changed: called when the source goes quiet or comes back.
        ended: called once when no further sample will come, with the reason; not called by ``stop``.
        live: shown every chunk after ``took``; when it fails it is left out from then on.
    """

    def __init__(
        self,
        source: GazeSource,
        clock: Clock,
        told: Callable[[SourceEvent], None],
        took: Callable[[GazeChunk], None],
        changed: Callable[[Change], None],
        ended: Callable[[Exception], None],
        live: LiveView | None = None,
    ) -> None:
        self._source, self._clock = source, clock
        self._told, self._took, self._changed, self._ended = told, took, changed, ended
        self._live = live
        self._stopping = threading.Event()
        self._stall = StallWatch(clock.now_s())
        self._thread = threading.Thread(target=self._run, name="gaze-read", daemon=True)
        self.live_failure: Exception | None = None

    @property
    def silent_s(self) -> float:
        """Seconds since the last sample arrived."""
        return self._clock.now_s() - self._stall.heard_s

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> bool:
        """Take what the source still holds and end the thread; return whether it ended."""
        self._stopping.set()
        if self._thread.ident is None:
            return True
        self._thread.join(_JOIN_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._read(_READ_S)
            self._drain()
        except SourceLost as lost:
            self._ended(lost)
        except Exception as error:
            log.exception("reading failed")
            self._ended(error)

    def _read(self, timeout_s: float) -> int:
        chunk = self._source.read(timeout_s)
        for event in self._source.news():
            self._told(event)
        if len(chunk):
            self._took(chunk)
            self._show(chunk)
        change = self._stall.update(self._clock.now_s(), len(chunk))
        if change is not None:
            self._changed(change)
        return len(chunk)

    def _drain(self) -> None:
        """Read until nothing is left; a live source never runs dry for sure, so not for ever."""
        deadline = time.monotonic() + _DRAIN_S
        while self._read(0.0) and time.monotonic() < deadline:
            pass

    def _show(self, chunk: GazeChunk) -> None:
        if self._live is None:
            return
        try:
            self._live.append(chunk)
        except Exception as error:
            log.exception("the live view failed and is left out from here on")
            self.live_failure, self._live = error, None
