"""Tables that break across pages between rows, with their heading on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from studio.report.pdf.blocks import Block, Words
from studio.report.pdf.tree import Node
from studio.theme import LIGHT

_PAD_X, _PAD_Y = 5.0, 2.5
_COLOURS = {"good": LIGHT.good, "warn": LIGHT.warn, "bad": LIGHT.bad}


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell; ``number`` is written at the right edge."""

    words: Words
    number: bool


class Table:
    """Rows of cells.

    Args:
        head: the heading, empty for none.
        rows: all with as many cells.
        caption: above it, empty for none.
    """

    def __init__(self, head: Sequence[Cell], rows: Sequence[Sequence[Cell]], caption: str = "") -> None:
        self.before_px, self.with_next = 6.0, False
        self._head, self._rows, self._said = head, rows, caption
        self._caption = Words(caption, 10, colour=LIGHT.muted) if caption else None

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        widths = self._widths(width_px)
        return self._top_px(widths, width_px) + sum(_row_px(row, widths) for row in self._rows)

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw caption, heading and rows."""
        widths, top = self._widths(width_px), top_px
        if self._caption is not None:
            self._caption.draw(painter, left_px, top, width_px)
            top += self._caption.height_px(width_px) + 3
        for row in ([self._head] if self._head else []) + list(self._rows):
            height = _row_px(row, widths)
            self._draw_row(painter, row, widths, QPointF(left_px, top))
            painter.setPen(QPen(QColor(LIGHT.control if row is self._head else LIGHT.border), 0.7))
            painter.drawLine(QPointF(left_px, top + height), QPointF(left_px + width_px, top + height))
            top += height

    def parts(self, width_px: float, room_px: float) -> list[Block]:
        """Return the rows that fit, and the rest; only itself when not even two rows do."""
        widths = self._widths(width_px)
        used, fitting = self._top_px(widths, width_px), 0
        while fitting < len(self._rows) and used + _row_px(self._rows[fitting], widths) <= room_px:
            used += _row_px(self._rows[fitting], widths)
            fitting += 1
        if fitting < 2 or fitting == len(self._rows):
            return [self]
        rest = f"{self._said} (continued)" if self._said and "(continued)" not in self._said else self._said
        return [
            Table(self._head, self._rows[:fitting], self._said),
            Table(self._head, self._rows[fitting:], rest),
        ]

    def _draw_row(self, painter: QPainter, row: Sequence[Cell], widths: Sequence[float], at: QPointF) -> None:
        left = at.x()
        for cell, width in zip(row, widths, strict=True):
            inner = width - 2 * _PAD_X
            indent = max(inner - cell.words.natural_px, 0.0) if cell.number else 0.0
            box = QRectF(left + _PAD_X + indent, at.y() + _PAD_Y, inner, 0)
            cell.words.draw(painter, box.left(), box.top(), inner + 0.5)
            left += width

    def _top_px(self, widths: Sequence[float], width_px: float) -> float:
        caption = self._caption.height_px(width_px) + 3 if self._caption else 0.0
        return caption + (_row_px(self._head, widths) if self._head else 0.0)

    def _widths(self, width_px: float) -> list[float]:
        """Give each column its longest word, and share what is left by what columns would like to have."""
        rows = ([self._head] if self._head else []) + list(self._rows)
        columns = list(zip(*rows, strict=True))
        least = [max(c.words.longest_px for c in column) + 2 * _PAD_X + 1 for column in columns]
        liked = [max(c.words.natural_px for c in column) + 2 * _PAD_X + 1 for column in columns]
        if sum(least) >= width_px:
            return [width_px * px / sum(least) for px in least]
        spare, missing = width_px - sum(least), [max(a - b, 0.0) for a, b in zip(liked, least, strict=True)]
        if sum(missing) <= spare:
            extra = (spare - sum(missing)) / len(columns)
            return [px + extra for px in liked]
        return [px + spare * part / sum(missing) for px, part in zip(least, missing, strict=True)]


def table(node: Node) -> Table:
    """Return a table of the report."""
    head = [_cell(th, head=True) for part in node.all("thead") for th in part.all("th")]
    rows = [[_cell(cell) for cell in row.elements] for part in node.all("tbody") for row in part.all("tr")]
    caption = next((c.text for c in node.all("caption")), "")
    return Table(head, rows, caption)


def facts(node: Node) -> Table:
    """Return a list of terms and what they mean."""
    parts = node.elements
    rows = [
        [Cell(Words(dt.text, 10, bold=True), False), Cell(Words(dd.text, 10), False)]
        for dt, dd in zip(parts[::2], parts[1::2], strict=True)
    ]
    return Table((), rows)


def _cell(node: Node, *, head: bool = False) -> Cell:
    strong = head or bool({"best", "twin"} & node.classes)
    colour = next((_COLOURS[c] for c in node.classes if c in _COLOURS), LIGHT.text)
    return Cell(Words(node.text, 9.6, bold=strong, colour=colour), "number" in node.classes)


def _row_px(row: Sequence[Cell], widths: Sequence[float]) -> float:
    heights = (c.words.height_px(w - 2 * _PAD_X + 0.5) for c, w in zip(row, widths, strict=True))
    return max(heights) + 2 * _PAD_Y
