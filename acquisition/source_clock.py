"""From a device's own stamps to session time."""

from __future__ import annotations

import logging
from collections import deque

import numpy as np

from protocols.geometry import FloatArray

log = logging.getLogger(__name__)

_PLAUSIBLE_S = 5.0
_WINDOW_S = 30.0


class SourceClock:
    """The offset that turns stamps of a stream into session time.

    LSL measures the offset between two computers. Some tools stamp with a clock that LSL knows nothing of
    (Unix time, the device's own); then the only evidence is arrival. The smallest delay between stamp and
    arrival within the last half minute is taken as the offset, which leaves the transmission time in it.

    Args:
        opened_s: session time at which the stream was opened; no sample can be much older.
        measured_s: the offset LSL measured, in s.
    """

    def __init__(self, opened_s: float, measured_s: float) -> None:
        self._opened_s = opened_s
        self._measured_s = measured_s
        self._judged = False
        self.foreign = False
        self._delays: deque[tuple[float, float]] = deque()

    @property
    def offset_s(self) -> float:
        """Seconds to add to a stamp for session time."""
        return min(delay for _, delay in self._delays) if self.foreign else self._measured_s

    def measured(self, offset_s: float) -> None:
        """Take a newer measurement of LSL's."""
        self._measured_s = offset_s

    def to_session(self, t_source_s: FloatArray, now_s: float) -> FloatArray:
        """Return session times (n,) of stamps (n,) that arrived by ``now_s``; n >= 1."""
        if not self._judged:
            self._judge(float(t_source_s[-1]), now_s)
        if self.foreign:
            self._note_delay(now_s, now_s - float(t_source_s.max()))
        return np.asarray(t_source_s + self.offset_s, dtype=np.float64)

    def _judge(self, stamp_s: float, now_s: float) -> None:
        t_s = stamp_s + self._measured_s
        self._judged = True
        self.foreign = t_s > now_s + _PLAUSIBLE_S or t_s < self._opened_s - _PLAUSIBLE_S
        if self.foreign:
            log.warning(
                "The stream stamps with a foreign clock (%.1f s from the session's); times now come from the "
                "arrival of samples and are late by the transmission time.",
                t_s - now_s,
            )

    def _note_delay(self, now_s: float, delay_s: float) -> None:
        self._delays.append((now_s, delay_s))
        while self._delays[0][0] < now_s - _WINDOW_S:
            self._delays.popleft()
