"""How long the rest of many alike pieces of work will take."""

from __future__ import annotations

import time


class Clock:
    """Says how long the rest will take: as long per piece as those before.

    Args:
        waiting: pieces that are not done yet.
    """

    def __init__(self, waiting: int) -> None:
        self._waiting, self._done = waiting, 0
        self._started = time.monotonic()

    def left(self) -> str:
        """Count a finished piece and return the time left in words."""
        self._done += 1
        seconds = (time.monotonic() - self._started) / self._done * (self._waiting - self._done)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"
