"""The page as it was on the screen, with the fixations so far, gaze, cursor and click over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen, QPolygonF

from protocols.placement import Placement
from protocols.poster import details_panel
from protocols.stimulus import Film, Page
from studio.state import Trail
from studio.theme import Palette, ink_on
from studio.widgets.page_picture import PagePicture, image_of

_LARGEST_MS = 800.0
_NUMBERED = 40  # the latest ones; earlier circles are drawn without numbers and fainter


@dataclass(frozen=True, slots=True)
class Circle:
    """A fixation to draw, in page px."""

    number: int
    x_px: float
    y_px: float
    duration_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """What is drawn over a page.

    Attributes:
        circles: fixations in order.
        gaze_px: where gaze is, (x, y) in page px; None when it is lost.
        cursor_px: likewise.
        details: slot whose details are open, None for none.
        clicked: slot that has been clicked, None for none.
    """

    circles: Sequence[Circle] = ()
    gaze_px: tuple[float, float] | None = None
    cursor_px: tuple[float, float] | None = None
    details: int | None = None
    clicked: int | None = None


@dataclass(slots=True)
class _Panel:
    """The details panel drawn last."""

    film: Film | None = None
    image: QImage = field(default_factory=QImage)


class ScanpathPicture(PagePicture):
    """Draws a page with numbered fixations, larger the longer they lasted."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, palette.real, "Page with gaze and scanpath")
        self._traces = Traces()
        self._panel = _Panel()

    def render_traces(self, page: Page | None, traces: Traces, trail: Trail, empty: str) -> None:
        """Show a page and what happened on it; without a page, ``empty`` in its place."""
        self._traces = traces
        self.render_page(page, None, 1.0, trail, empty)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the page, then everything over it."""
        super().paintEvent(event)
        if self._page is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        where = self._fit(self._page)
        if self._traces.details is not None:
            self._draw_details(painter, self._page, self._traces.details, where)
        self._draw_circles(painter, where)
        if self._traces.clicked is not None:
            self._draw_clicked(painter, self._page, self._traces.clicked, where)
        if self._traces.cursor_px is not None:
            self._draw_cursor(painter, self._at(where, self._traces.cursor_px))
        if self._traces.gaze_px is not None:
            self._draw_gaze(painter, self._at(where, self._traces.gaze_px))

    def _draw_details(self, painter: QPainter, page: Page, slot: int, where: Placement) -> None:
        if slot >= len(page.films):
            return
        if self._panel.film != page.films[slot]:
            self._panel = _Panel(page.films[slot], image_of(details_panel(page.films[slot])))
        painter.drawImage(self._box(page, slot, where), self._panel.image)

    def _draw_circles(self, painter: QPainter, where: Placement) -> None:
        circles = self._traces.circles
        points = [self._at(where, (c.x_px, c.y_px)) for c in circles]
        for colour, width in (("#000000", 3.5), ("#FFFFFF", 1.6)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawPolyline(QPolygonF(points))
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        fill = QColor(self._palette.real)
        for circle, at in zip(circles, points, strict=True):
            self._draw_circle(painter, circle, at, fill, latest=len(circles) - circle.number < _NUMBERED)

    def _draw_circle(
        self, painter: QPainter, circle: Circle, at: QPointF, fill: QColor, *, latest: bool
    ) -> None:
        size = max(self.height() / 22, 8.0)
        radius = size * (0.55 + 1.1 * float(np.sqrt(min(circle.duration_ms / _LARGEST_MS, 1.0))))
        current = circle.number == len(self._traces.circles)
        fill.setAlphaF(0.9 if current else 0.72 if latest else 0.3)
        painter.setPen(QPen(QColor("#FFFFFF" if current else "#000000"), 2.0 if current else 1.0))
        painter.setBrush(fill)
        painter.drawEllipse(at, radius, radius)
        if latest:
            painter.setPen(QColor(ink_on(self._palette.real)))
            box = QRectF(at.x() - 30, at.y() - 15, 60, 30)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(circle.number))

    def _draw_clicked(self, painter: QPainter, page: Page, slot: int, where: Placement) -> None:
        if slot >= len(page.layout):
            return
        box = self._box(page, slot, where)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._palette.twin), 4))
        painter.drawRect(box)
        words = "clicked"
        tag = QRectF(
            0, 0, painter.fontMetrics().horizontalAdvance(words) + 10, painter.fontMetrics().height() + 2
        )
        tag.moveBottomLeft(box.bottomLeft())
        painter.fillRect(tag, QColor(self._palette.twin))
        painter.setPen(QColor(ink_on(self._palette.twin)))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)

    def _draw_cursor(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(QColor("#000000"), 1.2))
        painter.setBrush(QColor("#FFFFFF"))
        shape = ((0, 0), (0, 15), (3.5, 11.5), (6, 17), (8.5, 16), (6, 10.5), (11, 10.5))
        painter.drawPolygon(QPolygonF([at + QPointF(x, y) for x, y in shape]))

    def _draw_gaze(self, painter: QPainter, at: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("#000000", 5.0), ("#FFFFFF", 2.5)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(at, 9.0, 9.0)
            painter.drawPoint(at)

    def _box(self, page: Page, slot: int, where: Placement) -> QRectF:
        left, top, right, bottom = page.layout.boxes()[slot].tolist()
        a, b = self._at(where, (left, top)), self._at(where, (right, bottom))
        return QRectF(a, b)

    def _at(self, where: Placement, xy_px: tuple[float, float]) -> QPointF:
        x, y = where.to_device(np.asarray(xy_px)).tolist()
        return QPointF(x, y)
