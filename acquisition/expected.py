"""How many samples should have come, by the rate that is measured and not the one that is claimed."""

from __future__ import annotations

import numpy as np

from protocols.geometry import FloatArray

_WINDOW = 64  # intervals over which missing samples are counted, so that jitter cancels out
_RECENT = 1024  # intervals from which the period is measured
_FEWEST = 8
_MOSTLY = 0.9
_REGULAR = 0.18  # mean distance of intervals from whole periods, in periods; 0.25 when there is no period


class Expectation:
    """Counts received and missing samples of one connection from their stamps, in any chunking.

    Samples are missing where a run of stamps spans more periods than it has intervals. A pause of the source
    counts as missing. A sample older than one before it fills a hole that was counted already.
    """

    def __init__(self) -> None:
        self.received = 0
        self.late = 0
        self._missing = 0
        self._newest_s = float("nan")
        self._recent = np.empty(0)
        self._open = np.empty(0)
        self._period_s = float("nan")

    @property
    def period_s(self) -> float:
        """Measured time from sample to sample in s, NaN with fewer than eight intervals."""
        if np.isnan(self._period_s) and len(self._open) >= _FEWEST:
            return period_of(self._open)
        return self._period_s

    @property
    def expected(self) -> int:
        """Samples that should have come from the first to the last."""
        lost = self._missing + self._missing_in(self._open, self.period_s) - self.late
        return self.received + max(lost, 0)

    def add(self, t_source_s: FloatArray) -> None:
        """Take stamps (n,) in s in order of arrival; n >= 1."""
        self.received += len(t_source_s)
        if np.isnan(self._newest_s):
            self._newest_s = float(t_source_s[0])
            t_source_s = t_source_s[1:]
        before_s = np.maximum.accumulate(np.concatenate([[self._newest_s], t_source_s]))
        self.late += int(np.count_nonzero(t_source_s < before_s[:-1]))
        intervals_s = np.diff(before_s)
        self._newest_s = float(before_s[-1])
        self._open = np.concatenate([self._open, intervals_s[t_source_s > before_s[:-1]]])
        while len(self._open) >= _WINDOW:
            self._close_window()

    def _close_window(self) -> None:
        window, self._open = self._open[:_WINDOW], self._open[_WINDOW:]
        self._recent = np.concatenate([self._recent, window])[-_RECENT:]
        self._period_s = period_of(self._recent)
        self._missing += self._missing_in(window, self._period_s)

    @staticmethod
    def _missing_in(intervals_s: FloatArray, period_s: float) -> int:
        if not len(intervals_s) or np.isnan(period_s):
            return 0
        return max(round(float(intervals_s.sum()) / period_s) - len(intervals_s), 0)


def period_of(intervals_s: FloatArray) -> float:
    """Return the period in s behind positive intervals (n,) of which some span several periods; n >= 1."""
    period_s = float(np.median(intervals_s))
    for _ in range(2):
        periods = np.rint(intervals_s / period_s)
        usable = (periods >= 1) & (periods <= _FEWEST)
        if np.count_nonzero(usable) < _MOSTLY * len(intervals_s):
            return _mean_period(intervals_s)
        period_s = float(intervals_s[usable].sum() / periods[usable].sum())
    off = np.abs(intervals_s[usable] / period_s - periods[usable]).mean()
    return period_s if off <= _REGULAR else _mean_period(intervals_s)


def _mean_period(intervals_s: FloatArray) -> float:
    """Return the period of stamps that jitter by whole periods, as those of polling programs do.

    Only their mean is steady; single missing samples cannot be told from jitter.
    """
    whole = len(intervals_s) // _WINDOW * _WINDOW
    if not whole:
        return float(intervals_s.mean())
    return float(np.median(intervals_s[:whole].reshape(-1, _WINDOW).mean(axis=1)))
