"""The session clock: steady seconds that LSL, markers and the display share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from acquisition.liblsl import load_pylsl
from protocols.errors import SetupError


class Clock(Protocol):
    """Anything that tells session time."""

    def now_s(self) -> float:
        """Return session time in s; it never steps back."""
        ...


class SteadyClock:
    """The clock that stamps LSL samples on this computer.

    It counts from an arbitrary start, usually the last boot. Without liblsl it is the monotonic system clock,
    which on Linux is the same clock.
    """

    def __init__(self) -> None:
        self._read = _steady()

    def now_s(self) -> float:
        """Return session time in s."""
        return float(self._read())


class FakeClock:
    """A clock for tests and simulations that moves only when told to."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s

    def now_s(self) -> float:
        """Return session time in s."""
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Move forward.

        Raises:
            ValueError: for a negative step; session time never steps back.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} s")
        self._now_s += seconds


def unix_pair(clock: Clock) -> tuple[float, float]:
    """Read both clocks at one moment.

    Returns:
        Session time and Unix time in s; the session time is the middle of the tightest of a few readings.
    """
    readings = []
    for _ in range(5):
        before, unix, after = clock.now_s(), time.time(), clock.now_s()
        readings.append((after - before, (before + after) / 2, unix))
    _, clock_s, unix_s = min(readings)
    return clock_s, unix_s


def _steady() -> Callable[[], float]:
    try:
        read: Callable[[], float] = load_pylsl().local_clock
    except SetupError:
        return time.monotonic
    return read
