"""The page small, with attention drawn over it: shares per poster as heat, gaze as a trail."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPixmap, QPixmapCache
from PySide6.QtWidgets import QSizePolicy, QWidget

from protocols.geometry import FloatArray
from protocols.placement import Placement
from protocols.stimulus import Page, PixelArray
from studio.state import Trail
from studio.theme import Palette, heat_hex, ink_on

_HEAT_OPACITY = (0.35, 0.85)  # of the weakest and of the strongest heat
_DIM = QColor(0, 0, 0, 90)
_TRAIL_S = 1.0
_FADING_STEPS = 8


def image_of(pixels: PixelArray) -> QImage:
    """Return pixels (height, width, 3) RGB as an image that owns its memory."""
    data = np.ascontiguousarray(pixels)
    height, width = data.shape[:2]
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class PagePicture(QWidget):
    """Draws one page to fit, heat per poster, and optionally the gaze trail.

    Args:
        palette: the colours.
        hue: frame colour, saying whose attention this is (real or twin).
        name: accessible name.
    """

    def __init__(self, palette: Palette, hue: str, name: str) -> None:
        super().__init__()
        self._palette = palette
        self._hue = QColor(hue)
        self._page: Page | None = None
        self._shares: FloatArray | None = None
        self._full_share = 1.0
        self._trail = Trail.none()
        self._empty = ""
        self._small = QPixmap()
        self._small_of = ("", 0, 0, False)
        self.setAccessibleName(name)
        self.setMinimumSize(240, 135)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(464, 261)

    def render_page(
        self, page: Page | None, shares: FloatArray | None, full_share: float, trail: Trail, empty: str
    ) -> None:
        """Show a page.

        Args:
            page: what to draw; None shows ``empty`` instead.
            shares: share per slot, shape (n,), or None for no heat.
            full_share: the share drawn as the strongest heat.
            trail: recent gaze in page px.
            empty: what to say in place of a page, or across it when there are no shares.
        """
        still = page is self._page and (full_share, empty) == (self._full_share, self._empty)
        same = still and _equal(shares, self._shares) and not len(trail.age_s) and not len(self._trail.age_s)
        self._page, self._shares, self._full_share = page, shares, full_share
        self._trail, self._empty = trail, empty
        if not same:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw page, heat, trail."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._palette.sunken))
        if self._page is None:
            self._say(painter, self.rect().toRectF(), self._empty)
            return
        where = self._fit(self._page)
        frame = _page_rect(self._page, where)
        heated = self._shares is not None and len(self._shares) == len(self._page.layout)
        painter.drawPixmap(frame.topLeft(), self._scaled(self._page, where, grey=heated))
        if self._shares is not None and heated:
            self._draw_heat(painter, self._page, self._shares, where)
        elif self._empty:
            painter.fillRect(frame, QColor(0, 0, 0, 170))
            self._say(painter, frame, self._empty, "#FFFFFF")
        self._draw_trail(painter, where)
        painter.setPen(QPen(self._hue, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame.adjusted(1, 1, -1, -1))

    def _fit(self, page: Page) -> Placement:
        height, width = page.image.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        return Placement(round(left), round(top), scale)

    def _scaled(self, page: Page, where: Placement, *, grey: bool) -> QPixmap:
        """Return the page at the size it is drawn at; grey and dim where only heat shall have colour."""
        ratio = self.devicePixelRatioF()
        height, width = (round(s * where.scale * ratio) for s in page.image.shape[:2])
        wanted = (page.digest, width, height, grey)
        if wanted != self._small_of:
            self._small, self._small_of = _shared(page, width, height, grey=grey), wanted
            self._small.setDevicePixelRatio(ratio)
        return self._small

    def _draw_heat(self, painter: QPainter, page: Page, shares: FloatArray, where: Placement) -> None:
        boxes = where.to_device(page.layout.boxes().reshape(-1, 2, 2)).reshape(-1, 4)
        for (left, top, right, bottom), share in zip(boxes.tolist(), shares.tolist(), strict=True):
            if share > 0:
                box = QRectF(left, top, right - left, bottom - top).toAlignedRect()
                self._draw_share(painter, box, share)

    def _draw_share(self, painter: QPainter, box: QRect, share: float) -> None:
        level = round(min(share / self._full_share, 1.0), 2)
        colour = heat_hex(level)
        weakest, strongest = _HEAT_OPACITY
        painter.setOpacity(weakest + (strongest - weakest) * level)
        painter.fillRect(box, QColor(colour))
        painter.setOpacity(1.0)
        text = f"{100 * share:.0f} %"
        tag = QRect(0, 0, painter.fontMetrics().horizontalAdvance(text) + 8, painter.fontMetrics().height())
        tag.moveCenter(box.center())
        painter.fillRect(tag, QColor(colour))
        painter.setPen(QColor(ink_on(colour)))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_trail(self, painter: QPainter, where: Placement) -> None:
        points = where.to_device(self._trail.xy_px)
        known = np.asarray(np.isfinite(points).all(axis=1))
        steps = np.floor(self._trail.age_s / _TRAIL_S * _FADING_STEPS)
        joined = np.append(False, known[1:] & known[:-1])
        for step in range(_FADING_STEPS):
            colour = QColor("#FFFFFF")
            colour.setAlphaF(1.0 - (step + 0.5) / _FADING_STEPS)
            painter.setPen(QPen(colour, 1.6))
            ends = np.flatnonzero(joined & (steps == step)).tolist()
            painter.drawLines([QLineF(*points[i - 1], *points[i]) for i in ends])
        if len(points) and known[-1]:
            painter.setPen(QPen(QColor("#000000"), 1.5))
            painter.setBrush(self._hue)
            painter.drawEllipse(QPointF(*points[-1]), 6.0, 6.0)

    def _say(self, painter: QPainter, where: QRectF, words: str, colour: str = "") -> None:
        painter.setPen(QColor(colour or self._palette.muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(where.adjusted(16, 8, -16, -8), flags, words)


def _page_rect(page: Page, where: Placement) -> QRectF:
    height, width = page.image.shape[:2]
    return QRectF(where.left_px, where.top_px, width * where.scale, height * where.scale)


def _equal(one: FloatArray | None, other: FloatArray | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _shared(page: Page, width: int, height: int, *, grey: bool) -> QPixmap:
    """Return a small page; the latest ones are kept for all pictures together."""
    key, known = f"page {page.digest} {width} {height} {grey}", QPixmap()
    if not QPixmapCache.find(key, known):
        known = QPixmap.fromImage(_shrunk(image_of(page.image), width, height, grey=grey))
        QPixmapCache.insert(key, known)
    return known


def _shrunk(image: QImage, width: int, height: int, *, grey: bool) -> QImage:
    smooth, exact = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.IgnoreAspectRatio
    small = image.scaled(width, height, exact, smooth)
    if not grey:
        return small
    dim = small.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(dim)
    painter.fillRect(dim.rect(), _DIM)
    painter.end()
    return dim
