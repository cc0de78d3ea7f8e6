"""A look at a source before anything is recorded: rate, losses, clock, and where gaze is now."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from acquisition.clock import Clock
from acquisition.connection import CLOCKS, Connection
from acquisition.gaze_reader import GazeReader
from acquisition.live import LiveBuffer
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource, SourceInfo
from acquisition.source_event import SourceEvent
from acquisition.stall import Change
from acquisition.tally import Tally

RECENT_S = 2.0
_NEWS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """How a source does.

    Attributes:
        info: the source.
        recent: samples of the last two seconds, in order of time.
        account: of the connection, None before its first sample.
        silent_s: since the last sample, in s.
        news: what was noticed, in words, the newest last.
        ended: why no further sample will come, empty while some may.
    """

    info: SourceInfo
    recent: GazeChunk
    account: Connection | None
    silent_s: float
    news: tuple[str, ...] = ()
    ended: str = ""

    @property
    def measured_hz(self) -> float:
        """Samples per s by their stamps, NaN with too few."""
        return 1.0 / self.account.period_s if self.account is not None else float("nan")

    @property
    def lost_share(self) -> float:
        """Share of the expected samples that did not come, NaN with too few to tell."""
        account = self.account
        if account is None or np.isnan(account.period_s) or not account.expected:
            return float("nan")
        return account.lost / account.expected

    @property
    def valid_share(self) -> float:
        """Share of the recent samples in which gaze was found, NaN without samples."""
        return float(self.recent.valid.mean()) if len(self.recent) else float("nan")

    @property
    def clock(self) -> str:
        """Whose clock stamps the samples and how it goes, in words; empty before the first sample."""
        if self.account is None:
            return ""
        link, drift_ppm = self.account.link, self.account.drift_ppm
        if link.clock == "session":
            return CLOCKS["session"]
        drift = "drift not known before a minute is over"
        if not np.isnan(drift_ppm):
            drift = f"drifts by {drift_ppm:.1f} ppm ({abs(drift_ppm) * 3.6:.1f} ms an hour)"
        apart = f"{1000 * link.offset_s:.2f} ms" if abs(link.offset_s) < 1 else f"{link.offset_s:,.1f} s"
        return f"{CLOCKS[link.clock]}, {apart} apart, {drift}"


class Preview:
    """Reads a source in a thread of its own until it is closed.

    Args:
        source: not open yet.
        clock: session clock.
    """

    def __init__(self, source: GazeSource, clock: Clock) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._tally = Tally()
        self._news: deque[str] = deque(maxlen=_NEWS)
        self._ended = ""
        self._live = LiveBuffer(RECENT_S)
        self._reader = GazeReader(
            source, clock, self._told, self._took, self._changed, self._ends, self._live
        )

    def open(self) -> None:
        """Connect and begin to read; may take seconds.

        Raises:
            SourceError: it cannot be opened.
        """
        try:
            self._source.open()
        except BaseException:
            self._source.close()
            raise
        self._reader.start()

    def glance(self) -> Glance:
        """Return how the source does now; from any thread, never waits for samples."""
        with self._lock:
            accounts, news, ended = self._tally.connections, tuple(self._news), self._ended
        account = accounts[-1] if accounts else None
        recent = self._live.snapshot(RECENT_S)
        return Glance(self._source.info, recent, account, self._reader.silent_s, news, ended)

    def close(self) -> None:
        """Stop reading and disconnect; takes a moment. Idempotent."""
        self._reader.stop()
        self._source.close()

    def _told(self, event: SourceEvent) -> None:
        with self._lock:
            self._news.append(event.words)

    def _took(self, chunk: GazeChunk) -> None:
        with self._lock:
            self._tally.took(chunk, self._source.link())
            self._tally.offset(float(chunk.t_s[-1]), self._source.offset_s())

    def _changed(self, change: Change) -> None:
        if not change.stalled:  # that nothing comes is seen by ``silent_s``
            with self._lock:
                self._news.append(f"Samples come again, after {change.silent_s:.1f} s without any.")

    def _ends(self, error: Exception) -> None:
        with self._lock:
            self._ended = str(error)
