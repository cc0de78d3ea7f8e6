"""A time line in lanes: zoom with the wheel, point to read, press or drag to go there.

What is drawn is reduced to one value per pixel, and kept as a picture until window, size or content change:
only the hand that marks the moment is drawn at every step of a replay.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.lanes import Lane, Spans, Ticks
from studio.theme import Palette
from studio.widgets.lane_painter import LanePainter
from studio.widgets.time_axis import clock_words, marks_s

_ZOOM = 1.25
_SHORTEST_S = 0.5
_NEAR_PX = 6


class TimeLine(QWidget):
    """Shows lanes over a window of time.

    Args:
        palette: the colours.

    Attributes:
        sought: somebody pointed at a moment, session clock in s.
    """

    sought = Signal(float)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._painter = LanePainter(palette)
        self._lanes: Sequence[Lane] = ()
        self._all = (0.0, 1.0)
        self._window = (0.0, 1.0)
        self._t_s = 0.0
        self._panning: tuple[float, float] | None = None
        self._still = QPixmap()
        self.setAccessibleName("Time line")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    @property
    def window_s(self) -> tuple[float, float]:
        """First and last moment that are shown."""
        return self._window

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(900, self._least_height() + 30)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the size below which lanes cannot be read."""
        return QSize(400, self._least_height())

    def render_lanes(self, lanes: Sequence[Lane], begin_s: float, end_s: float) -> None:
        """Show other content, all of it."""
        self._lanes, self._all = lanes, (begin_s, end_s)
        self._look(begin_s, end_s)
        self.updateGeometry()

    def render_time(self, t_s: float, *, follow: bool = True) -> None:
        """Move the hand; the window follows it page by page."""
        self._t_s = t_s
        begin_s, end_s = self._window
        if follow and not begin_s <= t_s <= end_s:
            length_s = end_s - begin_s
            self._look(t_s - 0.1 * length_s, t_s + 0.9 * length_s)
        self.setAccessibleDescription(f"At {clock_words(t_s - self._all[0])}")
        self.update()

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """Show ``factor`` times less around a moment; around the hand without one."""
        at_s = min(max(self._t_s, self._window[0]), self._window[1]) if at_s is None else at_s
        begin_s, end_s = self._window
        self._look(at_s - (at_s - begin_s) / factor, at_s + (end_s - at_s) / factor)

    def zoom_in(self) -> None:
        """Show less, in more detail."""
        self.zoom(2.0)

    def zoom_out(self) -> None:
        """Show more."""
        self.zoom(0.5)

    def show_all(self) -> None:
        """Show the whole session."""
        self._look(*self._all)

    def x_of(self, t_s: float) -> float:
        """Return where a moment is, in px from the left edge."""
        begin_s, end_s = self._window
        return self._left() + (t_s - begin_s) / (end_s - begin_s) * self._across()

    def t_of(self, x_px: float) -> float:
        """Return the moment at a position, in s."""
        begin_s, end_s = self._window
        return begin_s + (x_px - self._left()) / self._across() * (end_s - begin_s)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw the lanes as they were, the hand where it is now, and the overview."""
        if self._still.isNull():
            self._still = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_hand(painter)
        self._draw_overview(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._palette.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw anew in the new size."""
        super().resizeEvent(event)
        self._still = QPixmap()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw anew in another typeface."""
        super().changeEvent(event)
        self._still = QPixmap()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Zoom around the pointer; with Shift, or sideways, move along."""
        turned = event.angleDelta()
        sideways = turned.x() or (turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            step_s = -sideways / 120 * 0.1 * (self._window[1] - self._window[0])
            self._look(self._window[0] + step_s, self._window[1] + step_s)
        elif turned.y():
            self.zoom(_ZOOM ** (turned.y() / 120), self.t_of(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Go there; on the overview or with the middle button, move the window instead."""
        x_px, y_px = event.position().x(), event.position().y()
        if y_px >= self._overview().top():
            self._centre(x_px)
            self._panning = (float("nan"), x_px)
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._panning = (self._window[0], x_px)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._seek(x_px)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Scrub, or move the window."""
        x_px = event.position().x()
        if self._panning is not None and np.isnan(self._panning[0]):
            self._centre(x_px)
        elif self._panning is not None:
            length_s = self._window[1] - self._window[0]
            begin_s = self._panning[0] - (x_px - self._panning[1]) / self._across() * length_s
            self._look(begin_s, begin_s + length_s)
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(x_px)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Let go."""
        self._panning = None

    def event(self, event: QEvent) -> bool:
        """Say in words what is under the pointer."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(QPointF(event.pos())), self)
            return True
        return bool(super().event(event))

    def words_at(self, where: QPointF) -> str:
        """Return what is under a position, empty where nothing is."""
        for lane, rect in zip(self._lanes, self._rects(), strict=True):
            if rect.contains(where):
                return self._words(lane, where.x())
        return ""

    def _words(self, lane: Lane, x_px: float) -> str:
        t_s = self.t_of(x_px)
        near_s = self.t_of(x_px + _NEAR_PX) - t_s
        if isinstance(lane, Spans):
            at = np.flatnonzero((lane.on_s <= t_s + near_s / 3) & (lane.off_s >= t_s - near_s / 3))
        elif isinstance(lane, Ticks) and len(lane.t_s):
            at = np.flatnonzero(np.abs(lane.t_s - t_s) <= near_s)
        else:
            return ""
        return "\n".join(lane.words[i] for i in at[:5])

    def _seek(self, x_px: float) -> None:
        self.sought.emit(float(np.clip(self.t_of(x_px), *self._all)))

    def _centre(self, x_px: float) -> None:
        share = (x_px - self._left()) / self._across()
        at_s = self._all[0] + share * (self._all[1] - self._all[0])
        half_s = (self._window[1] - self._window[0]) / 2
        self._look(at_s - half_s, at_s + half_s)

    def _look(self, begin_s: float, end_s: float) -> None:
        """Show a window; one that is too short, too long or beyond the end is put right."""
        first_s, last_s = self._all
        length_s = min(max(end_s - begin_s, _SHORTEST_S), last_s - first_s)
        middle_s = (begin_s + end_s) / 2
        begin_s = min(max(middle_s - length_s / 2, first_s), last_s - length_s)
        self._window = (begin_s, begin_s + length_s)
        self._still = QPixmap()
        self.update()

    def _left(self) -> int:
        widest = max((self.fontMetrics().horizontalAdvance(lane.label) for lane in self._lanes), default=60)
        return widest + 16

    def _across(self) -> float:
        return max(self.width() - self._left() - 10.0, 10.0)

    def _line_px(self) -> int:
        return self.fontMetrics().height()

    def _least_height(self) -> int:
        return (self._line_px() + 3) * (max(len(self._lanes), 6) + 1) + 20

    def _overview(self) -> QRectF:
        return QRectF(self._left(), self.height() - 16.0, self._across(), 10.0)

    def _rects(self) -> list[QRectF]:
        top = self._line_px() + 6.0
        height = (self._overview().top() - 6 - top) / max(len(self._lanes), 1)
        return [
            QRectF(self._left(), top + i * height + 1, self._across(), height - 2)
            for i in range(len(self._lanes))
        ]

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(self._palette.surface))
        painter = QPainter(picture)
        painter.setFont(self.font())
        self._draw_axis(painter)
        for lane, rect in zip(self._lanes, self._rects(), strict=True):
            painter.setPen(QColor(self._palette.muted))
            beside = QRectF(4, rect.top(), self._left() - 12, rect.height())
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, lane.label)
            self._painter.draw(painter, lane, rect, self._window)
        painter.end()
        return picture

    def _draw_axis(self, painter: QPainter) -> None:
        bottom = self._overview().top() - 6
        widest = painter.fontMetrics().horizontalAdvance("00:00:00.0") + 24
        for t_s in marks_s(
            self._window[0] - self._all[0], self._window[1] - self._all[0], self._across() / widest
        ):
            x = self.x_of(t_s + self._all[0])
            painter.setPen(QColor(self._palette.border))
            painter.drawLine(QPointF(x, self._line_px() + 4), QPointF(x, bottom))
            painter.setPen(QColor(self._palette.muted))
            box = QRectF(x - widest / 2, 0, widest, self._line_px() + 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, clock_words(t_s))

    def _draw_hand(self, painter: QPainter) -> None:
        if not self._lanes or not self._window[0] <= self._t_s <= self._window[1]:
            return
        x, top, bottom = self.x_of(self._t_s), self._line_px() + 2.0, self._overview().top() - 4
        painter.setPen(QPen(QColor(self._palette.text), 1.5))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        painter.setBrush(QColor(self._palette.text))
        painter.drawPolygon(
            QPolygonF([QPointF(x - 5, top - 6), QPointF(x + 5, top - 6), QPointF(x, top + 1)])
        )

    def _draw_overview(self, painter: QPainter) -> None:
        if not self._lanes:
            return
        bar, (first_s, last_s) = self._overview(), self._all
        scale = bar.width() / (last_s - first_s)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.sunken))
        painter.drawRoundedRect(bar, 4, 4)
        left = bar.left() + (self._window[0] - first_s) * scale
        shown = QRectF(left, bar.top(), max((self._window[1] - self._window[0]) * scale, 8.0), bar.height())
        painter.setBrush(QColor(self._palette.border))
        painter.setPen(QPen(QColor(self._palette.control), 1))
        painter.drawRoundedRect(shown, 4, 4)
        x = bar.left() + (self._t_s - first_s) * scale
        painter.setPen(QPen(QColor(self._palette.text), 2))
        painter.drawLine(QPointF(x, bar.top() - 1), QPointF(x, bar.bottom() + 1))
