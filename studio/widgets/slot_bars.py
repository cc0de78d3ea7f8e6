"""Real and simulated attention per poster as paired columns on one scale, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from protocols.geometry import FloatArray
from protocols.slots import Slot
from studio.theme import Palette
from studio.widgets.slot_map import wrapped

_TITLE_LINES = 2
_GAP = 0.6  # between rows, in widths of a pair


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    top: float
    bottom: float
    pair_px: float
    places: tuple[float, ...]


class SlotBars(QWidget):
    """Paired columns: real solid at the left, twin hatched at the right.

    Args:
        palette: the colours.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._slots: tuple[Slot, ...] = ()
        self._real: FloatArray | None = None
        self._twin: FloatArray | None = None
        self._click: int | None = None
        self._full_share = 1.0
        self.setAccessibleName("Attention per poster, real and twin")
        self.setMinimumSize(320, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(720, 220)

    def render_shares(
        self,
        slots: Sequence[Slot],
        real: FloatArray | None,
        twin: FloatArray | None,
        click: int | None,
        full_share: float,
    ) -> None:
        """Show a page's posters.

        Args:
            slots: the posters, in reading order.
            real: share per slot, shape (n,), None when nothing was looked at.
            twin: likewise, None when the twin was not asked.
            click: the clicked slot, None for none.
            full_share: the share as high as the chart.
        """
        self._slots, self._click, self._full_share = tuple(slots), click, full_share
        self._real = real if real is not None and len(real) == len(slots) else None
        self._twin = twin if twin is not None and len(twin) == len(slots) else None
        self.setAccessibleDescription("; ".join(self._said(i) for i in range(len(slots))))
        self.update()

    def event(self, event: QEvent) -> bool:
        """Say what is under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip and len(self._slots):
            slot = self._under(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if slot is None else self._said(slot), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw scale, columns, titles."""
        if not len(self._slots):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self._frame()
        self._draw_scale(painter, frame)
        real, twin = QColor(self._palette.real), QColor(self._palette.twin)
        hatched = QBrush(twin, Qt.BrushStyle.BDiagPattern)
        half = frame.pair_px * 0.4
        for slot, left in enumerate(frame.places):
            self._column(painter, frame, left + frame.pair_px * 0.08, half, self._real, slot, QBrush(real))
            self._column(painter, frame, left + frame.pair_px * 0.08 + half, half, self._twin, slot, hatched)
            self._draw_title(painter, frame, left, slot)

    def _draw_scale(self, painter: QPainter, frame: _Frame) -> None:
        height = self.fontMetrics().height()
        for level in (0.0, 0.5, 1.0):
            y = frame.bottom - level * (frame.bottom - frame.top)
            painter.setPen(QPen(QColor(self._palette.control if level == 0 else self._palette.border), 1))
            painter.drawLine(QLineF(frame.left, y, self.width() - 4, y))
            painter.setPen(QColor(self._palette.muted))
            words = f"{100 * level * self._full_share:.3g} %"
            where = QRectF(0, y - height / 2, frame.left - 5, height)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _column(
        self,
        painter: QPainter,
        frame: _Frame,
        left: float,
        wide: float,
        shares: FloatArray | None,
        slot: int,
        brush: QBrush,
    ) -> None:
        if shares is None or shares[slot] <= 0:
            return
        high = min(float(shares[slot]) / self._full_share, 1.0) * (frame.bottom - frame.top)
        painter.setPen(QPen(brush.color(), 1))
        painter.setBrush(brush)
        painter.drawRect(QRectF(left, frame.bottom - high, wide, high))

    def _draw_title(self, painter: QPainter, frame: _Frame, left: float, slot: int) -> None:
        metrics, clicked = self.fontMetrics(), slot == self._click
        lines = wrapped(self._slots[slot].film, _TITLE_LINES, frame.pair_px * 0.96, metrics)
        painter.setPen(QColor(self._palette.text if clicked else self._palette.muted))
        under = QRectF(left, frame.bottom + 2, frame.pair_px, metrics.height())
        if clicked:
            lines.append(metrics.elidedText("▲ click", Qt.TextElideMode.ElideRight, int(frame.pair_px)))
        for number, words in enumerate(lines):
            where = under.translated(0, number * metrics.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft, words)

    def _said(self, slot: int) -> str:
        parts = [self._slots[slot].film]
        for words, shares in (("real", self._real), ("twin", self._twin)):
            parts.append(f"{words} {'unknown' if shares is None else f'{100 * shares[slot]:.0f} %'}")
        return ", ".join([*parts, *(["clicked"] if slot == self._click else [])])

    def _under(self, where: QPointF) -> int | None:
        frame = self._frame()
        found = [i for i, left in enumerate(frame.places) if 0 <= where.x() - left < frame.pair_px]
        return found[0] if found else None

    def _frame(self) -> _Frame:
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("100 %") + 8.0
        offsets = _offsets([slot.row for slot in self._slots])
        pair_px = (self.width() - left - 6) / (offsets[-1] + 1)
        places = tuple(left + offset * pair_px for offset in offsets)
        bottom = self.height() - (_TITLE_LINES + 1) * metrics.height() - 4.0
        return _Frame(left, metrics.height() / 2 + 1, bottom, pair_px, places)


def _offsets(rows: Sequence[int]) -> list[float]:
    """Return where each poster's pair begins, in widths of a pair; rows stand apart."""
    gaps = [0.0]
    for before, row in pairwise(rows):
        gaps.append(gaps[-1] + (0.0 if row == before else _GAP))
    return [place + gap for place, gap in enumerate(gaps)]
