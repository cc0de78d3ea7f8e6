"""The live slot map: every poster with its real attention as it fills, and the twin's prediction."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QImage, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from protocols.geometry import FloatArray, Rect
from protocols.slots import Slot
from protocols.stimulus import Page, PixelArray
from studio.state import LiveState, common_scale
from studio.theme import Palette
from studio.widgets.page_picture import image_of

_GAP_PX = 6
_PAD_PX = 5
_BAR_PX = 9
_POSTER_ASPECT = 342 / 193
_SMOOTH = QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
_NOTHING = float("nan")


class SlotMap(QWidget):
    """Draws posters in their rows with paired bars on one scale: real solid above, twin hatched below."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._state = LiveState()
        self._real = self._state.real
        self._full_share = 1.0
        self._still = QPixmap()
        self._still_of = ("", 0, 0, 0.0)
        self.setAccessibleName("Slot map: real attention and the twin's prediction per poster")
        self.setMinimumSize(560, 12 * self.fontMetrics().height())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable width; as for height, what a column has left is taken."""
        return QSize(940, self.minimumHeight())

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
        painter.drawPixmap(0, 0, self._still_part(page))
        for index, cell in enumerate(self._cells(page)):
            upper, lower = self._bar_lines(cell)
            self._draw_real(painter, upper, index)
            self._draw_twin(painter, lower, index)

    def _still_part(self, page: Page) -> QPixmap:
        """Return everything that stays the same while the page is shown, drawn once."""
        ratio = self.devicePixelRatioF()
        wanted = (page.digest, self.width(), self.height(), ratio)
        if wanted != self._still_of:
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._still)
            painter.setFont(self.font())
            painter.setRenderHints(_SMOOTH)
            for slot, cell in zip(page.layout.slots, self._cells(page), strict=True):
                self._draw_cell(painter, cell, slot, image_of(cropped(page.image, slot.box)))
            painter.end()
            self._still_of = wanted
        return self._still

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

    def _bar_lines(self, cell: QRectF) -> tuple[QRectF, QRectF]:
        height = self.fontMetrics().height()
        inner = cell.adjusted(_PAD_PX, _PAD_PX, -_PAD_PX, -_PAD_PX)
        lower = QRectF(inner.left(), inner.bottom() - height, inner.width(), height)
        return lower.translated(0, -height - 2), lower

    def _draw_cell(self, painter: QPainter, cell: QRectF, slot: Slot, poster: QImage) -> None:
        painter.setPen(QPen(QColor(self._palette.border), 1))
        painter.setBrush(QColor(self._palette.sunken))
        painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        inner = cell.adjusted(_PAD_PX, _PAD_PX, -_PAD_PX, -_PAD_PX)
        inner.setBottom(self._bar_lines(cell)[0].top() - _PAD_PX)
        picture, title = divided(inner, painter.fontMetrics().lineSpacing())
        painter.drawImage(picture, poster)
        metrics = painter.fontMetrics()
        lines = wrapped(
            slot.film, max(int(title.height() / metrics.lineSpacing()), 1), title.width(), metrics
        )
        painter.setPen(QColor(self._palette.text))
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "\n".join(lines))

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


def divided(room: QRectF, line_px: float) -> tuple[QRectF, QRectF]:
    """Divide a cell into a picture of a poster's shape and a title: below it where that leaves it larger."""
    beside = min(room.height() * _POSTER_ASPECT, room.width() * 0.68)
    below = min((room.height() - line_px) * _POSTER_ASPECT, room.width())
    width = max(beside, below, 1.0)
    picture = QRectF(room.left(), room.top(), width, width / _POSTER_ASPECT)
    if below > beside:
        return picture, room.adjusted(0, picture.height() + 2, 0, 0)
    return picture, room.adjusted(width + _PAD_PX, 0, 0, 0)


def cropped(pixels: PixelArray, box: Rect) -> PixelArray:
    """Return the pixels inside a box that lies on the page."""
    left, top, right, bottom = (round(edge) for edge in (box.left, box.top, box.right, box.bottom))
    return pixels[top:bottom, left:right]
