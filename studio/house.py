"""What every room of the Studio may use; made once by ``studio.app``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from acquisition.clock import Clock
from studio.background import Background
from studio.observed import Observed
from studio.settings import Settings
from studio.state import Notice
from studio.theme import DARK, LIGHT, Palette
from studio.visit import Visit

if TYPE_CHECKING:
    from studio.performance import Performance
    from studio.recording import Recorded

RoomKey = Literal["start", "participant", "devices", "calibration", "session", "twin", "replay", "report"]


def _nowhere(session: Path, trial: int) -> None:
    """Stand in for a window without a Replay room."""


@dataclass(frozen=True, slots=True)
class House:
    """What the rooms share.

    Attributes:
        settings: of this machine.
        visit: what has been decided for the next session.
        notice: the line at the bottom of the window; None for nothing.
        background: runs work beside the main thread.
        clock: session clock.
        performance: the session that is being recorded, or was last; None before there is one.
        go: opens a room, about a file (a session, a persona) where that makes sense.
        replay_at: opens the Replay room about a session, at one of its trials, counted from 0.
    """

    settings: Observed[Settings]
    visit: Observed[Visit]
    notice: Observed[Notice | None]
    background: Background
    clock: Clock
    performance: Observed[Performance[Recorded] | None]
    go: Callable[[RoomKey, Path | None], None]
    replay_at: Callable[[Path, int], None] = _nowhere

    @property
    def palette(self) -> Palette:
        """The colours of the theme in force; a change of theme builds the rooms anew."""
        return LIGHT if self.settings.value.theme == "light" else DARK

    @property
    def sessions_folder(self) -> Path:
        """Where sessions are recorded."""
        return self.settings.value.data_folder / "sessions"

    @property
    def personas_folder(self) -> Path:
        """Where personas are written."""
        return self.settings.value.data_folder / "personas"

    @property
    def reports_folder(self) -> Path:
        """Where reports are written."""
        return self.settings.value.data_folder / "reports"
