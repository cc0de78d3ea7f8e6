"""Bars of the twin's click distribution over a page's posters, likeliest first, the real click marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from studio.state import common_scale
from studio.theme import Palette


class ChoiceBars(QScrollArea):
    """Scrollable bars.

    Args:
        palette: the colours.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._inside = _Bars(palette)
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Click probability per poster")
        self.setMinimumHeight(90)

    def render_choice(
        self,
        films: Sequence[str],
        twin: Sequence[float],
        bare: Sequence[float],
        click: int | None,
    ) -> None:
        """Show a page.

        Args:
            films: title per slot.
            twin: the twin's click probability per slot; empty shows nothing.
            bare: that of the model without a prompt; empty without.
            click: the clicked slot, None for none.
        """
        self._inside.render_choice(films, twin, bare, click)
        self._inside.updateGeometry()


class _Bars(QWidget):
    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._films: tuple[str, ...] = ()
        self._twin: tuple[float, ...] = ()
        self._bare: tuple[float, ...] = ()
        self._click: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def render_choice(
        self, films: Sequence[str], twin: Sequence[float], bare: Sequence[float], click: int | None
    ) -> None:
        self._films, self._twin, self._bare, self._click = tuple(films), tuple(twin), tuple(bare), click
        self.setMinimumHeight(self._line_px() * (len(self._twin) + 1))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(600, self._line_px() * (len(self._twin) + 1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._palette.surface))
        if not self._twin:
            return
        line, left = self._line_px(), self.width() * 0.34
        order = sorted(range(len(self._twin)), key=lambda i: -self._twin[i])
        full = max([*self._twin, *self._bare, common_scale() / 2])
        room = self.width() - left - painter.fontMetrics().horizontalAdvance("100 %   CLICKED ") - 8
        for place, slot in enumerate(order, start=1):
            self._draw(painter, QRectF(0, place * line, self.width(), line), slot, left, room / full)
        under = QRectF(0, 0, self.width() - 8, line)
        painter.setPen(QColor(self._palette.muted))
        legend = "hatched: twin · line: model without a prompt" if self._bare else "hatched: twin"
        dotted = " · dotted: every poster the same"
        painter.drawText(under, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, legend + dotted)

    def _draw(self, painter: QPainter, line: QRectF, slot: int, left: float, px_per_share: float) -> None:
        clicked = slot == self._click
        metrics, share = painter.fontMetrics(), self._twin[slot]
        film = " ".join(self._films[slot].split())
        name = metrics.elidedText(film, Qt.TextElideMode.ElideRight, int(left) - 12)
        painter.setPen(QColor(self._palette.text))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, line.top(), left - 8, line.height()), side, name)
        hue = QColor(self._palette.twin)
        bar = QRectF(left, line.top() + 3, share * px_per_share, line.height() - 6)
        painter.setPen(QPen(hue, 1))
        painter.setBrush(QBrush(hue, Qt.BrushStyle.BDiagPattern))
        painter.drawRect(bar)
        self._mark(painter, line, left + px_per_share / len(self._twin), self._palette.uniform, dotted=True)
        end = max(bar.right(), left + px_per_share / len(self._twin))
        if self._bare:
            place = left + self._bare[slot] * px_per_share
            self._mark(painter, line, place, self._palette.text, dotted=False)
            end = max(end, place)
        words = f"{100 * share:.0f} %" + ("   CLICKED" if clicked else "")
        painter.setPen(QColor(self._palette.real if clicked else self._palette.muted))
        said = QRectF(end + 6, line.top(), self.width() - end, line.height())
        painter.drawText(said, Qt.AlignmentFlag.AlignVCenter, words)

    def _mark(self, painter: QPainter, line: QRectF, x: float, colour: str, *, dotted: bool) -> None:
        style = Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(colour), 1.4 if dotted else 2.4, style))
        painter.drawLine(QLineF(x, line.top() + 1, x, line.bottom() - 1))

    def _line_px(self) -> int:
        return self.fontMetrics().height() + 6
