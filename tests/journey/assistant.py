"""A lab assistant: presses keys and mouse buttons on what can be seen, waits, and takes pictures."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QListWidget,
    QMainWindow,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

PICTURES = os.environ.get("GAZETWIN_PICTURES", "")
"""Folder for pictures of the rooms; none are taken without one."""


_SETTLED_MS = 1200
"""Pictures are taken when everything that is read in the background is there."""


class Assistant:
    """Acts on one window, never on anything behind it.

    Args:
        qtbot: of pytest-qt.
        window: the Studio's.
    """

    def __init__(self, qtbot: QtBot, window: QMainWindow) -> None:
        self._qtbot, self.window = qtbot, window

    def wait(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something can be seen."""
        self._qtbot.waitUntil(condition, timeout=round(1000 * seconds))

    def key(self, keys: str) -> None:
        """Press keys on whatever has the focus, written as in a menu: Alt+2, Return, Space."""
        *modifiers, last = keys.split("+")
        held = {"Alt": Qt.KeyboardModifier.AltModifier, "Ctrl": Qt.KeyboardModifier.ControlModifier}
        with_keys = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            with_keys |= held[modifier]
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, getattr(Qt.Key, f"Key_{last}"), with_keys)

    def type(self, widget: QWidget, text: str) -> None:
        """Click into a field and type."""
        self.click(widget)
        QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(widget, text)

    def click(self, widget: QWidget) -> None:
        """Click what can be seen and used, where one would: a box at its left, the rest in the middle."""
        assert widget.isVisible(), f"{widget.accessibleName() or widget} cannot be seen"
        assert widget.isEnabled(), f"{widget.accessibleName() or widget} cannot be used: {widget.toolTip()}"
        left = isinstance(widget, QAbstractButton) and widget.isCheckable() and widget.width() > 60
        at = QPoint(12, widget.height() // 2) if left else widget.rect().center()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)

    def choose(self, box: QComboBox, words: str) -> None:
        """Choose from a box by typing the beginning of the words."""
        box.setFocus()
        QTest.keyClicks(box, words)
        assert box.currentText().startswith(words), box.currentText()

    def pick(self, entries: QListWidget, words: str) -> None:
        """Click a line of a list."""
        for row in range(entries.count()):
            item = entries.item(row)
            if words in item.text():
                entries.scrollToItem(item)
                at = entries.visualItemRect(item).center()
                QTest.mouseClick(entries.viewport(), Qt.MouseButton.LeftButton, pos=at)
                return
        raise AssertionError(f"no line with {words!r}")

    def tab(self, tabs: QTabWidget, index: int) -> None:
        """Click a tab."""
        at = tabs.tabBar().tabRect(index).center()
        QTest.mouseClick(tabs.tabBar(), Qt.MouseButton.LeftButton, pos=at)
        assert tabs.currentIndex() == index

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of a window, in few colours, which is a third of the size."""
        if not PICTURES:
            return
        self._qtbot.wait(_SETTLED_MS)
        pixels = (widget or self.window).grab()
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        _image(pixels).quantize(128, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)


def _image(pixels: QPixmap) -> Image.Image:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixels.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
