"""Delays of millions of samples in constant memory, and what a process needs, from Linux."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from protocols.geometry import FloatArray

_BIN_MS = 0.1
_BINS = 100_000


class Delays:
    """A histogram of delays with bins of 0.1 ms, up to ten seconds."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, dtype=np.int64)
        self.max_ms = 0.0

    def add(self, delays_s: FloatArray) -> None:
        """Count delays (n,) in s."""
        if len(delays_s):
            bins = np.clip(delays_s * (1000 / _BIN_MS), 0, _BINS - 1).astype(np.int64)
            np.add.at(self._counts, bins, 1)
            self.max_ms = max(self.max_ms, float(delays_s.max()) * 1000)

    def summary(self) -> dict[str, float]:
        """Return median, 95th and 99th percentile and maximum in ms; NaN when nothing was counted."""
        total = int(self._counts.sum())
        if not total:
            return dict.fromkeys(("p50", "p95", "p99", "max"), float("nan"))
        reached = np.cumsum(self._counts)
        parts = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        marks = {n: float(np.searchsorted(reached, p * total) + 1) * _BIN_MS for n, p in parts.items()}
        return {**marks, "max": self.max_ms}


def memory_mib() -> float:
    """Return the resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20
