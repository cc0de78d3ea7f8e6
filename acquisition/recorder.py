"""Recording: raw first, whatever else fails."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from acquisition.clock import Clock, SteadyClock
from acquisition.connection import Connection
from acquisition.event_words import ended, quiet, writing_late, writing_resumed
from acquisition.gaze_reader import GazeReader, LiveView
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.sink_writer import Entry, SinkWriter
from acquisition.source import GazeSource, SampleSink
from acquisition.source_event import SourceEvent
from acquisition.stall import STALLED_S, Change, late_s
from acquisition.tally import Tally
from protocols.errors import SourceLost
from protocols.markers import Code, Marker
from protocols.stimulus import Viewport

log = logging.getLogger(__name__)

_ACCOUNT_EVERY_S = 5.0
_UNSAVED_S = 5.0
_EVENTS_SHOWN = 50
_FLUSHED_AT_ONCE = frozenset({Code.TRIAL_END, Code.SESSION_END, Code.ABORT})


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How a recording is doing at this moment.

    Attributes:
        samples: read so far.
        backlog: entries read and not yet written.
        silent_s: seconds since the last sample.
        late: the source is quieter than its rate allows.
        stalled: it has sent nothing for two seconds or more.
        gone: it has left the network and is not back.
        unsaved_s: seconds since everything written was made crash-proof; below a second while all is well.
        lost: samples that should have come and did not, over all connections.
        events: the last things worth telling, the oldest first.
        ended: no further sample will come.
        failure: why writing or reading failed, empty when it did not.
        live_failure: why the live view failed, empty when it did not.
    """

    samples: int
    backlog: int
    silent_s: float
    late: bool
    stalled: bool
    gone: bool
    unsaved_s: float
    lost: int
    events: tuple[SourceEvent, ...]
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
        connections: what came over each connection to the source, in order of time.
        events: the last things worth telling, the oldest first.
    """

    samples: int
    markers: int
    stalls: int
    first_t_s: float
    last_t_s: float
    unwritten: int
    lost: str
    failure: str
    connections: tuple[Connection, ...] = ()
    events: tuple[SourceEvent, ...] = ()

    @property
    def lost_samples(self) -> int:
        """Samples that should have come and did not, over all connections."""
        return sum(connection.lost for connection in self.connections)


class Recorder:
    """Moves samples from an open source to a sink, in two threads, and everything else beside them.

    ``mark``, ``viewport`` and ``cursor`` may be called from any thread and return at once. When the sink
    fails, reading goes on and ``failure`` says why.

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
        self._reader = GazeReader(
            source, self._clock, self._told, self._took, self._changed, self._lost_source, live
        )
        self._nominal_hz = source.info.nominal_hz
        self._tally = Tally()
        self._events: deque[SourceEvent] = deque(maxlen=_EVENTS_SHOWN)
        self._behind = self._gone = self._returned = False
        self._ended = threading.Event()
        self._counting = threading.Lock()
        self._markers = self._stalls = 0
        self._first_t_s = self._last_t_s = float("nan")
        self._account_due_s = float("-inf")
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
        silent_s, period_s = self._reader.silent_s, self._tally.period_s
        return RecorderStatus(
            samples=self._tally.samples,
            backlog=self._writer.backlog,
            silent_s=silent_s,
            late=silent_s > late_s(1 / period_s if period_s > 0 else self._nominal_hz),
            stalled=silent_s >= STALLED_S,
            gone=self._gone,
            unsaved_s=self._writer.unsaved_s,
            lost=sum(connection.lost for connection in self._tally.connections),
            events=tuple(self._events),
            ended=self._ended.is_set(),
            failure=self._failure or _said(self._writer.failure),
            live_failure=_said(self._reader.live_failure),
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
            if self._tally.samples:
                self._keep_account(self._clock.now_s(), self._source.offset_s())
            self._source.close()
            self._writer.stop()
            self._close_sink(reason)
            self._report = self._summary()
        return self._report

    def _told(self, event: SourceEvent) -> None:
        # Known before it is said: whoever hears it may end the session at once.
        self._gone = self._gone or event.code is Code.SOURCE_LOST
        self._returned = self._returned or event.code is Code.SOURCE_RECONNECTED
        self._events.append(event)
        self.mark(event.marker())
        log.warning("%s", event.words)
        if event.code is Code.CLOCK_JUMPED:
            self._tally.forget_clock()

    def _took(self, chunk: GazeChunk) -> None:
        self._writer.put(Entry(lambda sink: sink.gaze(chunk)))
        self._gone = False
        if not self._tally.samples:
            self._first_t_s = float(chunk.t_s[0])
        self._last_t_s = float(chunk.t_s[-1])
        new = self._tally.took(chunk, self._source.link())
        now_s = self._clock.now_s()
        if new or now_s >= self._account_due_s:
            self._account_due_s = now_s + _ACCOUNT_EVERY_S
            self._keep_account(now_s, self._source.offset_s())
        self._watch_writing(now_s)

    def _keep_account(self, now_s: float, offset_s: float) -> None:
        """Keep the clock offset as of now, and the accounts of this connection and the one before."""
        self._tally.offset(now_s, offset_s)
        self._writer.put(Entry(lambda sink: sink.offset(now_s, offset_s)))
        self._keep(self._tally.connections[-2:])

    def _keep(self, connections: tuple[Connection, ...]) -> None:
        def write(sink: SampleSink) -> None:
            for connection in connections:
                sink.connection(connection)

        self._writer.put(Entry(write))

    def _watch_writing(self, now_s: float) -> None:
        """Notice that samples come but do not reach the disk, whatever the reason."""
        unsaved_s = self._writer.unsaved_s
        refusal = self._writer.refusal
        if not self._behind and (unsaved_s > _UNSAVED_S or refusal):
            self._behind = True
            self._told(writing_late(now_s, unsaved_s, self._writer.backlog, refusal))
        elif self._behind and not refusal and unsaved_s < _UNSAVED_S / 5:
            self._behind = False
            self._told(writing_resumed(now_s))

    def _changed(self, change: Change) -> None:
        self._stalls += change.stalled
        event = quiet(self._clock.now_s(), self._source.info.name, change)
        if self._returned and not change.stalled:  # that it is back has been said
            self.mark(event.marker())
        else:
            self._told(event)
        self._returned = False

    def _lost_source(self, why: Exception) -> None:
        if isinstance(why, SourceLost):
            self._lost = str(why)
        else:
            self._failure = f"reading failed: {why}"
        self._told(ended(self._clock.now_s(), self._reader.silent_s, why))
        self._ended.set()

    def _close_sink(self, reason: str) -> None:
        try:
            self._sink.close(reason if self._writer.failure is None else "aborted")
        except Exception as error:
            log.exception("the sink did not close")
            self._failure = self._failure or f"closing failed: {error}"

    def _summary(self) -> RecorderReport:
        return RecorderReport(
            samples=self._tally.samples,
            markers=self._markers,
            stalls=self._stalls,
            first_t_s=self._first_t_s,
            last_t_s=self._last_t_s,
            unwritten=self._writer.backlog,
            lost=self._lost,
            failure=self._failure or _said(self._writer.failure),
            connections=self._tally.connections,
            events=tuple(self._events),
        )


def _said(error: Exception | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"
