"""A patch for a photodiode: an instrument on the glass that tells when a page really appeared."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

SIDE_PX = 64
_DARK, _BRIGHT = QColor(0, 0, 0), QColor(255, 255, 255)


class PhotodiodePatch:
    """A square in a corner of a window, drawn over whatever is there, dark and bright in turn.

    Attributes:
        corner: ``top-left``, ``top-right``, ``bottom-left`` or ``bottom-right``; empty for no patch.
        bright: which of the two it is now.
    """

    def __init__(self) -> None:
        self.corner = ""
        self.bright = False

    def draw(self, painter: QPainter, window: QRectF, ratio: float) -> None:
        """Draw it.

        Args:
            painter: of the window, in logical px.
            window: in logical px.
            ratio: device px per logical px.
        """
        if not self.corner:
            return
        box = QRectF(0, 0, SIDE_PX / ratio, SIDE_PX / ratio)
        if self.corner.endswith("right"):
            box.moveRight(window.right())
        if self.corner.startswith("bottom"):
            box.moveBottom(window.bottom())
        painter.fillRect(box, _BRIGHT if self.bright else _DARK)
