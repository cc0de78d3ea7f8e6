"""What holds in every room: names for screen readers, one key per thing, one main button, readable words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QMainWindow,
    QMenu,
    QPushButton,
    QScrollArea,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from protocols.participant import Participant
from protocols.study import load_study
from studio.app import Studio
from studio.rooms.room import Room
from studio.settings import Settings
from studio.theme import contrast
from studio.visit import Visit
from studio.windows.performing import application
from studio.windows.studio import ROOMS


@pytest.fixture
def studio(tmp_path: Path, qtbot: QtBot) -> Iterator[Studio]:
    app = application()
    before = (app.font(), app.palette(), app.styleSheet(), app.style().objectName())
    made = Studio(app, Settings(data_folder=tmp_path))
    qtbot.addWidget(made.window)
    made.house.visit.put(Visit(study=load_study("demo"), participant=Participant(pseudonym="P01")))
    made.show()
    yield made
    made.window.close()
    app.setStyleSheet(before[2])
    app.setStyle(before[3])
    app.setFont(before[0])
    app.setPalette(before[1])


def rooms(studio: Studio) -> Iterator[tuple[str, Room]]:
    """Go to each room, and in it to each tab."""
    for key in ROOMS:
        studio.window.go(key)
        QApplication.processEvents()
        room = studio.window.room(key)
        tabs = room.findChildren(QTabBar)
        for index in range(tabs[0].count() if tabs else 1):
            if tabs:
                tabs[0].setCurrentIndex(index)
            yield f"{key} {index}", room


def controls(room: Room) -> list[QWidget]:
    """Return what the Tab key reaches, without the parts that Qt puts into its own widgets."""
    return [
        w
        for w in room.findChildren(QWidget)
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not _is_part(w) and not isinstance(w, QMenu)
    ]


def keys(room: Room) -> list[str]:
    """Return the Alt keys that do something now, in the room and in the menus above it."""
    texts = [w.text() for w in room.findChildren(QAbstractButton) if w.isVisible()]
    texts += [w.text() for w in room.findChildren(QLabel) if w.buddy() is not None and w.isVisible()]
    texts += [bar.tabText(i) for bar in room.findChildren(QTabBar) for i in range(bar.count())]
    window = room.window()
    assert isinstance(window, QMainWindow)
    texts += [action.text() for action in window.menuBar().actions()]
    return [key for text in texts if (key := QKeySequence.mnemonic(text).toString())]


def test_every_control_has_a_name(studio: Studio) -> None:
    nameless = set()
    for key, room in rooms(studio):
        assert controls(room)
        for control in controls(room):
            told = QAccessible.queryAccessibleInterface(control)
            if not told.text(QAccessible.Text.Name).strip():
                nameless.add(f"{key}: {type(control).__name__} in {type(control.parentWidget()).__name__}")
    assert not nameless


def test_no_key_means_two_things(studio: Studio) -> None:
    double = {
        key: [k for k, times in Counter(keys(room)).items() if times > 1] for key, room in rooms(studio)
    }
    assert {key: twice for key, twice in double.items() if twice} == {}


def test_each_room_has_one_main_button_at_the_lower_right(studio: Studio) -> None:
    for key, room in rooms(studio):
        mains = [b for b in room.findChildren(QPushButton) if b.property("role") == "main" and b.isVisible()]
        assert len(mains) == 1, key
        lower_right = mains[0].mapTo(room, mains[0].rect().bottomRight())
        assert room.width() - lower_right.x() <= 2, key
        assert room.height() - lower_right.y() <= 2, key


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_words_stand_out_from_what_is_behind_them(studio: Studio, theme: str) -> None:
    studio.house.settings.put(studio.house.settings.value.model_copy(update={"theme": theme}))
    palette = studio.house.palette
    for key in ROOMS:
        studio.window.go(key)
        for label in studio.window.room(key).findChildren(QLabel):
            if label.text() and label.isVisible():
                ink = label.palette().color(label.foregroundRole()).name()
                for ground in (palette.background, palette.surface):
                    assert contrast(ink, ground) >= 4.5, (key, label.text(), ink)


def test_letters_of_every_size_find_room(studio: Studio) -> None:
    settings = studio.house.settings
    for scale in (0.8, 1.6):
        settings.put(settings.value.model_copy(update={"font_scale": scale}))
        for key in ROOMS:
            studio.window.go(key)
            QApplication.processEvents()
            cut = [
                button.text()
                for button in studio.window.room(key).findChildren(QPushButton)
                if button.isVisible()
                and button.width() < button.minimumSizeHint().width()
                and not _scrolled(button)
            ]
            assert not cut, (key, scale)


def _is_part(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, Room):
        if isinstance(parent, (QAbstractSpinBox, QComboBox)):
            return True
        parent = parent.parentWidget()
    return widget.objectName().startswith("qt_")


def _scrolled(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            return True
        parent = parent.parentWidget()
    return False
