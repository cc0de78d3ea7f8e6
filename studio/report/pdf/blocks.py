"""The pieces a page is made of: each knows its height at a width, and how to draw itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QTextLayout, QTextOption

from studio.report.pdf.drawing import renderer, size
from studio.report.pdf.tree import Node
from studio.theme import LIGHT
from studio.windows.appearance import FAMILY

GAP_PX = 10.0


class Block(Protocol):
    """Something that stands on a page. Lengths are in px of 1/96 inch.

    Attributes:
        before_px: space above it.
        with_next: must not be the last thing on a page.
    """

    before_px: float
    with_next: bool

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        ...

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw it."""
        ...

    def parts(self, width_px: float, room_px: float) -> list[Block]:
        """Return it in pieces of which the first fits into the room; only itself when it cannot be parted."""
        ...


def typeface(size_px: float, *, bold: bool = False) -> QFont:
    """Return the report's typeface."""
    font = QFont(FAMILY)
    font.setPixelSize(round(size_px))
    font.setBold(bold)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


class Whole:
    """A block that cannot be parted."""

    before_px = 4.0
    with_next = False

    def parts(self: Block, width_px: float, room_px: float) -> list[Block]:  # noqa: ARG002 (see Block)
        """Return only itself."""
        return [self]


class Words(Whole):
    """A paragraph or heading.

    Args:
        text: its words.
        size_px: of the letters.
        bold: likewise.
        colour: of the letters.
        before_px: space above.
        with_next: must stand with what follows.
    """

    def __init__(
        self,
        text: str,
        size_px: float = 12,
        *,
        bold: bool = False,
        colour: str = LIGHT.text,
        before_px: float = 4.0,
        with_next: bool = False,
    ) -> None:
        self.before_px, self.with_next = before_px, with_next
        self._colour = QColor(colour)
        self._font = typeface(size_px, bold=bold)
        self._layout = QTextLayout(text, self._font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._layout.setTextOption(option)
        self.natural_px = QFontMetricsF(self._font).horizontalAdvance(text)
        self.longest_px = max(
            (QFontMetricsF(self._font).horizontalAdvance(w) for w in text.split()), default=0.0
        )

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        self._layout.beginLayout()
        top = 0.0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(width_px)
            line.setPosition(QPointF(0, top))
            top += line.height() * 1.12
        self._layout.endLayout()
        return top

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw it."""
        self.height_px(width_px)
        painter.setPen(self._colour)
        self._layout.draw(painter, QPointF(left_px, top_px))


class Picture(Whole):
    """An image or chart, over the whole width or narrower, with what is said below it.

    Args:
        node: ``img`` or ``svg``.
        caption: below it; may be empty.
        frame: colour around it, None for none.
    """

    def __init__(self, node: Node, caption: str = "", frame: str | None = None) -> None:
        self.before_px, self.with_next = 6.0, False
        self._frame, self._chart, self._image = frame, None, None
        self._caption = Words(caption, 10, colour=LIGHT.muted) if caption else None
        if node.name == "svg":
            self._chart, (self._width, self._height) = renderer(node), size(node)
        else:
            data = base64.b64decode(node.attributes["src"].split(",", 1)[1])
            self._image = QImage.fromData(data)
            self._width, self._height = float(self._image.width()), float(self._image.height())

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        below = self._caption.height_px(width_px) + 3 if self._caption else 0.0
        return self._height * width_px / self._width + below

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw it."""
        height = self._height * width_px / self._width
        where = QRectF(left_px, top_px, width_px, height)
        if self._chart is not None:
            self._chart.render(painter, where)
        elif self._image is not None:
            painter.drawImage(where, self._image)
        if self._frame is not None:
            painter.setPen(QPen(QColor(self._frame), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(where.adjusted(1, 1, -1, -1))
        if self._caption is not None:
            self._caption.draw(painter, left_px, top_px + height + 3, width_px)


class Beside(Whole):
    """Blocks side by side, all of one width."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.before_px = 6.0
        self._blocks = blocks

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        return max(block.height_px(self._each(width_px)) for block in self._blocks)

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw all of them."""
        each = self._each(width_px)
        for i, block in enumerate(self._blocks):
            block.draw(painter, left_px + i * (each + GAP_PX), top_px, each)

    def _each(self, width_px: float) -> float:
        count = len(self._blocks)
        return (width_px - GAP_PX * (count - 1)) / count


class Together(Whole):
    """Blocks one below the other that stay on one page, with a frame or without."""

    def __init__(self, blocks: Sequence[Block], bar: str | None = None, border: str | None = None) -> None:
        self.before_px = 10.0
        self._blocks, self._bar, self._border = blocks, bar, border
        self._pad = 12.0 if bar or border else 0.0

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        inner = width_px - 2 * self._pad
        return sum(block.height_px(inner) + block.before_px for block in self._blocks) + 1.5 * self._pad

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw all of them."""
        box = QRectF(left_px, top_px, width_px, self.height_px(width_px))
        if self._pad:
            painter.setPen(QPen(QColor(self._border or LIGHT.border), 1.5 if self._border else 0.8))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
        if self._bar:
            painter.fillRect(QRectF(left_px, top_px, 5, box.height()), QColor(self._bar))
        top = top_px + self._pad / 2
        for block in self._blocks:
            top += block.before_px
            block.draw(painter, left_px + self._pad, top, width_px - 2 * self._pad)
            top += block.height_px(width_px - 2 * self._pad)


class Key(Whole):
    """A legend: samples with words, in as many lines as they need."""

    def __init__(self, items: Sequence[tuple[Node | None, str]]) -> None:
        self.before_px, self.with_next = 4.0, True
        self._items = [
            (None if node is None else (renderer(node), size(node)), Words(words, 11))
            for node, words in items
        ]

    def height_px(self, width_px: float) -> float:
        """Return how high it is."""
        return (max((line for line, _ in self._places(width_px)), default=0) + 1) * 19.0

    def draw(self, painter: QPainter, left_px: float, top_px: float, width_px: float) -> None:
        """Draw all items."""
        for (drawn, words), (line, x) in zip(self._items, self._places(width_px), strict=True):
            left, top = left_px + x, top_px + line * 19.0
            if drawn is not None:
                chart, (width, height) = drawn
                chart.render(painter, QRectF(left, top + 2, width, height))
                left += width + 6
            words.draw(painter, left, top, width_px)

    def _places(self, width_px: float) -> list[tuple[int, float]]:
        places, line, x = [], 0, 0.0
        for drawn, words in self._items:
            needed = words.natural_px + (drawn[1][0] + 6 if drawn else 0.0)
            if x and x + needed > width_px:
                line, x = line + 1, 0.0
            places.append((line, x))
            x += needed + 22
        return places
