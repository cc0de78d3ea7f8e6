"""Recording: raw first, whatever else fails."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from acquisition.clock import Clock, SteadyClock
from acquisition.gaze_reader import GazeReader, LiveView
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.sink_writer import Entry, SinkWriter
from acquisition.source import GazeSource, SampleSink
from acquisition.stall import Change, late_s
from protocols.errors import SourceLost
from protocols.markers import Code, Marker
from protocols.stimulus import Viewport

log = logging.getLogger(__name__)

_OFFSET_EVERY_S = 5.0
_FLUSHED_AT_ONCE = frozenset({Code.TRIAL_END, Code.SESSION_END, Code.ABORT})


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How a recording is doing at this moment.

    Attributes:
        samples: read so far.
        backlog: entries read and not yet written.
        silent_s: seconds since the last sample.
        late: the source is quieter than its rate allows.
        ended: no further sample will come.
        failure: why writing or reading failed, empty when it did not.
        live_failure: why the live view failed, empty when it did not.
    """

    samples: int
    backlog: int
    silent_s: float
    late: bool
    ended: bool
    failure: str
    live_failure: str


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """How a recording went.

    Attributes:
        samples: gaze samples read.
        markers: markers written, those of the recorder included.
        stalls: how often the source went quiet for two seconds or more.
        first_t_s: session time of the first sample in s, NaN without samples.
        last_t_s: of the last one.
        unwritten: entries that did not reach the sink.
        lost: why the source ended, empty when the recording was stopped.
        failure: why writing or reading failed, empty when it did not.
    """

    samples: int
    markers: int
    stalls: int
    first_t_s: float
    last_t_s: float
    unwritten: int
    lost: str
    failure: str


class Recorder:
    """Moves samples from an open source to a sink, in two threads, and everything else beside them.

    ``mark``, ``viewport`` and ``cursor`` may be called from any thread and return at once. When the sink
    fails, reading goes on and entries stay in memory: see ``failure`` and ``rescue_into``.

    Args:
        source: open; ``stop`` closes it.
        sink: ready to append; ``stop`` closes it.
        live: shown every chunk once it is on its way to the sink.
        clock: session clock.
    """

    def __init__(
        self, source: GazeSource, sink: SampleSink, live: LiveView | None = None, clock: Clock | None = None
    ) -> None:
        self._source, self._sink = source, sink
        self._clock = clock or SteadyClock()
        self._writer = SinkWriter(sink)
        self._reader = GazeReader(source, self._clock, self._took, self._changed, self._lost_source, live)
        self._late_s = late_s(source.info.nominal_hz)
        self._ended = threading.Event()
        self._counting = threading.Lock()
        self._samples = self._markers = self._stalls = 0
        self._first_t_s = self._last_t_s = float("nan")
        self._offset_due_s = float("-inf")
        self._lost, self._failure = "", ""
        self._report: RecorderReport | None = None

    @property
    def failure(self) -> Exception | None:
        """Why writing failed, None while it works."""
        return self._writer.failure

    def start(self) -> None:
        """Start both threads."""
        self._writer.start()
        self._reader.start()

    def mark(self, marker: Marker) -> None:
        """Record a marker; the end of a trial is made crash-proof at once."""
        with self._counting:
            self._markers += 1
        self._writer.put(Entry(lambda sink: sink.marker(marker), flush=marker.code in _FLUSHED_AT_ONCE))

    def viewport(self, t_s: float, screen_id: str, viewport: Viewport, page: str) -> None:
        """Record that from ``t_s`` on the page with digest ``page`` is shown."""
        self._writer.put(Entry(lambda sink: sink.viewport(t_s, screen_id, viewport, page)))

    def cursor(self, chunk: CursorChunk) -> None:
        """Record cursor samples."""
        self._writer.put(Entry(lambda sink: sink.cursor(chunk)))

    def put(self, entry: Entry) -> None:
        """Have anything else written in the recorder's thread, in order with the samples."""
        self._writer.put(entry)

    def status(self) -> RecorderStatus:
        """Return how the recording is doing; cheap enough for every frame."""
        silent_s = self._reader.silent_s
        return RecorderStatus(
            samples=self._samples,
            backlog=self._writer.backlog,
            silent_s=silent_s,
            late=silent_s > self._late_s,
            ended=self._ended.is_set(),
            failure=self._failure or _told(self._writer.failure),
            live_failure=_told(self._reader.live_failure),
        )

    def wait_until_ended(self, timeout_s: float) -> bool:
        """Wait until no further sample will come; return whether that is so."""
        return self._ended.wait(timeout_s)

    def stop(self, reason: str = "complete") -> RecorderReport:
        """Take what the source still holds, write everything, close source and sink.

        Idempotent. After a failure the sink is closed as ``aborted``.

        Args:
            reason: ``complete`` or ``aborted``.
        """
        if self._report is None:
            if not self._reader.stop():
                self._failure = "the source did not return from reading"
            self._source.close()
            self._writer.stop()
            self._close_sink(reason)
            self._report = self._summary()
        return self._report

    def rescue_into(self, sink: SampleSink) -> int:
        """After ``stop``, write what a failed sink did not take into another one; return how many entries."""
        return self._writer.drain_into(sink)

    def _took(self, chunk: GazeChunk) -> None:
        self._writer.put(Entry(lambda sink: sink.gaze(chunk)))
        if not self._samples:
            self._first_t_s = float(chunk.t_s[0])
        self._samples += len(chunk)
        self._last_t_s = float(chunk.t_s[-1])
        now_s = self._clock.now_s()
        if now_s >= self._offset_due_s:
            self._offset_due_s = now_s + _OFFSET_EVERY_S
            offset_s = self._source.offset_s()
            self._writer.put(Entry(lambda sink: sink.offset(now_s, offset_s)))

    def _changed(self, change: Change) -> None:
        self._stalls += change.stalled
        code = Code.SOURCE_STALLED if change.stalled else Code.SOURCE_RESUMED
        log.warning("source %s after %.1f s without a sample", code.value, change.silent_s)
        self._mark_source(code, {"silent_s": round(change.silent_s, 3)})

    def _lost_source(self, why: Exception) -> None:
        if isinstance(why, SourceLost):
            self._lost = str(why)
        else:
            self._failure = f"reading failed: {why}"
        self._mark_source(
            Code.SOURCE_STALLED, {"silent_s": round(self._reader.silent_s, 3), "lost": str(why)}
        )
        self._ended.set()

    def _mark_source(self, code: Code, payload: dict[str, object]) -> None:
        self.mark(Marker(self._clock.now_s(), code, payload=payload))

    def _close_sink(self, reason: str) -> None:
        try:
            self._sink.close(reason if self._writer.failure is None else "aborted")
        except Exception as error:
            log.exception("the sink did not close")
            self._failure = self._failure or f"closing failed: {error}"

    def _summary(self) -> RecorderReport:
        return RecorderReport(
            samples=self._samples,
            markers=self._markers,
            stalls=self._stalls,
            first_t_s=self._first_t_s,
            last_t_s=self._last_t_s,
            unwritten=self._writer.backlog,
            lost=self._lost,
            failure=self._failure or _told(self._writer.failure),
        )


def _told(error: Exception | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"
