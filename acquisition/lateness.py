"""Samples that arrive long after their stamp, as when a network recovers or a program was suspended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray

LATE_S = 1.0  # the first samples after connecting take half a second
_TOLD_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Samples that came late, one after the other.

    Attributes:
        samples: how many.
        late_s: the longest time between stamp and arrival, in s.
        lasting: it was still going on when it was told.
    """

    samples: int
    late_s: float
    lasting: bool


class LateWatch:
    """Notices bursts of late samples."""

    def __init__(self) -> None:
        self._samples, self._late_s, self._since_s = 0, 0.0, 0.0
        self._told = False

    def update(self, t_s: FloatArray, now_s: float) -> Burst | None:
        """Take session times (n,) of samples that arrived by ``now_s``; return a burst once it is over.

        One that goes on for five seconds is told then, and no more until it is over.
        """
        late_s = now_s - t_s
        late = late_s > LATE_S
        if late.any():
            if not self._samples:
                self._since_s = now_s
            self._samples += int(np.count_nonzero(late))
            self._late_s = max(self._late_s, float(late_s.max()))
        if not self._samples:
            return None
        over = not late[int(np.argmax(t_s))]
        lasting = not over and now_s - self._since_s >= _TOLD_AFTER_S and not self._told
        burst = Burst(self._samples, self._late_s, lasting) if lasting or (over and not self._told) else None
        self._told = lasting or (self._told and not over)
        if over:
            self._samples, self._late_s = 0, 0.0
        return burst
