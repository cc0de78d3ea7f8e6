"""When a source has gone quiet."""

from __future__ import annotations

from dataclasses import dataclass

STALLED_S = 2.0
_LATE_S = 0.25
_LATE_PERIODS = 15


def late_s(nominal_hz: float) -> float:
    """Return how long without a sample is worth a warning, in s, at a claimed rate in Hz (0 for unknown)."""
    return max(_LATE_S, _LATE_PERIODS / nominal_hz) if nominal_hz > 0 else _LATE_S


@dataclass(frozen=True, slots=True)
class Change:
    """A source went quiet, or came back.

    Attributes:
        stalled: True when it went quiet.
        silent_s: for how long it has sent, or had sent, nothing.
    """

    stalled: bool
    silent_s: float


class StallWatch:
    """Notices that a source sends nothing for STALLED_S, and that it sends again.

    Args:
        now_s: session time at which watching starts.
    """

    def __init__(self, now_s: float) -> None:
        self.heard_s = now_s
        self.stalled = False

    def update(self, now_s: float, samples: int) -> Change | None:
        """Take note of a read that returned ``samples``; return what has changed by it."""
        silent_s = now_s - self.heard_s
        if samples:
            self.heard_s = now_s
            change = Change(stalled=False, silent_s=silent_s) if self.stalled else None
            self.stalled = False
            return change
        if self.stalled or silent_s < STALLED_S:
            return None
        self.stalled = True
        return Change(stalled=True, silent_s=silent_s)
