"""Notices when the display that a window fills is unplugged, changes its size, or comes back."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication, QWidget

_SHELTER = QRect(40, 40, 480, 270)
_SETTLED_MS = 200


class HomeDisplay(QObject):
    """Watches over one window's display.

    When the display goes, the window becomes small and goes behind all others: it goes on painting, which a
    hidden one would not, so that nothing waits for it. When a display of the same name comes, the window
    fills it again. Who had the keyboard keeps it.

    Args:
        window: a whole window.
    """

    lost = Signal(str)
    back = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._name: str | None = None
        self._size = (0, 0)
        self._away = False
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenRemoved.connect(self._removed)
        app.screenAdded.connect(self._added)

    def settle(self, display: QScreen) -> None:
        """Watch over this display from now on."""
        self._name, self._away, self._size = display.name(), False, _size_px(display)
        display.geometryChanged.connect(self._resized)

    def leave(self) -> None:
        """Watch no longer."""
        self._name = None

    def _removed(self, display: QScreen) -> None:
        if self._name is None or self._away or display.name() != self._name:
            return
        self._away = True
        # Qt is still moving windows off the display while it tells this.
        QTimer.singleShot(0, self, self._shelter)
        self.lost.emit(
            f"The participant's display {self._name} was disconnected. Gaze is still recorded, but the "
            "page is not where it was: connect it, check that the participant has not moved, and resume."
        )

    def _shelter(self) -> None:
        primary = QGuiApplication.primaryScreen()
        if self._away and self._window.isVisible() and primary is not None:
            typing = self._typing()
            self._show(Qt.WindowState.WindowNoState)
            self._window.setGeometry(_SHELTER.translated(primary.geometry().topLeft()))
            self._window.lower()
            self._give_back(typing)

    def _added(self, display: QScreen) -> None:
        if self._name is None or not self._away or display.name() != self._name:
            return
        before, self._away = self._size, False
        self.settle(display)
        typing = self._typing()
        self._window.setScreen(display)
        self._window.setGeometry(display.geometry())
        self._show(Qt.WindowState.WindowFullScreen)
        self._give_back(typing)
        if self._size != before:
            self._tell_size(before)
        else:
            self.back.emit(f"The participant's display {self._name} is back, and the page is where it was.")

    def _typing(self) -> QWidget | None:
        """Return the other window that has the keyboard, if one has."""
        active = QApplication.activeWindow()
        return None if active is self._window else active

    def _show(self, state: Qt.WindowState) -> None:
        self._window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._window.setWindowState(state)
        self._window.show()

    def _give_back(self, typing: QWidget | None) -> None:
        if typing is not None:
            typing.raise_()
            # The window system may hand the keyboard to the window that has just moved.
            QTimer.singleShot(_SETTLED_MS, typing, typing.activateWindow)

    def _resized(self) -> None:
        display = self._window.screen()
        if self._name is None or self._away or display.name() != self._name:
            return
        before, self._size = self._size, _size_px(display)
        if before != self._size:
            self._window.setGeometry(display.geometry())
            self._tell_size(before)

    def _tell_size(self, before: tuple[int, int]) -> None:
        self.lost.emit(
            f"The participant's display {self._name} has changed from {before[0]} x {before[1]} to "
            f"{self._size[0]} x {self._size[1]} px. Gaze no longer falls where the page is drawn: set "
            "the old resolution, or end this session and begin another."
        )


def _size_px(display: QScreen) -> tuple[int, int]:
    ratio, size = display.devicePixelRatio(), display.size()
    return round(size.width() * ratio), round(size.height() * ratio)
