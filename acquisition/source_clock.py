"""From a device's own stamps to session time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from acquisition.connection import ClockKind
from protocols.geometry import FloatArray

PLAUSIBLE_S = 5.0
JUMP_S = 0.5  # a smaller step of the device's clock cannot be told from delay
_CONFIRMED_S = 0.3
_WINDOW_S = 30.0
_SLEW = 0.05  # s of correction per s of samples
_DAY_S = 86_400.0

METHODS: dict[bool, str] = {
    False: "LSL's measured clock offset",
    True: "the least delay between stamp and arrival within half a minute",
}


class SourceClock:
    """The offset that turns stamps of one connection into session time.

    LSL measures the offset between two computers. Some tools stamp with a clock that LSL knows nothing of
    (Unix time, the device's own); then the only evidence is arrival, and the smallest delay between stamp and
    arrival within the last half minute is taken as the offset.

    A better estimate is approached gradually, so that times of successive samples never run backwards. Only a
    jump of the device's clock is followed at once.

    Args:
        opened_s: session time before which no sample of the connection can have been measured.
        measured_s: the offset LSL measured, in s.
        unix: tells Unix time in s.
    """

    def __init__(self, opened_s: float, measured_s: float, unix: Callable[[], float] = time.time) -> None:
        self._opened_s, self.measured_s, self._unix = opened_s, measured_s, unix
        self.kind: ClockKind = "lsl"
        self._judged = False
        self._delays: deque[tuple[float, float]] = deque()
        self._newest_s = float("-inf")
        self._applied_s = float("nan")
        self._behind: tuple[float, float] | None = None
        self._jump_s = 0.0

    @property
    def foreign(self) -> bool:
        """Whether LSL cannot relate the clock to the session's."""
        return self.kind != "lsl"

    @property
    def method(self) -> str:
        """How the offset is found, in words."""
        return METHODS[self.foreign]

    @property
    def offset_s(self) -> float:
        """Seconds to add to a stamp for session time."""
        return self._delays[0][1] if self._delays else self.measured_s

    def measured(self, offset_s: float) -> None:
        """Take a newer measurement of LSL's."""
        self.measured_s = offset_s

    def take_jump(self) -> float:
        """Return by how many s the device's clock has jumped since this was asked last, 0 for none."""
        jumped_s, self._jump_s = self._jump_s, 0.0
        return jumped_s

    def to_session(self, t_source_s: FloatArray, now_s: float) -> FloatArray:
        """Return session times (n,) of stamps (n,) that arrived by ``now_s``; n >= 1."""
        latest_s = float(t_source_s.max())
        if not self._judged:
            self._judged = True
            self._judge(latest_s, now_s, self._foreign_at_first)
        elif self._has_jumped(float(t_source_s[0]), latest_s, now_s):
            self._judge(latest_s, now_s, self._foreign_after_a_jump)
        if self.foreign:
            self._note_delay(now_s, now_s - latest_s)
        return self._mapped(t_source_s, latest_s)

    def _judge(self, latest_s: float, now_s: float, foreign: Callable[[float, float], bool]) -> None:
        self._delays.clear()
        self._applied_s, self._newest_s, self._behind = float("nan"), float("-inf"), None
        if not foreign(latest_s + self.measured_s, now_s):
            self.kind = "lsl"
        else:
            self.kind = "unix" if abs(latest_s - self._unix()) < _DAY_S else "device"

    def _foreign_at_first(self, t_s: float, now_s: float) -> bool:
        return t_s > now_s + JUMP_S or t_s < self._opened_s - PLAUSIBLE_S

    def _foreign_after_a_jump(self, t_s: float, now_s: float) -> bool:
        return abs(t_s - now_s) > JUMP_S

    def _has_jumped(self, first_s: float, latest_s: float, now_s: float) -> bool:
        """Tell whether stamps and arrival have parted for good.

        Stamps in the future are sure. Stamps that step back may be old samples that come late: those catch
        up, a clock that was set back does not.
        """
        behind_s = now_s - (latest_s + self.offset_s)
        if behind_s < -JUMP_S:
            self._jump_s = -behind_s
            return True
        if self._behind is None:
            if first_s < self._newest_s - JUMP_S and behind_s > JUMP_S:
                self._behind = (now_s, behind_s)
            return False
        since_s, at_first_s = self._behind
        if behind_s < 0.8 * at_first_s:
            self._behind = None
        elif now_s - since_s >= _CONFIRMED_S:
            self._jump_s = -behind_s
            return True
        return False

    def _note_delay(self, now_s: float, delay_s: float) -> None:
        """Keep the delays that are or may become the smallest of the window, smallest first."""
        while self._delays and self._delays[-1][1] >= delay_s:
            self._delays.pop()
        self._delays.append((now_s, delay_s))
        while self._delays[0][0] < now_s - _WINDOW_S:
            self._delays.popleft()

    def _mapped(self, t_source_s: FloatArray, latest_s: float) -> FloatArray:
        if np.isnan(self._applied_s) or abs(self.offset_s - self._applied_s) > JUMP_S:
            self._applied_s = self.offset_s
        wanted_s = self.offset_s - self._applied_s
        since_s = np.maximum(t_source_s - self._newest_s, 0.0)
        offsets_s = self._applied_s + np.sign(wanted_s) * np.minimum(abs(wanted_s), _SLEW * since_s)
        if latest_s > self._newest_s:
            self._newest_s = latest_s
            self._applied_s = float(offsets_s[int(np.argmax(t_source_s))])
        return np.asarray(t_source_s + offsets_s, dtype=np.float64)
