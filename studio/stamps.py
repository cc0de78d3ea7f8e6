"""When things count as having happened: markers of one session in order of time."""

from __future__ import annotations

from collections.abc import Mapping

from acquisition.clock import Clock
from protocols.markers import Code
from studio.journal import Journal


class Stamps:
    """Writes markers whose times never go back. Belongs to the conductor's thread.

    Args:
        clock: session clock.
        journal: written to.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock, self._journal = clock, journal
        self.last_s = float("-inf")

    def now_s(self) -> float:
        """Return the session time, never before anything already stamped."""
        return max(self._clock.now_s(), self.last_s)

    def of(self, t_s: float | None) -> float:
        """Return when an event counts as having happened: its own time, but not before what it refers to."""
        return self.now_s() if t_s is None else max(t_s, self.last_s)

    def mark(
        self, code: Code, t_s: float, trial: int = -1, payload: Mapping[str, object] | None = None
    ) -> None:
        """Write a marker."""
        self.last_s = max(self.last_s, t_s)
        self._journal.mark(t_s, code, trial, payload)
