"""The participant's window as a stage for the conductor's thread."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Qt, Signal

from acquisition.clock import Clock
from protocols.errors import SetupError
from protocols.stimulus import Page, PixelArray
from studio.motion import Motion
from studio.stage import Picture
from studio.windows.participant import ParticipantWindow

_PATIENCE_S = 5.0


class WindowStage(QObject):
    """Shows pictures in a window of the main thread; its methods are for one other thread.

    A picture counts as on the screen when the window has been painted and flushed.

    Args:
        window: shown.
        clock: session clock.
    """

    _wanted = Signal(object)
    _moving = Signal(object)

    def __init__(self, window: ParticipantWindow, clock: Clock) -> None:
        super().__init__()
        self._window, self._clock = window, clock
        self._seen = threading.Event()
        self._serial = 0
        self._t_s = 0.0
        self._wanted.connect(self._put, Qt.ConnectionType.QueuedConnection)
        self._moving.connect(window.move_target, Qt.ConnectionType.QueuedConnection)
        window.presented.connect(self._presented)

    def page(self, page: Page, trial: int, target: str | None) -> float:
        """Show a page."""
        del trial, target
        return self._shown(page.image)

    def details(self, picture: Picture) -> float:
        """Show the same page with other details."""
        return self._shown(picture())

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        """Show a calibration target."""
        del xy_px
        return self._shown(picture())

    def move(self, motion: Motion) -> None:
        """Begin to move the target; the window draws it frame by frame."""
        self._moving.emit(motion)

    def message(self, picture: Picture) -> float:
        """Show text, or nothing."""
        return self._shown(picture())

    def _shown(self, pixels: PixelArray) -> float:
        self._seen.clear()
        self._wanted.emit(pixels)
        if not self._seen.wait(_PATIENCE_S):
            raise SetupError(
                f"The participant's window has not painted anything for {_PATIENCE_S:g} s.",
                "When a page was seen would be unknown.",
                "Make sure that the window is visible and the display is on.",
            )
        return self._t_s

    def _put(self, pixels: PixelArray) -> None:
        self._serial = self._window.show_pixels(pixels)

    def _presented(self, serial: int) -> None:
        if serial == self._serial:
            self._t_s = self._clock.now_s()
            self._seen.set()
