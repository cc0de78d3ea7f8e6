"""Draws a moving calibration target, frame by frame, in whatever window asks for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter

from protocols.palette import BACKGROUND
from studio.motion import Motion
from studio.widgets.page_picture import image_of

_EVERY_MS = 8  # no display that is used for this shows more than 120 frames a second


class MovingTarget(QObject):
    """One target that glides and shrinks, then stays until something else is shown.

    Args:
        repaint: asks the window to paint itself.
        parent: the window.
    """

    def __init__(self, repaint: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._motion: Motion | None = None
        self._began_s = 0.0
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._repaint = repaint

    @property
    def shown(self) -> bool:
        """Whether there is a target to draw in place of the page."""
        return self._motion is not None

    def start(self, motion: Motion) -> None:
        """Begin a movement."""
        self._motion, self._began_s = motion, time.monotonic()
        self._timer.start()
        self._repaint()

    def stop(self) -> None:
        """Something else is shown."""
        self._motion = None
        self._timer.stop()

    def draw(self, painter: QPainter, size_px: tuple[int, int]) -> None:
        """Draw the target on an empty page of this size, where it is now."""
        painter.fillRect(0, 0, *size_px, QColor(*BACKGROUND))
        if self._motion is None:
            return
        (x, y), shrunk = self._motion.at(time.monotonic() - self._began_s)
        tile = self._motion.tile(shrunk)
        half = tile.shape[0] // 2
        painter.drawImage(QPointF(math.floor(x) - half, math.floor(y) - half), image_of(tile))

    def _beat(self) -> None:
        if self._motion is not None and self._motion.over(time.monotonic() - self._began_s):
            self._timer.stop()
        self._repaint()
