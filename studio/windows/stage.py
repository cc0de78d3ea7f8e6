"""The participant's window as a stage for the conductor's thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from acquisition.clock import Clock
from protocols.errors import SetupError
from protocols.stimulus import Page, PixelArray
from studio.motion import Motion
from studio.onset import REPORTED, UNKNOWN, UNTOLD, Onset, Onsets
from studio.stage import Picture
from studio.windows.participant import ParticipantWindow
from studio.windows.x_present import XPresent

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0


class WindowStage(QObject):
    """Shows pictures in a window of the main thread; its methods are for one other thread.

    A picture counts as on the screen when the window has been painted and flushed. How much later the next
    frame of the display began is measured where the platform tells it, and kept beside each page.

    Args:
        window: shown.
        clock: session clock.

    Attributes:
        onsets: of all pages so far.
    """

    _wanted = Signal(object, bool)
    _moving = Signal(object)
    _pointing = Signal(bool)

    def __init__(self, window: ParticipantWindow, clock: Clock) -> None:
        super().__init__()
        self._window, self._clock = window, clock
        self._seen = threading.Event()
        self._serial = 0
        self._t_s = 0.0
        self._refresh_hz, self._window_id = 0.0, 0
        self._frames: XPresent | None = None
        self._asked_for_frames = False
        self.onsets = Onsets()
        self._wanted.connect(self._put, Qt.ConnectionType.QueuedConnection)
        self._moving.connect(window.move_target, Qt.ConnectionType.QueuedConnection)
        self._pointing.connect(window.show_pointer, Qt.ConnectionType.QueuedConnection)
        window.presented.connect(self._presented)

    def page(self, page: Page, trial: int, target: str | None) -> float:
        """Show a page."""
        del trial, target
        self._pointing.emit(True)
        asked_s = self._clock.now_s()
        t_s = self._shown(page.image, onset=True)
        frames = self._reports()
        frame_s = None if frames is None else frames.next_frame_s()
        by = UNKNOWN if frames is None else UNTOLD if frame_s is None else REPORTED
        self.onsets.seen.append(Onset(asked_s, t_s, frame_s, by, self._refresh_hz))
        return t_s

    def onset(self) -> Mapping[str, object]:
        """Return how exact the time of the last page is."""
        return self.onsets.seen[-1].facts() if self.onsets.seen else {}

    def close(self) -> None:
        """Leave the display. Idempotent; for the thread that showed the pages, or when it is over."""
        frames, self._frames = self._frames, None
        if frames is not None:
            frames.close()

    def details(self, picture: Picture) -> float:
        """Show the same page with other details."""
        return self._shown(picture())

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        """Show a calibration target."""
        del xy_px
        self._pointing.emit(False)  # the eye would rather follow the pointer
        return self._shown(picture())

    def move(self, motion: Motion) -> None:
        """Begin to move the target; the window draws it frame by frame."""
        self._moving.emit(motion)

    def message(self, picture: Picture) -> float:
        """Show text, or nothing."""
        return self._shown(picture())

    def _reports(self) -> XPresent | None:
        """Return who tells when frames begin, None where nobody does."""
        if not self._asked_for_frames and self._window_id:
            self._asked_for_frames = True
            try:
                self._frames = XPresent(self._window_id, self._clock.now_s)
            except OSError as error:
                log.info("frames of the display are not reported: %s", error)
        return self._frames

    def _shown(self, pixels: PixelArray, onset: bool = False) -> float:
        self._seen.clear()
        self._wanted.emit(pixels, onset)
        if not self._seen.wait(_PATIENCE_S):
            raise SetupError(
                f"The participant's window has not painted anything for {_PATIENCE_S:g} s.",
                "When a page was seen would be unknown.",
                "Make sure that the window is visible and the display is on.",
            )
        return self._t_s

    def _put(self, pixels: PixelArray, onset: bool) -> None:
        self._refresh_hz = self._window.screen().refreshRate()
        if QGuiApplication.platformName() == "xcb":
            self._window_id = int(self._window.winId())
        self._serial = self._window.show_pixels(pixels, onset=onset)

    def _presented(self, serial: int) -> None:
        if serial == self._serial:
            self._t_s = self._clock.now_s()
            self._seen.set()
