"""Paints one lane of a time line, reduced to what its pixels can show."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPolygonF

from protocols.geometry import FloatArray
from studio.lanes import Lane, Shape, Spans, Ticks, Trace, coverage, runs_px, visible
from studio.report.pictures import OFF_POSTER, row_hex
from studio.theme import Palette, ink_on

_NARROW_PX = 3.0  # stretches that are narrower on average are drawn as a share

Window = tuple[float, float]


class LanePainter:
    """Paints lanes in a palette's colours."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette

    def draw(self, painter: QPainter, lane: Lane, rect: QRectF, window: Window) -> None:
        """Paint a lane into its rectangle for a window of time."""
        painter.save()
        painter.setClipRect(rect)
        painter.fillRect(rect, QColor(self._palette.sunken))
        if isinstance(lane, Spans):
            self._spans(painter, lane, rect, window)
        elif isinstance(lane, Ticks):
            self._ticks(painter, lane, rect, window)
        else:
            self._trace(painter, lane, rect, window)
        painter.restore()

    def _spans(self, painter: QPainter, lane: Spans, rect: QRectF, window: Window) -> None:
        seen = visible(lane.on_s, lane.off_s, *window)
        count = seen.stop - seen.start
        if count == 0:
            return
        scale = rect.width() / (window[1] - window[0])
        mean_px = float(np.mean(lane.off_s[seen] - lane.on_s[seen])) * scale
        if mean_px >= _NARROW_PX and count * _NARROW_PX < rect.width():
            self._each(painter, lane, rect, window, seen)
        elif lane.keep:
            self._touched(painter, lane, rect, window)
        else:
            self._shares(painter, lane, rect, window)

    def _each(self, painter: QPainter, lane: Spans, rect: QRectF, window: Window, seen: slice) -> None:
        scale = rect.width() / (window[1] - window[0])
        for i in range(seen.start, seen.stop):
            left = rect.left() + (lane.on_s[i] - window[0]) * scale
            box = QRectF(
                left, rect.top() + 1, max((lane.off_s[i] - lane.on_s[i]) * scale, 1.5), rect.height() - 2
            )
            colour = self._tone(lane, int(lane.tone[i]))
            painter.fillRect(box, QColor(colour))
            painter.setPen(QPen(QColor(self._palette.sunken), 1))
            painter.drawRect(box)
            self._write(painter, box.intersected(rect), lane.words[i], ink_on(colour))

    def _write(self, painter: QPainter, box: QRectF, words: str, ink: str) -> None:
        room, metrics = box.adjusted(4, 0, -3, 0), painter.fontMetrics()
        if room.height() < metrics.ascent():
            return
        said = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        if said != words and room.width() < metrics.horizontalAdvance("0000000000"):
            first = words.split(" ", 1)[0]
            fits = first.isdecimal() and metrics.horizontalAdvance(first) <= room.width()
            said = first if fits else ""
        painter.setPen(QColor(ink))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    def _touched(self, painter: QPainter, lane: Spans, rect: QRectF, window: Window) -> None:
        """Every stretch gets at least a pixel; the graver tones lie above."""
        for tone in np.unique(lane.tone).tolist():
            of = lane.tone == tone
            colour = QColor(self._tone(lane, int(tone)))
            for first, stop in runs_px(lane.on_s[of], lane.off_s[of], *window, int(rect.width())):
                painter.fillRect(
                    QRectF(rect.left() + first, rect.top() + 1, stop - first, rect.height() - 2), colour
                )

    def _shares(self, painter: QPainter, lane: Spans, rect: QRectF, window: Window) -> None:
        """Columns as high as the share of their time that is covered."""
        share = coverage(lane.on_s, lane.off_s, *window, int(rect.width()))
        height = int(rect.height())
        _fill(painter, rect, self._palette.real, np.rint((1 - share) * height), np.full(len(share), height))

    def _tone(self, lane: Spans, tone: int) -> str:
        if lane.label == "Trials":
            return self._palette.control if tone else self._palette.border
        if lane.label.startswith("Blinks"):
            return self._palette.bad if tone else self._palette.warn
        return OFF_POSTER if tone < 0 else row_hex(tone)

    def _ticks(self, painter: QPainter, lane: Ticks, rect: QRectF, window: Window) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = slice(*np.searchsorted(lane.t_s, window))
        scale = rect.width() / (window[1] - window[0])
        drawn: set[tuple[Shape, int]] = set()
        for t_s, shape in zip(lane.t_s[seen].tolist(), lane.shapes[seen], strict=True):
            x = rect.left() + (t_s - window[0]) * scale
            if (shape, round(x)) not in drawn:
                drawn.add((shape, round(x)))
                self._tick(painter, shape, QPointF(x, rect.center().y()), min(rect.height() / 2 - 2, 7.0))

    def _tick(self, painter: QPainter, shape: Shape, at: QPointF, size: float) -> None:
        colours = {
            "click": self._palette.twin,
            "note": self._palette.good,
            "trouble": self._palette.bad,
            "pause": self._palette.warn,
            "other": self._palette.muted,
        }
        colour = QColor(colours.get(shape, self._palette.real))
        painter.setPen(QPen(colour, 2))
        painter.setBrush(QBrush(colour))
        x, y, r = at.x(), at.y(), size
        if shape == "click":
            painter.drawEllipse(at, r * 0.75, r * 0.75)
        elif shape == "note":
            painter.drawRect(QRectF(x - r * 0.7, y - r * 0.7, 1.4 * r, 1.4 * r))
        elif shape == "trouble":
            painter.drawLine(QPointF(x - r, y - r), QPointF(x + r, y + r))
            painter.drawLine(QPointF(x - r, y + r), QPointF(x + r, y - r))
        elif shape == "pause":
            for left in (x - r * 0.5, x + r * 0.5):
                painter.drawLine(QPointF(left, y - r), QPointF(left, y + r))
        elif shape == "scroll":
            painter.drawPolygon(
                QPolygonF([QPointF(x - r, y - r * 0.6), QPointF(x + r, y - r * 0.6), QPointF(x, y + r)])
            )
        elif shape == "swipe":
            painter.drawPolygon(
                QPolygonF([QPointF(x - r * 0.6, y - r), QPointF(x - r * 0.6, y + r), QPointF(x + r, y)])
            )
        else:
            painter.drawLine(QPointF(x, y - r), QPointF(x, y + r))

    def _trace(self, painter: QPainter, lane: Trace, rect: QRectF, window: Window) -> None:
        lowest, highest = lane.envelope(*window, max(int(rect.width()), 1))
        height = int(rect.height())
        for column, colour in enumerate((self._palette.real, self._palette.twin)[: lowest.shape[1]]):
            low, high = (_row(v[:, column], lane, height) for v in (lowest, highest))
            _fill(painter, rect, colour, np.fmin(low, _before(high)), np.fmax(high, _before(low)) + 1.5)


def _row(values: FloatArray, lane: Trace, height: int) -> FloatArray:
    share = np.clip((values - lane.top) / (lane.bottom - lane.top), 0.0, 1.0)
    return np.asarray(share * (height - 2))


def _before(values: FloatArray) -> FloatArray:
    """Return the value of the column before, so that neighbours touch."""
    return np.concatenate([[np.nan], values[:-1]])


def _fill(painter: QPainter, rect: QRectF, colour: str, top: FloatArray, bottom: FloatArray) -> None:
    """Colour each column of a rectangle from ``top`` to ``bottom``, in px from its upper edge; not NaN."""
    rows = np.arange(int(rect.height()))[:, None]
    inside = (rows >= np.floor(top)) & (rows < bottom)
    pixels = np.where(inside, np.uint32(QColor(colour).rgba()), np.uint32(0))
    data = np.ascontiguousarray(pixels, dtype=np.uint32)
    height, width = data.shape
    image = QImage(data.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
    painter.drawImage(rect.topLeft(), image)
