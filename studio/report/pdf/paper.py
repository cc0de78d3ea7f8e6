"""Puts blocks onto pages of A4, and pages into a PDF file or onto anything else that can be painted on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QMarginsF, QPointF
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)

from protocols.errors import SetupError
from studio.report.markup import Html
from studio.report.pdf.blocks import Block, Words
from studio.report.pdf.flow import blocks
from studio.theme import LIGHT
from studio.windows.appearance import load_fonts

WIDTH_PX, HEIGHT_PX = 793.7, 1122.5
"""A4 at 96 px per inch."""
_MARGIN_PX = 60.0
_RESOLUTION = 1200


@dataclass(frozen=True, slots=True)
class Placed:
    """A block and where on its page its upper edge is, in px."""

    block: Block
    top_px: float


def write_pdf(path: Path, title: str, parts: Sequence[Html]) -> None:
    """Write a report as PDF.

    Args:
        path: the file; replaced when it is there.
        title: of the document, written at the foot of each page.
        parts: what the report says.

    Raises:
        SetupError: the typeface is missing.
        OSError: the file cannot be written.
    """
    app = _application()
    pages = paginated(blocks(parts))
    path.touch()
    writer = QPdfWriter(str(path))
    writer.setTitle(title)
    writer.setCreator("GazeTwin")
    writer.setResolution(_RESOLUTION)
    size = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF()))
    painter = QPainter(writer)
    if not painter.isActive():
        raise SetupError(
            f"Qt cannot write a PDF to {path}.", "There would be no report.", "Choose another folder."
        )
    painter.scale(_RESOLUTION / 96, _RESOLUTION / 96)
    for number, page in enumerate(pages, start=1):
        if number > 1:
            writer.newPage()
        draw_page(painter, page, f"{title}  ·  {number} of {len(pages)}")
    painter.end()
    del app


def pictures(title: str, parts: Sequence[Html], width_px: int) -> list[bytes]:
    """Return every page of a report as a picture, JPEG, for looking at it before it is printed."""
    app = _application()
    pages, scale = paginated(blocks(parts)), width_px / WIDTH_PX
    found = []
    for number, page in enumerate(pages, start=1):
        image = QImage(width_px, round(HEIGHT_PX * scale), QImage.Format.Format_RGB32)
        image.fill(QColor("#FFFFFF"))
        painter = QPainter(image)
        painter.scale(scale, scale)
        draw_page(painter, page, f"{title}  ·  {number} of {len(pages)}")
        painter.end()
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        jpeg = QImageWriter(buffer, QByteArray(b"JPEG"))
        jpeg.setQuality(85)
        jpeg.write(image)
        found.append(bytes(buffer.data().data()))
    del app
    return found


def _application() -> QCoreApplication:
    """Return what Qt needs to know letters; the one that is there, or one without a display."""
    app = QGuiApplication.instance() or QGuiApplication(["gazetwin", "-platform", "offscreen"])
    load_fonts()
    return app


def draw_page(painter: QPainter, page: Sequence[Placed], foot: str) -> None:
    """Draw one page; lengths are in px of 1/96 inch."""
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    for placed in page:
        placed.block.draw(painter, _MARGIN_PX, placed.top_px, WIDTH_PX - 2 * _MARGIN_PX)
    words = Words(foot, 9.5, colour=LIGHT.muted)
    painter.setPen(QColor(LIGHT.border))
    line = HEIGHT_PX - _MARGIN_PX + 12
    painter.drawLine(QPointF(_MARGIN_PX, line), QPointF(WIDTH_PX - _MARGIN_PX, line))
    words.draw(painter, _MARGIN_PX, line + 6, WIDTH_PX - 2 * _MARGIN_PX)


def paginated(flow: Sequence[Block]) -> list[list[Placed]]:
    """Place blocks on pages: what must stand together does, tables break between rows."""
    width, bottom = WIDTH_PX - 2 * _MARGIN_PX, HEIGHT_PX - _MARGIN_PX
    left, top = deque(flow), _MARGIN_PX
    pages: list[list[Placed]] = [[]]
    while left:
        block = left.popleft()
        begins = top + (block.before_px if pages[-1] else 0.0)
        needed = block.height_px(width) + _company_px(block, left, width)
        if begins + needed > bottom:
            first, *rest = block.parts(width, bottom - begins)
            if rest:
                left.extendleft(reversed(rest))
                block = first
            elif pages[-1]:
                pages.append([])
                begins = top = _MARGIN_PX
                first, *rest = block.parts(width, bottom - begins)
                left.extendleft(reversed(rest))
                block = first
        pages[-1].append(Placed(block, begins))
        top = begins + block.height_px(width)
    return pages


def _company_px(block: Block, following: Sequence[Block], width_px: float) -> float:
    """Return the height of what must stand on the same page as a block: what follows a heading."""
    height, at = 0.0, 0
    while block.with_next and at < len(following):
        block = following[at]
        first = block.parts(width_px, 160.0)[0] if not block.with_next else block
        height += block.before_px + min(first.height_px(width_px), HEIGHT_PX / 2)
        at += 1
    return height
