"""The thread that writes a recording, one step behind the thread that reads it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from acquisition.source import SampleSink

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 0.5
_AGAIN_S = 1.0
_PATIENCE_S = 30.0
_JOIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to write.

    Attributes:
        write: puts it into a sink.
        flush: make it crash-proof at once.
    """

    write: Callable[[SampleSink], None]
    flush: bool = False


class SinkWriter:
    """Writes entries to a sink in the order in which they were put, from any thread.

    The queue has no bound: at 1 kHz a minute of stalled disk is a few MB, and a dropped sample is gone. A
    flush that the disk refuses is tried again for half a minute, in which the sink keeps everything; any
    other failure ends the writing.
    """

    def __init__(self, sink: SampleSink) -> None:
        self._sink = sink
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._at_work = False
        self._left = 0
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._saved_s = time.monotonic()
        self.refusal: OSError | None = None
        self.failure: Exception | None = None

    def start(self) -> None:
        """Start writing."""
        self._saved_s = time.monotonic()
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Queue an entry."""
        self._queue.put(entry)

    @property
    def backlog(self) -> int:
        """How many entries are not written yet."""
        return self._queue.qsize() + self._at_work + self._left

    @property
    def unsaved_s(self) -> float:
        """Seconds since everything written so far was made crash-proof; under a second while all is well."""
        return time.monotonic() - self._saved_s

    def stop(self) -> None:
        """Write what is queued, flush, and end the thread."""
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        if self._thread.is_alive():
            self.failure = TimeoutError(f"the sink did not finish writing within {_JOIN_S:g} s")
            return
        while not self._queue.empty():
            self._left += self._queue.get() is not None

    def _run(self) -> None:
        try:
            self._write_until_stopped()
        except Exception as error:
            self.failure = error
            log.exception("writing failed; nothing more is written")

    def _write_until_stopped(self) -> None:
        due_s = time.monotonic() + FLUSH_EVERY_S
        while True:
            try:
                entry = self._queue.get(timeout=max(due_s - time.monotonic(), 0.0))
            except queue.Empty:
                due_s = self._flush()
                continue
            if entry is None:
                self._flush()
                return
            self._at_work = True
            entry.write(self._sink)
            self._at_work = False
            if entry.flush or time.monotonic() >= due_s:
                due_s = self._flush()

    def _flush(self) -> float:
        """Flush and return when the next flush is due."""
        try:
            self._sink.flush()
        except OSError as error:
            if self.refusal is None:
                log.warning("the disk refuses what is recorded (%s); it is asked again", error)
            self.refusal = error
            if self.unsaved_s > _PATIENCE_S:
                raise
            return time.monotonic() + _AGAIN_S
        self.refusal, self._saved_s = None, time.monotonic()
        return self._saved_s + FLUSH_EVERY_S
