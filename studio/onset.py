"""How exact the time of a page is: what a display reports about it. Qt-free."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

UNKNOWN = "stamped when the window was painted and flushed; this platform reports no frames"
REPORTED = "stamped when the window was painted and flushed; next frame as the X server's Present reports it"
UNTOLD = "stamped when the window was painted and flushed; the X server did not report the next frame"


@dataclass(frozen=True, slots=True)
class Onset:
    """One page on the screen.

    Attributes:
        asked_s: session time at which it was asked for, in s.
        t_s: its stamp: the window was painted and flushed.
        frame_s: when the next frame began as reported, None when nothing was reported.
        by: how all this is known.
        refresh_hz: of the display as it claims, 0 when unknown.
    """

    asked_s: float
    t_s: float
    frame_s: float | None
    by: str
    refresh_hz: float = 0.0

    @property
    def error_ms(self) -> float | None:
        """How long after its stamp the first frame with the page began, in ms; None when unknown."""
        return None if self.frame_s is None else 1000.0 * (self.frame_s - self.t_s)

    @property
    def waited_frames(self) -> int | None:
        """Frames that began without the page after it was asked for, beyond the one in progress."""
        if not self.refresh_hz:
            return None
        return max(math.ceil((self.t_s - self.asked_s) * self.refresh_hz) - 1, 0)

    def facts(self) -> dict[str, object]:
        """Return what the marker of the page holds about it; unknown numbers are left out."""
        facts: dict[str, object] = {"onset_by": self.by}
        if self.error_ms is not None:
            facts["onset_error_ms"] = round(self.error_ms, 3)
        if self.waited_frames is not None:
            facts["dropped_frames"] = self.waited_frames
        return facts


@dataclass(slots=True)
class Onsets:
    """All pages of a session."""

    seen: list[Onset] = field(default_factory=list)

    def words(self) -> str:
        """Tell how exact they were, in one sentence."""
        errors_ms = [o.error_ms for o in self.seen if o.error_ms is not None]
        waited = [o.waited_frames for o in self.seen if o.waited_frames is not None]
        dropped = f", {sum(waited)} frames dropped ({max(waited)} at worst)" if waited else ""
        if not errors_ms:
            return f"{len(self.seen)} pages, onset error unknown: {UNKNOWN}{dropped}"
        mean_ms, sd_ms, most_ms = np.mean(errors_ms), np.std(errors_ms), np.max(errors_ms)
        return (
            f"{len(self.seen)} pages, the frame began {mean_ms:.1f} ms after the stamp on average "
            f"(SD {sd_ms:.1f} ms, at most {most_ms:.1f} ms; {len(errors_ms)} reported){dropped}"
        )
