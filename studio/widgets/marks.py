"""Small marks that tell a state by shape, so that colour is never alone."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from studio.theme import Mood, Palette

_SIZE_PX = 48


@lru_cache(maxsize=32)
def mark(mood: Mood, palette: Palette) -> QIcon:
    """Return a mark: a tick is good, a triangle fair, a cross bad, an open ring says nothing."""
    pixmap = QPixmap(_SIZE_PX, _SIZE_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(_SIZE_PX / 16, _SIZE_PX / 16)
    pen = QPen(QColor(palette.mood(mood)), 2.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    _draw(painter, mood)
    painter.end()
    return QIcon(pixmap)


def _draw(painter: QPainter, mood: Mood) -> None:
    if mood == "good":
        painter.drawPolyline(QPolygonF([QPointF(3, 8.5), QPointF(6.5, 12), QPointF(13, 4.5)]))
    elif mood == "warn":
        painter.drawPolygon(QPolygonF([QPointF(8, 3), QPointF(14, 13), QPointF(2, 13)]))
    elif mood == "bad":
        painter.drawLine(QPointF(4, 4), QPointF(12, 12))
        painter.drawLine(QPointF(12, 4), QPointF(4, 12))
    else:
        painter.drawEllipse(QRectF(5, 5, 6, 6))
