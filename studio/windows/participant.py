"""The participant's window: the rasteriser's pixels and nothing else.

How to drive it::

    window = ParticipantWindow(study_size_px=(1920, 1080))
    window.show_on(display)                  # or window.resize(...) and window.show()
    serial = window.show_pixels(page.image)  # returns at once
    window.presented.connect(on_presented)   # (serial): painted and flushed; stamp page_shown here
    window.pointer_moved.connect(...)        # (x_px, y_px, buttons) in page px, also on press and release
    window.clicked.connect(...)              # (x_px, y_px) in page px; the runner decides what was hit
    window.scrolled.connect(...)             # (delta_px), positive is further down, in page px
    window.key_pressed.connect(...)          # (name): one of KEYS; arrows repeat, the others do not
    window.escape_pressed.connect(...)       # the operator decides; the window never closes by itself
    window.show_patch("bottom-left")         # a photodiode's patch, which toggles with each page onset
    window.display_lost.connect(...)         # (words): its display is gone or has changed under it
    window.display_back.connect(...)         # (words): and is back
    window.move_target(motion)               # a target glides or shrinks until pixels are shown again
    window.dismiss()                         # closes for good

Positions are study pixels wherever the window is and however the display is scaled; beside the page they lie
outside its size. A tracker reports display pixels: ``window.placement`` maps those to page px.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QScreen,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from protocols.errors import StudyInvalid
from protocols.placement import Placement, place
from protocols.stimulus import PixelArray
from studio.motion import Motion
from studio.windows.home_display import HomeDisplay
from studio.windows.moving_target import MovingTarget
from studio.windows.photodiode import PhotodiodePatch

KEYS: dict[int, str] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
    Qt.Key.Key_PageUp: "page-up",
    Qt.Key.Key_PageDown: "page-down",
    Qt.Key.Key_Return: "enter",
    Qt.Key.Key_Enter: "enter",
    Qt.Key.Key_Space: "space",
}
_REPEATING = {"left", "right", "up", "down", "page-up", "page-down"}
_WHEEL_STEP_PX = 100.0
_WHEEL_STEP_UNITS = 120.0  # Qt: eighths of a degree per notch of an ordinary wheel
_SURROUND = QColor(20, 20, 20)


class ParticipantWindow(QWidget):
    """Shows one array of study pixels, pixel for pixel on the display, and reports what the participant does.

    Args:
        study_size_px: width and height of every page of the study.
    """

    scrolled = Signal(float)
    clicked = Signal(float, float)
    pointer_moved = Signal(float, float, int)
    key_pressed = Signal(str)
    escape_pressed = Signal()
    presented = Signal(int)
    display_lost = Signal(str)
    display_back = Signal(str)
    _painted = Signal(int)

    def __init__(self, study_size_px: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._study_size_px = study_size_px
        self._image = QImage()
        self._serial = 0
        self._announced = 0
        self._pressed = False
        self._dismissed = False
        self._target = MovingTarget(self.update, self)
        self._patch = PhotodiodePatch()
        self._home = HomeDisplay(self)
        self._home.lost.connect(self.display_lost)
        self._home.back.connect(self.display_back)
        self.setWindowTitle("GazeTwin")
        self.setAccessibleName("Study page")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Queued: delivered after the event loop has flushed what was painted.
        self._painted.connect(self.presented, Qt.ConnectionType.QueuedConnection)

    @property
    def placement(self) -> Placement:
        """Where the page lies in the window now, in device px from the window's upper left corner."""
        ratio = self.devicePixelRatioF()
        return place(self._study_size_px, (round(self.width() * ratio), round(self.height() * ratio)))

    def show_pixels(self, pixels: PixelArray, onset: bool = False) -> int:
        """Show pixels (height, width, 3) RGB from the next frame on; returns their serial number, from 1.

        Args:
            pixels: of a page.
            onset: a page begins with them, which toggles the photodiode's patch.

        Raises:
            StudyInvalid: the pixels do not have the study's size.
        """
        width, height = self._study_size_px
        if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
            raise StudyInvalid(
                f"The page is {pixels.dtype} {pixels.shape}, the study's screen is {width} x {height} px.",
                "What is seen would not be what is recorded and what the model gets.",
                "Draw every page with protocols.raster, at the study's screen size.",
            )
        data = np.ascontiguousarray(pixels)
        # The copy makes the image own its memory: the array may go away or be drawn on.
        self._image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self._serial += 1
        self._target.stop()
        self._patch.bright ^= onset
        self.update()
        return self._serial

    def show_patch(self, corner: str) -> None:
        """Draw a photodiode's patch in a corner of the window, over the page; none for an empty name."""
        self._patch.corner = corner
        self.update()

    def move_target(self, motion: Motion) -> None:
        """Draw a calibration target on its way, on an empty page, until pixels are shown again."""
        self._target.start(motion)

    def show_pointer(self, shown: bool) -> None:
        """Show or hide the mouse pointer, for example while calibrating."""
        self.setCursor(Qt.CursorShape.ArrowCursor if shown else Qt.CursorShape.BlankCursor)

    def show_on(self, display: QScreen, *, takes_keys: bool = True) -> None:
        """Fill a display, and take the keyboard unless somebody else is to keep it."""
        self._home.settle(display)
        self.setScreen(display)
        self.setGeometry(display.geometry())
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, not takes_keys)
        self.setWindowState(Qt.WindowState.WindowFullScreen)
        self.show()  # showFullScreen would always take the keyboard
        if takes_keys:
            self.activateWindow()

    def dismiss(self) -> None:
        """Close for good; the participant cannot."""
        self._home.leave()
        self._dismissed = True
        self.close()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the study's size in logical px."""
        ratio = self.devicePixelRatioF()
        return QSize(*(round(s / ratio) for s in self._study_size_px))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw in device pixels, so that no study pixel is resampled where the display is large enough."""
        where, ratio = self.placement, self.devicePixelRatioF()
        painter = QPainter(self)
        painter.fillRect(self.rect(), _SURROUND)
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        painter.translate(where.left_px, where.top_px)
        if where.scale != 1:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.scale(where.scale, where.scale)
        if self._target.shown:
            self._target.draw(painter, self._study_size_px)
        else:
            painter.drawImage(0, 0, self._image)
        painter.resetTransform()
        self._patch.draw(painter, self.rect().toRectF(), ratio)
        painter.end()
        if self._announced != self._serial:
            self._announced = self._serial
            self._painted.emit(self._serial)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Report the buttons; remember the press, so that a release alone is no click."""
        self._pressed = self._pressed or event.button() == Qt.MouseButton.LeftButton
        self._report_pointer(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Treat the second press of a double click as any press."""
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Report the position."""
        self._report_pointer(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Report the buttons, and a click when the left one was pressed here."""
        self._report_pointer(event)
        if event.button() == Qt.MouseButton.LeftButton and self._pressed:
            self._pressed = False
            self.clicked.emit(*self._page_xy(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Report scrolling in page px: as sent by touch pads, 100 px per notch of a wheel."""
        fine = event.pixelDelta().y() * self.devicePixelRatioF() / self.placement.scale
        delta_px = fine or event.angleDelta().y() / _WHEEL_STEP_UNITS * _WHEEL_STEP_PX
        if delta_px:
            self.scrolled.emit(-delta_px)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Report the keys of KEYS and Escape; a held Enter or Space counts once."""
        if event.key() == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
            return
        name = KEYS.get(event.key(), "")
        if not name:
            super().keyPressEvent(event)
        elif name in _REPEATING or not event.isAutoRepeat():
            self.key_pressed.emit(name)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave closing to the operator."""
        if self._dismissed:
            event.accept()
        else:
            event.ignore()
            self.escape_pressed.emit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Forget a press that began before the window lost its place in front."""
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._pressed = False
        super().changeEvent(event)

    def _report_pointer(self, event: QMouseEvent) -> None:
        self.pointer_moved.emit(*self._page_xy(event.position()), event.buttons().value)

    def _page_xy(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        x_px, y_px = self.placement.to_page(np.asarray([position.x() * ratio, position.y() * ratio]))
        return float(x_px), float(y_px)
