"""The participant's display small: the page on it, and where gaze is now."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.samples import GazeChunk
from protocols.geometry import FloatArray
from protocols.placement import Placement
from studio.monitors import Setup
from studio.theme import Palette

_TRAIL_S = 0.5
_MARGIN_PX = 14


class MiniScreen(QWidget):
    """Draws gaze on a small display; beside it too, because gaze may leave the screen.

    Args:
        palette: the colours.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._setup = Setup()
        self._page_px = np.empty((0, 2))
        self._words = ""
        self.setAccessibleName("Live gaze on the participant's display")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setMinimumSize(200, 112)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(400, 225)

    def render_gaze(self, setup: Setup, recent: GazeChunk | None, words: str) -> None:
        """Show the last half second of gaze, or words where there is none."""
        self._setup, self._words = setup, words
        if recent is None or not len(recent):
            self._page_px = np.empty((0, 2))
        else:
            late = recent.t_s >= recent.t_s[-1] - _TRAIL_S
            self._page_px = recent.xy_px[late & recent.valid]
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw display, page and gaze."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self._setup.frame
        whole_px = frame.whole.size_px if frame is not None else self._setup.page_px
        on_display = frame.placement if frame is not None else Placement(0, 0, 1.0)
        small = self._fit(whole_px)
        self._outline(painter, small, np.array([(0, 0), whole_px], dtype=float), self._palette.sunken)
        page = on_display.to_device(np.array([(0, 0), self._setup.page_px], dtype=float))
        self._outline(painter, small, page, self._palette.background)
        self._dots(painter, small.to_device(on_display.to_device(self._page_px)))
        if self._words:
            painter.setPen(QColor(self._palette.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(24, 16, -24, -16), flags, self._words)
        painter.end()

    def _fit(self, whole_px: tuple[int, int]) -> Placement:
        room = (self.width() - 2 * _MARGIN_PX, self.height() - 2 * _MARGIN_PX)
        scale = min(room[0] / whole_px[0], room[1] / whole_px[1])
        left, top = ((have - px * scale) / 2 for have, px in zip(room, whole_px, strict=True))
        return Placement(round(left) + _MARGIN_PX, round(top) + _MARGIN_PX, max(scale, 1e-6))

    def _outline(self, painter: QPainter, small: Placement, corners: FloatArray, colour: str) -> None:
        (left, top), (right, bottom) = small.to_device(corners).tolist()
        painter.setPen(QPen(QColor(self._palette.control), 1))
        painter.setBrush(QColor(colour))
        painter.drawRect(QRectF(left, top, right - left, bottom - top))

    def _dots(self, painter: QPainter, points: FloatArray) -> None:
        if not len(points):
            return
        trail = QColor(self._palette.real)
        trail.setAlphaF(0.35)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(trail)
        for x, y in points[:: max(len(points) // 60, 1)].tolist():
            painter.drawEllipse(QPointF(x, y), 2.5, 2.5)
        painter.setBrush(QColor(self._palette.real))
        painter.setPen(QPen(QColor(self._palette.text), 1.5))
        painter.drawEllipse(QPointF(*points[-1].tolist()), 6.0, 6.0)
