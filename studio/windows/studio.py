"""The Studio's window: the list of rooms at the left, one room at a time, one line of notice below.

The window knows the rooms by name only and builds each when it is first entered: the first window appears
before anything heavy is imported.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.house import House, RoomKey
from studio.rooms.room import Room
from studio.state import Notice
from studio.steps import steps
from studio.windows.menus import Menus
from studio.windows.session_sign import SessionSign

_NEWS_MS = 8000
ROOMS: dict[RoomKey, str] = {
    "start": "Start",
    "participant": "Participant",
    "devices": "Devices",
    "calibration": "Calibration",
    "session": "Session",
    "twin": "Twin",
    "replay": "Replay",
    "report": "Report",
}


class StudioWindow(QMainWindow):
    """Holds the rooms.

    Args:
        house: what the rooms share.

    Attributes:
        menus: above the rooms.
        sign: says that a session is being recorded.
        went_wrong: emit it, from any thread, with words about an error that nobody expected.
    """

    closed = Signal()
    went_wrong = Signal(str)

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house
        self._rooms: dict[RoomKey, Room] = {}
        self._here: RoomKey = "start"
        self._doors: dict[RoomKey, QPushButton] = {}
        self._stack = QStackedWidget()
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        self._news = QTimer(self, interval=_NEWS_MS, singleShot=True)
        self._news.timeout.connect(lambda: house.notice.put(None))
        self.sign = SessionSign(house, self)
        self._lay_out()
        self.setWindowTitle("GazeTwin Studio")
        self.setMinimumSize(1024, 680)
        self._place(house.settings.value.window)
        self.menus = Menus(self, house)
        house.notice.watch(self._say)
        house.visit.watch(lambda _: self._render_steps())
        self.sign.clicked.connect(lambda: self.go("session"))
        self.sign.stage_changed.connect(self._render_steps)
        self.sign.ended.connect(self._tell_end)
        self.went_wrong.connect(
            lambda words: house.notice.put(Notice(words, "bad")), Qt.ConnectionType.QueuedConnection
        )

    @property
    def here(self) -> RoomKey:
        """The room that is shown."""
        return self._here

    def room(self, key: RoomKey) -> Room:
        """Return a room, building it when it is needed for the first time."""
        if key not in self._rooms:
            module = import_module(f"studio.rooms.{key}.view")
            room = cast(type[Room], getattr(module, f"{key.capitalize()}Room"))(self._house)
            self._rooms[key] = room
            self._stack.addWidget(room)
        return self._rooms[key]

    def go(self, key: RoomKey, about: Path | None = None) -> None:
        """Show a room."""
        if self._here in self._rooms and key != self._here:
            self._rooms[self._here].leave()
            self._forget_news()
            self._done_with(self._here)
        room, self._here = self.room(key), key
        self._stack.setCurrentWidget(room)
        self._doors[key].setChecked(True)
        room.enter(about)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Press the room's main button for an Enter that no field or list has use for."""
        used = isinstance(self.focusWidget(), (QLineEdit, QTextEdit, QAbstractItemView, QComboBox))
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not used:
            buttons = self._rooms[self._here].findChildren(QPushButton)
            for button in (b for b in buttons if b.property("role") == "main" and b.isVisible()):
                button.click()
                return
        super().keyPressEvent(event)

    def rebuild(self) -> None:
        """Build the rooms anew in the present theme and size; one that is busy stays as it is."""
        for key, room in list(self._rooms.items()):
            if not room.redress() and not room.busy():
                self._remove(key)
        if self._here not in self._rooms and self.isVisible():
            self.go(self._here)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Stay while a room is busy, and go to it; close everything otherwise."""
        performance = self._house.performance.value
        if performance is not None and performance.running:
            self.room("session")  # it asks, even when nobody has been in it yet
        for key, room in self._rooms.items():
            if why := room.busy():
                event.ignore()
                self.go(key)
                self._house.notice.put(Notice(why, brief=True))
                room.closing()
                return
        self._remember_place()
        for key in list(self._rooms):
            self._remove(key)
        event.accept()
        self.closed.emit()

    def _place(self, remembered: tuple[int, int, int, int] | None) -> None:
        """Stand where the window stood last, if that is still on a display."""
        self.resize(1280, 800)
        if remembered is None:
            return
        wanted = QRect(*remembered)
        if any(screen.availableGeometry().contains(wanted.center()) for screen in QGuiApplication.screens()):
            self.setGeometry(wanted)

    def _remember_place(self) -> None:
        place = self.normalGeometry()
        window = (place.x(), place.y(), place.width(), place.height())
        self._house.settings.put(self._house.settings.value.model_copy(update={"window": window}))

    def _done_with(self, left: RoomKey) -> None:
        """Take note that the recording of this visit was looked at."""
        visit = self._house.visit.value
        if left in ("replay", "report") and visit.recorded is not None and left not in visit.done:
            self._house.visit.put(replace(visit, done=visit.done | {left}))

    def _tell_end(self, words: str) -> None:
        if self._here not in ("session", "calibration"):
            self._house.notice.put(Notice(words, "quiet"))

    def _render_steps(self) -> None:
        standing = steps(self._house.visit.value, self.sign.stage)
        for number, (key, words) in enumerate(ROOMS.items(), start=1):
            step = standing.get(key, "")
            self._doors[key].setText(f"{number}  {words} · {step}" if step else f"{number}  {words}")
            self._doors[key].setAccessibleName(f"Room {words}, {step}" if step else f"Room {words}")
            self._doors[key].setProperty("step", step)
            self._doors[key].style().polish(self._doors[key])

    def _remove(self, key: RoomKey) -> None:
        room = self._rooms.pop(key)
        room.close_down()
        self._stack.removeWidget(room)
        room.deleteLater()

    def _forget_news(self) -> None:
        """Take back what was only news of the room that is left; warnings stay."""
        notice = self._house.notice.value
        if notice is not None and notice.mood == "quiet":
            self._house.notice.put(None)

    def _say(self, notice: Notice | None) -> None:
        self._notice.setVisible(notice is not None)
        self._news.stop()
        if notice is not None and notice.brief:
            self._news.start()
        if notice is not None:
            self._notice.setText(notice.text)
            self._notice.setStyleSheet(f"color: {self._house.palette.mood(notice.mood)};")

    def _lay_out(self) -> None:
        doors = QVBoxLayout()
        doors.setSpacing(4)
        group = QButtonGroup(self)
        for number, (key, words) in enumerate(ROOMS.items(), start=1):
            doors.addWidget(self._door(key, words, number, group))
        doors.addSpacing(12)
        doors.addWidget(self.sign)
        doors.addStretch(1)
        centre = QWidget()
        across, down = QHBoxLayout(centre), QVBoxLayout()
        across.setContentsMargins(8, 8, 8, 8)
        across.addLayout(doors)
        across.addLayout(down, 1)
        down.addWidget(self._stack, 1)
        down.addWidget(self._notice)
        self.setCentralWidget(centre)

    def _door(self, key: RoomKey, words: str, number: int, group: QButtonGroup) -> QPushButton:
        door = QPushButton(f"{number}  {words}")
        door.setCheckable(True)
        door.setProperty("role", "door")
        door.setToolTip(f"{words} (Alt+{number})")
        door.clicked.connect(lambda: self.go(key))
        shortcut = QShortcut(QKeySequence(f"Alt+{number}"), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(lambda: self.go(key))
        group.addButton(door)
        self._doors[key] = door
        return door
