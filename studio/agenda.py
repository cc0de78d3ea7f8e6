"""What is due when in a running session."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.trial_events import Continue, Event, TimedOut


class Agenda:
    """Remembers the moments at which something happens by itself, session clock in s; None for never.

    Attributes:
        timer_s: the runner's timer.
        read_s: a message counts as read.
        end_s: the session ends, because it was to last so long.
    """

    def __init__(self) -> None:
        self.timer_s: float | None = None
        self.read_s: float | None = None
        self.end_s: float | None = None

    def soonest_s(self, at_most_s: float) -> float:
        """Return when the next thing is due, or ``at_most_s`` when that is earlier."""
        return min([at_most_s, *(t for t in (self.timer_s, self.read_s, self.end_s) if t is not None)])

    def over(self, now_s: float) -> bool:
        """Whether the session has lasted as long as it was to."""
        return self.end_s is not None and now_s >= self.end_s

    def due(self, now_s: float) -> Iterator[Event]:
        """Yield what is due, each once; what follows from one may change what comes next."""
        if self.timer_s is not None and now_s >= self.timer_s:
            self.timer_s = None
            yield TimedOut()
        if self.read_s is not None and now_s >= self.read_s:
            self.read_s = None
            yield Continue()
