"""The participant's screen small: the target and gaze while it is shown, offsets to scale afterwards."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.eye_choice import Judged
from acquisition.targets import Point
from protocols.geometry import Screen
from protocols.placement import Placement
from studio.calibration_state import Attempt
from studio.rooms.calibration.state import RoomState, Shown
from studio.state import Trail
from studio.theme import Palette

_MARGIN_PX = 16
_REACH_PX = 24.0
_LEGEND = "1°, as the rings    □ validation, with a line to gaze    + calibration"
_LIVE = ("positions", "targets", "drift")


class TargetScreen(QWidget):
    """Draws targets, gaze and offsets; a click selects the nearest target.

    Args:
        palette: the colours.
    """

    target_chosen = Signal(object)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._state: RoomState | None = None
        self.setAccessibleName("The participant's screen with targets and gaze")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 190)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(640, 360)

    def render_state(self, state: RoomState) -> None:
        """Show a state."""
        self._state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw screen, targets, offsets, gaze."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state, small = self._state, self._fit()
        self._draw_screen(painter, small)
        if state is None:
            return
        if state.stage in _LIVE:
            self._draw_live(painter, small, state)
        elif state.attempt is not None:
            self._draw_result(painter, small, state, state.attempt)
        else:
            self._say(painter, state)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Select the target under the pointer."""
        attempt = None if self._state is None else self._state.attempt
        if attempt is None or (self._state is not None and self._state.stage in _LIVE):
            return
        small, at = self._fit(), event.position()
        places = [*attempt.shown, *attempt.tests]
        far = [_distance(small, xy, at) for xy in places]
        if far and min(far) <= _REACH_PX:
            self.target_chosen.emit(places[int(np.argmin(far))])

    # ---- parts

    @property
    def _screen(self) -> Screen:
        calibration = None if self._state is None else self._state.calibration
        return Screen() if calibration is None else calibration.screen

    def _fit(self) -> Placement:
        width, height = self._screen.size_px
        legend_px = self.fontMetrics().height() + 8
        room = (self.width() - 2 * _MARGIN_PX, self.height() - _MARGIN_PX - legend_px)
        scale = max(min(room[0] / width, room[1] / height), 1e-6)
        left, top = (self.width() - width * scale) / 2, (self.height() - legend_px - height * scale) / 2
        return Placement(round(left), round(top), scale)

    def _draw_screen(self, painter: QPainter, small: Placement) -> None:
        width, height = self._screen.size_px
        painter.setPen(QPen(QColor(self._palette.control), 1))
        painter.setBrush(QColor(self._palette.sunken))
        painter.drawRect(QRectF(small.left_px, small.top_px, width * small.scale, height * small.scale))

    def _draw_live(self, painter: QPainter, small: Placement, state: RoomState) -> None:
        calibration, live = state.calibration, state.live
        if calibration is not None and calibration.target_px is not None:
            self._draw_bulls_eye(painter, _at(small, calibration.target_px))
        if live is not None:
            self._draw_gaze(painter, small, live.trail)
            if not np.isfinite(live.trail.xy_px).any():
                self._say(painter, state, "No gaze: the tracker does not see the eyes.")

    def _draw_result(self, painter: QPainter, small: Placement, state: RoomState, attempt: Attempt) -> None:
        degree_px = self._screen.px_per_deg() * small.scale
        for xy in attempt.shown:
            self._draw_mark(painter, small, xy, selected=xy == state.target_px, test=False)
        judged = judged_of(attempt, state.shown)
        known = {} if judged is None else {p.target_px: p for p in judged.validation.points}
        for xy in attempt.tests:
            self._draw_ring(painter, _at(small, xy), degree_px)
            self._draw_mark(painter, small, xy, selected=xy == state.target_px, test=True)
            if xy in known:
                self._draw_offset(painter, _at(small, xy), known[xy].mean_offset_deg, degree_px)
        for xy, _ in attempt.missed:
            self._draw_missed(painter, _at(small, xy))
        self._draw_scale(painter, small, degree_px)

    def _draw_bulls_eye(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.text))
        painter.drawEllipse(at, 9.0, 9.0)
        painter.setPen(QPen(QColor(self._palette.sunken), 3))
        painter.drawLine(at + QPointF(-9, 0), at + QPointF(9, 0))
        painter.drawLine(at + QPointF(0, -9), at + QPointF(0, 9))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(at, 2.5, 2.5)

    def _draw_gaze(self, painter: QPainter, small: Placement, trail: Trail) -> None:
        points = small.to_device(trail.xy_px)
        seen = points[np.isfinite(points).all(axis=1)]
        colour = QColor(self._palette.real)
        colour.setAlphaF(0.4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for x, y in seen[:: max(len(seen) // 60, 1)].tolist():
            painter.drawEllipse(QPointF(x, y), 2.5, 2.5)
        if len(points) and np.isfinite(points[-1]).all():
            painter.setBrush(QColor(self._palette.real))
            painter.setPen(QPen(QColor(self._palette.text), 1.5))
            painter.drawEllipse(QPointF(*points[-1].tolist()), 6.0, 6.0)

    def _draw_mark(
        self, painter: QPainter, small: Placement, xy: Point, *, selected: bool, test: bool
    ) -> None:
        """Draw a calibration target as a cross, a validation target as a square."""
        at = _at(small, xy)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._palette.text if test else self._palette.muted), 1.5))
        if test:
            painter.drawRect(QRectF(at.x() - 4, at.y() - 4, 8, 8))
        else:
            painter.drawLine(at + QPointF(-5, 0), at + QPointF(5, 0))
            painter.drawLine(at + QPointF(0, -5), at + QPointF(0, 5))
        if selected:
            painter.setPen(QPen(QColor(self._palette.focus), 2, Qt.PenStyle.DashLine))
            painter.drawEllipse(at, 13.0, 13.0)

    def _draw_ring(self, painter: QPainter, at: QPointF, radius: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._palette.border), 1))
        painter.drawEllipse(at, radius, radius)

    def _draw_offset(self, painter: QPainter, at: QPointF, offset: Point | None, degree_px: float) -> None:
        if offset is None:
            self._label(painter, at, "lost")
            return
        end = at + QPointF(offset[0], offset[1]) * degree_px
        painter.setPen(QPen(QColor(self._palette.real), 2.5))
        painter.drawLine(at, end)
        painter.setBrush(QColor(self._palette.real))
        painter.drawEllipse(end, 3.0, 3.0)
        self._label(painter, at, f"{np.hypot(*offset):.2f}°")

    def _draw_missed(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(QColor(self._palette.bad), 2.5))
        for dx, dy in ((8, 8), (8, -8)):
            painter.drawLine(at + QPointF(-dx, -dy), at + QPointF(dx, dy))
        self._label(painter, at, "missed")

    def _label(self, painter: QPainter, at: QPointF, words: str) -> None:
        metrics = painter.fontMetrics()
        place = at + QPointF(10, metrics.ascent() + 6)
        place.setX(min(place.x(), self.width() - metrics.horizontalAdvance(words) - 4))
        painter.setPen(QColor(self._palette.text))
        painter.drawText(place, words)

    def _draw_scale(self, painter: QPainter, small: Placement, degree_px: float) -> None:
        """Draw how long a degree is, and what the marks mean, below the screen."""
        needed = degree_px + 6 + self.fontMetrics().horizontalAdvance(_LEGEND)
        left = max(min(float(small.left_px), self.width() - needed), 0.0)
        bottom = small.top_px + self._screen.size_px[1] * small.scale
        middle = bottom + 4 + self.fontMetrics().height() / 2
        painter.setPen(QPen(QColor(self._palette.muted), 2))
        painter.drawLine(QPointF(left, middle), QPointF(left + degree_px, middle))
        baseline = bottom + 4 + self.fontMetrics().ascent()
        painter.drawText(QPointF(left + degree_px + 6, baseline), _LEGEND)

    def _say(self, painter: QPainter, state: RoomState, words: str = "") -> None:
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.setPen(QColor(self._palette.muted))
        said = words or _EMPTY.get(state.stage, "")
        painter.drawText(QRectF(self.rect()).adjusted(40, 30, -40, -30), flags, said)


_EMPTY = {
    "ready": "Target and gaze are seen here while the participant looks.",
    "needless": "No targets are shown in this session.",
    "lacking": "Target and gaze are seen here once a session can begin.",
    "opening": "Waiting for gaze …",
    "deciding": "No target has been shown yet.",
    "running": "No target was shown in this session.",
    "over": "No target was shown in this session.",
}


def judged_of(attempt: Attempt, shown: Shown) -> Judged | None:
    """Return the map whose offsets are to be drawn."""
    if shown == "used":
        return attempt.chosen or attempt.as_delivered
    if shown == "delivered":
        return attempt.as_delivered
    maps = [j for j in attempt.candidates if j.calibration.method != "identity" and j.eye == shown]
    return maps[0] if maps else None


def _at(small: Placement, xy: Point) -> QPointF:
    x, y = small.to_device(np.asarray([xy], dtype=np.float64))[0].tolist()
    return QPointF(x, y)


def _distance(small: Placement, xy: Point, at: QPointF) -> float:
    place = _at(small, xy)
    return float(np.hypot(place.x() - at.x(), place.y() - at.y()))
