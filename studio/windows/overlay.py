"""Shown over a whole display for a moment: which one it is, or the outline of a bank card to be matched."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QScreen, QWheelEvent
from PySide6.QtWidgets import QWidget

from studio.monitors import CARD_MM

_GROUND, _INK, _CARD = QColor(20, 20, 20), QColor(240, 240, 240), QColor(86, 180, 233)
_SHOWN_MS = 2500
_STEP, _LEAP = 1.0, 20.0
_LEAST_PX = 60.0


class _Overlay(QWidget):
    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_on(self, display: QScreen) -> None:
        """Fill a display."""
        self.setScreen(display)
        self.setGeometry(display.geometry())
        self.showFullScreen()
        self.activateWindow()

    def _ground(self) -> QPainter:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _GROUND)
        painter.setPen(_INK)
        return painter

    def _say(self, painter: QPainter, where: QRectF, size: float, words: str) -> None:
        font = painter.font()
        font.setPixelSize(max(round(size), 8))
        painter.setFont(font)
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)


class Identify(_Overlay):
    """Says for a moment which display it is on.

    Args:
        words: name of the display.
        participant: whether it is the participant's.
    """

    def __init__(self, words: str, participant: bool) -> None:
        super().__init__()
        self._words, self._participant = words, participant
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAccessibleName(f"This is {words}")
        timer = QTimer(self, singleShot=True)
        timer.timeout.connect(self.close)
        timer.start(_SHOWN_MS)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw the name as large as it fits."""
        painter = self._ground()
        whole = QRectF(self.rect())
        self._say(painter, whole.adjusted(0, 0, 0, -whole.height() * 0.2), whole.height() / 8, self._words)
        role = "The participant looks here" if self._participant else "Not the participant's display"
        low = whole.adjusted(0, whole.height() * 0.35, 0, 0)
        self._say(painter, low, whole.height() / 20, role)
        painter.end()


class CardRuler(_Overlay):
    """Asks for a bank card to be held against its outline until both are equally wide.

    ``measured`` tells the width in device px; closing without Enter tells nothing.
    """

    measured = Signal(float)

    def __init__(self, width_px: float = 340.0) -> None:
        super().__init__()
        self.width_px = width_px
        self.setAccessibleName("Outline of a bank card; the arrow keys change its width")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Change the width with the arrow keys, take it with Enter, leave with Escape."""
        steps = {
            Qt.Key.Key_Right: _STEP,
            Qt.Key.Key_Left: -_STEP,
            Qt.Key.Key_Up: _LEAP,
            Qt.Key.Key_Down: -_LEAP,
        }
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.measured.emit(self.width_px)
            self.close()
        elif key == Qt.Key.Key_Escape:
            self.close()
        elif key in steps:
            self._widen(steps[key])

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Change the width."""
        self._widen(_STEP if event.angleDelta().y() > 0 else -_STEP)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw the outline in device px, and what to do."""
        painter = self._ground()
        whole, ratio = QRectF(self.rect()), self.devicePixelRatioF()
        width = self.width_px / ratio
        card = QRectF(0, 0, width, width * CARD_MM[1] / CARD_MM[0])
        card.moveCenter(whole.center())
        painter.setPen(QPen(_CARD, 2 / ratio))
        painter.drawRoundedRect(card, width * 0.035, width * 0.035)
        painter.setPen(_INK)
        self._say(painter, whole.adjusted(40, 20, -40, -whole.height() * 0.75), whole.height() / 30, _HOW)
        painter.end()

    def _widen(self, by_px: float) -> None:
        widest_px = self.width() * self.devicePixelRatioF()
        self.width_px = min(max(self.width_px + by_px, _LEAST_PX), widest_px)
        self.update()


_HOW = (
    "Hold a bank card (85.60 mm wide) against the outline. Left and right arrow make it narrower and wider, "
    "up and down in large steps. Enter when both are equally wide; Escape leaves it."
)
