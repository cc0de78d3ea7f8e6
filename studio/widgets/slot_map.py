"""The live slot map: every poster with its real attention as it fills, and the twin's prediction."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from protocols.geometry import FloatArray
from protocols.slots import Slot
from protocols.stimulus import Page, PixelArray
from studio.state import LiveState, common_scale
from studio.theme import Palette
from studio.widgets.page_picture import image_of

_GAP_PX = 6
_PAD_PX = 5
_BAR_PX = 9
_POSTER_ASPECT = 342 / 193
_NOTHING = float("nan")


class SlotMap(QWidget):
    """Draws posters in their rows with paired bars on one scale: real solid above, twin hatched below."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._state = LiveState()
        self._real = self._state.real
        self._full_share = 1.0
        self._posters: tuple[QPixmap, ...] = ()
        self._posters_of = ("", 0)
        self.setAccessibleName("Slot map: real attention and the twin's prediction per poster")
        self.setMinimumSize(560, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(940, 330)

    def render_state(self, state: LiveState) -> None:
        """Show a state's page, real dwell and prediction; cheap when they are the ones already shown."""
        before, self._state = self._state, state
        same = state.page is before.page and state.prediction is before.prediction
        if same and np.array_equal(state.dwell_ms, before.dwell_ms):
            return
        self._real = state.real
        self._full_share = common_scale(state.real, state.predicted)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw every cell, or why there is none."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        page = self._state.page
        if page is None or len(page.layout) == 0:
            painter.setPen(QColor(self._palette.muted))
            words = (
                "No page is on the screen." if page is None else "No poster is fully visible on this page."
            )
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            return
        cells = self._cells(page)
        posters = self._cropped(page, self._poster_width_px(cells[0]))
        for index, (slot, cell) in enumerate(zip(page.layout.slots, cells, strict=True)):
            self._draw_cell(painter, cell, index, slot, posters[index])

    def _cells(self, page: Page) -> list[QRectF]:
        rows = sorted({slot.row for slot in page.layout.slots})
        lefts = sorted({slot.box.left for slot in page.layout.slots})
        width = (self.width() - _GAP_PX * (len(lefts) - 1)) / len(lefts)
        height = (self.height() - _GAP_PX * (len(rows) - 1)) / len(rows)
        return [
            QRectF(
                lefts.index(slot.box.left) * (width + _GAP_PX),
                rows.index(slot.row) * (height + _GAP_PX),
                width,
                height,
            )
            for slot in page.layout.slots
        ]

    def _poster_width_px(self, cell: QRectF) -> float:
        room = cell.height() - 3 * _PAD_PX - 2 * self.fontMetrics().height() - 2
        return max(min(room * _POSTER_ASPECT, (cell.width() - 2 * _PAD_PX) * 0.68), 1.0)

    def _cropped(self, page: Page, width_px: float) -> tuple[QPixmap, ...]:
        ratio = self.devicePixelRatioF()
        wanted = (page.digest, round(width_px * ratio))
        if wanted != self._posters_of:
            boxes = page.layout.boxes().round().astype(int).tolist()
            crops = (page.image[top:bottom, left:right] for left, top, right, bottom in boxes)
            self._posters = tuple(_poster(crop, wanted[1], ratio) for crop in crops)
            self._posters_of = wanted
        return self._posters

    def _draw_cell(self, painter: QPainter, cell: QRectF, index: int, slot: Slot, poster: QPixmap) -> None:
        painter.setPen(QPen(QColor(self._palette.border), 1))
        painter.setBrush(QColor(self._palette.sunken))
        painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        inner = cell.adjusted(_PAD_PX, _PAD_PX, -_PAD_PX, -_PAD_PX)
        text_px = painter.fontMetrics().height()
        bars_px = 2 * text_px + 2
        above = inner.adjusted(0, 0, 0, -bars_px - _PAD_PX)
        painter.drawPixmap(above.topLeft(), poster)
        self._draw_title(
            painter, above.adjusted(poster.deviceIndependentSize().width() + _PAD_PX, 0, 0, 0), slot
        )
        top = inner.bottom() - bars_px
        self._draw_real(painter, QRectF(inner.left(), top, inner.width(), text_px), index)
        self._draw_twin(painter, QRectF(inner.left(), top + text_px + 2, inner.width(), text_px), index)

    def _draw_title(self, painter: QPainter, box: QRectF, slot: Slot) -> None:
        metrics = painter.fontMetrics()
        count = max(int(box.height() / metrics.lineSpacing()), 1)
        lines = wrapped(slot.film, count, box.width(), metrics)
        painter.setPen(QColor(self._palette.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "\n".join(lines))

    def _draw_real(self, painter: QPainter, line: QRectF, index: int) -> None:
        dwell_ms = self._state.dwell_ms
        if index >= len(dwell_ms):
            self._draw_bar(painter, line, _NOTHING, "no gaze yet", QBrush(QColor(self._palette.real)))
            return
        share = float(self._real[index])
        text = f"{dwell_ms[index]:.0f} ms · {100 * share:.0f} %"
        self._draw_bar(painter, line, share, text, QBrush(QColor(self._palette.real)))

    def _draw_twin(self, painter: QPainter, line: QRectF, index: int) -> None:
        predicted: FloatArray | None = self._state.predicted
        hatched = QBrush(QColor(self._palette.twin), Qt.BrushStyle.BDiagPattern)
        if predicted is None or index >= len(predicted):
            self._draw_bar(painter, line, _NOTHING, "no prediction", hatched)
            return
        share = float(predicted[index])
        self._draw_bar(painter, line, share, f"twin {100 * share:.0f} %", hatched)

    def _draw_bar(self, painter: QPainter, line: QRectF, share: float, text: str, brush: QBrush) -> None:
        text_width = painter.fontMetrics().horizontalAdvance("88888 ms · 100 %") + 4
        room = max(line.width() - text_width, 10.0)
        if share > 0:
            length = room * min(share / self._full_share, 1.0)
            bar = QRectF(line.left(), line.center().y() - _BAR_PX / 2, length, _BAR_PX)
            painter.setPen(QPen(brush.color(), 1))
            painter.setBrush(brush)
            painter.drawRect(bar)
        painter.setPen(QColor(self._palette.text if np.isfinite(share) else self._palette.muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def wrapped(text: str, count: int, width_px: float, metrics: QFontMetrics) -> list[str]:
    """Break text into at most ``count`` lines; what does not fit ends in an ellipsis."""
    words, lines = text.split(), [""]
    while words and len(lines) <= count:
        longer = f"{lines[-1]} {words[0]}".strip()
        if len(lines) == count:
            lines[-1] = f"{lines[-1]} {' '.join(words)}".strip()
            break
        if not lines[-1] or metrics.horizontalAdvance(longer) <= width_px:
            lines[-1] = longer
            words.pop(0)
        else:
            lines.append("")
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(width_px) + 1) for line in lines]


def _poster(pixels: PixelArray, width: int, ratio: float) -> QPixmap:
    smooth = Qt.TransformationMode.SmoothTransformation
    made = QPixmap.fromImage(image_of(pixels).scaledToWidth(width, smooth))
    made.setDevicePixelRatio(ratio)
    return made
