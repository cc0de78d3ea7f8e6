"""Lines over whole numbers (steps, trials) with units at both axes; a point can be chosen by mouse or key.

Painted here and not with a plotting library, so that a room with charts opens at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from protocols.geometry import FloatArray
from studio.report.charts import nice_step
from studio.theme import Dash, Palette

_DASHES: dict[Dash, Qt.PenStyle] = {
    "solid": Qt.PenStyle.SolidLine,
    "dashed": Qt.PenStyle.DashLine,
    "dotted": Qt.PenStyle.DotLine,
    "dash-dotted": Qt.PenStyle.DashDotLine,
}
_NEAR_PX = 40


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a chart.

    Attributes:
        words: its name in the legend.
        x: increasing, shape (n,).
        y: shape (n,); NaN where unknown.
        colour: ``#RRGGBB``.
        dash: its style: colour is never alone.
        width_px: of the line.
    """

    words: str
    x: FloatArray
    y: FloatArray
    colour: str
    dash: Dash = "solid"
    width_px: float = 2.0


def pen_style(dash: Dash) -> Qt.PenStyle:
    """Return how a line style is drawn."""
    return _DASHES[dash]


class LineChart(QWidget):
    """Draws curves on one pair of axes.

    Args:
        palette: the colours.
        x_label: what is counted along, for example ``step``.
        y_label: what is measured, with its unit.
        name: accessible name.

    Attributes:
        chosen: emitted with x when a point is pressed, or Enter on the one that the arrow keys moved to.
    """

    chosen = Signal(int)

    def __init__(self, palette: Palette, x_label: str, y_label: str, name: str) -> None:
        super().__init__()
        self._palette, self._x_label, self._y_label = palette, x_label, y_label
        self._curves: tuple[Curve, ...] = ()
        self._mark: tuple[float, str] | None = None
        self._empty = ""
        self._choices: tuple[int, ...] = ()
        self._span: tuple[float, float] | None = None
        self._at: int | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 120)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(640, 260)

    def render_curves(
        self,
        curves: Sequence[Curve],
        empty: str,
        mark: tuple[float, str] | None = None,
        choices: Sequence[int] = (),
        span: tuple[float, float] | None = None,
    ) -> None:
        """Show curves.

        Args:
            curves: what to draw.
            empty: what to say when there is nothing to draw.
            mark: an x with its words, drawn as an upright line.
            choices: which x can be chosen.
            span: first and last x of the axis; None for those of the curves.
        """
        self._curves, self._empty, self._mark = tuple(curves), empty, mark
        self._choices, self._span = tuple(choices), span
        self._at = self._at if self._at in self._choices else None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if self._choices else Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(bool(self._choices))
        self.update()

    def point_px(self, x: float) -> QPointF:
        """Return where an x is, in px of this widget, at the height of the first curve's value there."""
        frame = self._frame()
        y = next((float(c.y[c.x == x][0]) for c in self._curves if (c.x == x).any()), 0.0)
        return frame.at(x, y)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw axes, lines, mark, and the point that can be chosen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._known():
            painter.setPen(QColor(self._palette.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), flags, self._empty)
            return
        frame = self._frame()
        self._draw_axes(painter, frame)
        for curve in self._curves:
            self._draw_curve(painter, frame, curve)
        if self._mark is not None:
            self._draw_upright(painter, frame, *self._mark)
        if self._at is not None:
            self._draw_upright(painter, frame, self._at, f"{self._x_label} {self._at}", "dotted")
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._palette.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Mark the point under the pointer."""
        self._move_to(self._nearest(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the point under the pointer."""
        found = self._nearest(event.position())
        self._move_to(found)
        if found is not None and event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Move with the arrow keys, Home and End; choose with Enter or space."""
        places = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}
        key = Qt.Key(event.key())
        if self._choices and key in places:
            here = self._choices.index(self._at) if self._at is not None else -(places[key] > 0)
            self._move_to(self._choices[max(0, min(here + places[key], len(self._choices) - 1))])
        elif self._at is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._at)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show where the keyboard is."""
        if self._at is None and self._choices:
            self._move_to(self._choices[0])
        super().focusInEvent(event)

    def _move_to(self, place: int | None) -> None:
        if place != self._at:
            self._at = place
            self.setAccessibleDescription(self._said(place))
            self.setToolTip(self._said(place))
            self.update()

    def _said(self, place: int | None) -> str:
        if place is None:
            return ""
        parts = [f"{c.words}: {c.y[c.x == place][0]:.3f}" for c in self._curves if (c.x == place).any()]
        return "\n".join([f"{self._x_label} {place}", *parts])

    def _nearest(self, where: QPointF) -> int | None:
        if not self._choices or not self._known():
            return None
        frame = self._frame()
        near = min(self._choices, key=lambda x: abs(frame.at(x, 0).x() - where.x()))
        return near if abs(frame.at(near, 0).x() - where.x()) < _NEAR_PX else None

    def _known(self) -> bool:
        return any(np.isfinite(c.y).any() for c in self._curves)

    def _frame(self) -> _Frame:
        metrics = self.fontMetrics()
        known = [c for c in self._curves if np.isfinite(c.y).any()]
        xs = np.concatenate([c.x for c in known]) if known else np.zeros(1)
        ys = np.concatenate([c.y[np.isfinite(c.y)] for c in known]) if known else np.ones(1)
        step = nice_step(max(float(ys.max()), 1e-6) / 4)
        top = step * max(math.ceil(float(ys.max()) / step), 1)
        left = metrics.horizontalAdvance("00.00") + metrics.height() + 14
        lower = 2 * metrics.height() + 10
        upper = metrics.height() + 6 if self._mark or self._choices else 8
        area = QRectF(left, upper, self.width() - left - 16, self.height() - lower - upper)
        first, last = self._span or (float(xs.min()), float(xs.max()))
        return _Frame(area, first, max(last, first + 1), top, step)

    def _draw_axes(self, painter: QPainter, frame: _Frame) -> None:
        area, height = frame.area, self.fontMetrics().height()
        for k in range(round(frame.top / frame.step) + 1):
            y = frame.at(frame.first, k * frame.step).y()
            painter.setPen(QPen(QColor(self._palette.control if k == 0 else self._palette.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(self._palette.muted))
            where = QRectF(height + 2, y - height / 2, area.left() - height - 8, height)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, side, f"{k * frame.step:g}")
        every = _whole_step(frame.last - frame.first, area.width() / (4 * height))
        start = math.ceil(frame.first / every) * every
        for x in range(start, math.floor(frame.last) + 1, every):
            at = frame.at(x, 0)
            painter.drawText(
                QRectF(at.x() - 40, area.bottom() + 3, 80, height), Qt.AlignmentFlag.AlignHCenter, str(x)
            )
        under = QRectF(area.left(), area.bottom() + 4 + height, area.width(), height)
        painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, self._x_label)
        painter.save()
        painter.rotate(-90)
        along = QRectF(-area.bottom() - 40, 0, area.height() + 80, height)
        painter.drawText(along, Qt.AlignmentFlag.AlignCenter, self._y_label)
        painter.restore()

    def _draw_curve(self, painter: QPainter, frame: _Frame, curve: Curve) -> None:
        known = np.isfinite(curve.y)
        points = [
            frame.at(x, y) for x, y in zip(curve.x[known].tolist(), curve.y[known].tolist(), strict=True)
        ]
        pen = QPen(QColor(curve.colour), curve.width_px, _DASHES[curve.dash])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        if len(points) == 1 or (curve.dash == "solid" and len(points) <= 40):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(QColor(curve.colour)))
            for point in points:
                painter.drawEllipse(point, curve.width_px + 0.8, curve.width_px + 0.8)

    def _draw_upright(
        self, painter: QPainter, frame: _Frame, x: float, words: str, dash: Dash = "dashed"
    ) -> None:
        place, area = frame.at(x, 0).x(), frame.area
        painter.setPen(QPen(QColor(self._palette.text), 1.4, _DASHES[dash]))
        painter.drawLine(QPointF(place, area.top()), QPointF(place, area.bottom()))
        wide = self.fontMetrics().horizontalAdvance(words) + 8
        left = max(area.left(), min(place - wide / 2, area.right() - wide))
        where = QRectF(left, 1, wide, self.fontMetrics().height() + 2)
        painter.setPen(QColor(self._palette.text))
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area."""

    area: QRectF
    first: float
    last: float
    top: float
    step: float

    def at(self, x: float, y: float) -> QPointF:
        across = (x - self.first) / (self.last - self.first)
        return QPointF(
            self.area.left() + across * self.area.width(),
            self.area.bottom() - min(y / self.top, 1.0) * self.area.height(),
        )


def _whole_step(span: float, most: float) -> int:
    return max(1, round(nice_step(span / max(most, 1.0))))
