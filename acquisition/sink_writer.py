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

    The queue has no bound: at 1 kHz a minute of stalled disk is a few MB, and a dropped sample is gone. When
    the sink fails, writing stops, entries keep queueing, and ``drain_into`` can rescue them.
    """

    def __init__(self, sink: SampleSink) -> None:
        self._sink = sink
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._stuck: Entry | None = None
        self._left: list[Entry] = []
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Queue an entry."""
        self._queue.put(entry)

    @property
    def backlog(self) -> int:
        """How many entries are not written yet."""
        return self._queue.qsize() + len(self._left) + (self._stuck is not None)

    def stop(self) -> None:
        """Write what is queued, flush, and end the thread."""
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        if self._thread.is_alive():
            self.failure = TimeoutError(f"the sink did not finish writing within {_JOIN_S:g} s")
            return
        while not self._queue.empty():
            entry = self._queue.get()
            if entry is not None:
                self._left.append(entry)

    def drain_into(self, sink: SampleSink) -> int:
        """Write everything that the failed sink did not take into another one, after ``stop``.

        The entry at which the sink failed comes again, as it may have been written in part.

        Returns:
            How many entries were written.
        """
        entries = [entry for entry in (self._stuck, *self._left) if entry is not None]
        for entry in entries:
            entry.write(sink)
        self._stuck, self._left = None, []
        sink.flush()
        return len(entries)

    def _run(self) -> None:
        try:
            self._write_until_stopped()
        except Exception as error:
            self.failure = error
            log.exception("writing failed; samples are kept in memory from here on")

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
            self._stuck = entry
            entry.write(self._sink)
            self._stuck = None
            if entry.flush or time.monotonic() >= due_s:
                due_s = self._flush()

    def _flush(self) -> float:
        """Flush and return when the next flush is due."""
        self._sink.flush()
        return time.monotonic() + FLUSH_EVERY_S
