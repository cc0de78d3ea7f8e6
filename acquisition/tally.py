"""Keeps the accounts of all connections of one recording."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from acquisition.connection import Connection, Link
from acquisition.expected import Expectation
from acquisition.samples import GazeChunk
from protocols.geometry import FloatArray

_DRIFT_AFTER_S = 60.0


@dataclass(slots=True)
class _Drift:
    """The straight line through a clock's offsets, from running sums."""

    count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    sums: FloatArray = field(default_factory=lambda: np.zeros(4))
    origin_s: float = 0.0

    def add(self, t_s: float, offset_s: float) -> None:
        if not self.count:
            self.first_s, self.origin_s = t_s, offset_s
        x, y = t_s - self.first_s, offset_s - self.origin_s
        self.count, self.last_s = self.count + 1, t_s
        self.sums += (x, y, x * x, x * y)

    def ppm(self) -> float:
        """Return how much faster the source's clock runs than the session's, NaN before a minute is over."""
        if self.count < 3 or self.last_s - self.first_s < _DRIFT_AFTER_S:
            return float("nan")
        x, y, xx, xy = self.sums / self.count
        return -1e6 * float((xy - x * y) / (xx - x * x))


class Tally:
    """Counts received and expected samples per connection."""

    def __init__(self) -> None:
        self.samples = 0
        self._past: list[Connection] = []
        self._link: Link | None = None
        self._first, self._before, self._late = 0, (0, 0), 0
        self._expectation, self._drift = Expectation(), _Drift()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The accounts as of now, in order of time; none before the first sample."""
        return tuple(self._past) if self._link is None else (*self._past, self._account(self._link))

    @property
    def period_s(self) -> float:
        """Measured time from sample to sample on the current connection, NaN with too few."""
        return self._expectation.period_s

    def took(self, chunk: GazeChunk, link: Link) -> bool:
        """Count samples; return whether they are the first of a connection."""
        new = self._link is None or link.number != self._link.number
        if new:
            if self._link is not None:
                self._past.append(self._account(self._link))
            self._begin()
        self._link = link
        self._expectation.add(chunk.t_source_s)
        self.samples += len(chunk)
        return new

    def offset(self, t_s: float, offset_s: float) -> None:
        """Take an estimate of the current connection's clock offset."""
        self._drift.add(t_s, offset_s)

    def forget_clock(self) -> None:
        """Start measuring period, losses and drift anew, because the source's clock was set."""
        received, expected = self._expectation.received, self._expectation.expected
        self._before = (self._before[0] + received, self._before[1] + expected)
        self._late += self._expectation.late
        self._expectation, self._drift = Expectation(), _Drift()

    def _begin(self) -> None:
        self._first, self._before, self._late = self.samples, (0, 0), 0
        self._expectation, self._drift = Expectation(), _Drift()

    def _account(self, link: Link) -> Connection:
        counted = self._expectation
        return Connection(
            link=link,
            first_sample=self._first,
            received=self._before[0] + counted.received,
            expected=self._before[1] + counted.expected,
            late=self._late + counted.late,
            period_s=counted.period_s,
            drift_ppm=self._drift.ppm(),
        )
