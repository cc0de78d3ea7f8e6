"""The buttons of a player, each with its key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from studio.rooms.replay.state import SPEEDS, ReplayState
from studio.widgets.time_axis import clock_words

_PLAY, _PAUSE = "Play", "Pause"


class Transport(QWidget):
    """Play and pause, steps, speeds, zoom, and what time it is.

    Attributes:
        play: also pauses.
        speeds: one button per speed, by speed.
    """

    stepped_fixation = Signal(int)
    stepped_trial = Signal(int)
    speed_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.trial_back = _button("«  Trial", "The trial before", "Shift+←")
        self.fixation_back = _button("‹  Fixation", "The fixation before", "←")
        self.play = _button(_PLAY, "Play or pause", "Space")
        self.play.setMinimumWidth(self.play.fontMetrics().horizontalAdvance(_PAUSE) + 40)
        self.fixation_on = _button("Fixation  ›", "The next fixation", "→")
        self.trial_on = _button("Trial  »", "The next trial", "Shift+→")
        self.speeds = {speed: _speed(speed) for speed in SPEEDS}
        self.zoom_out = _button("Zoom −", "Show more of the time line", "Ctrl+−")
        self.zoom_in = _button("Zoom +", "Show less of the time line, in more detail", "Ctrl++")
        self.all = _button("All", "Show the whole session on the time line", "Ctrl+0")
        self._time = QLabel()
        self._time.setProperty("role", "value")
        self._time.setAccessibleName("Time")
        self._steps = _line(self.trial_back, self.fixation_back, self.play, self.fixation_on, self.trial_on)
        self._pace = _line(*self.speeds.values(), None, self.zoom_out, self.zoom_in, self.all)
        self._grid, self._wide = QGridLayout(self), False
        self._lay_out()
        self._connect()

    def render_state(self, state: ReplayState) -> None:
        """Show whether it plays, how fast, and the time."""
        session = state.session
        for button in self.findChildren(QPushButton):
            button.setEnabled(session is not None)
        words = _PAUSE if state.playing else _PLAY
        if self.play.text() != words:
            self.play.setText(words)
            self.play.setAccessibleName("Pause" if state.playing else "Play")
        self.speeds[state.speed].setChecked(True)
        if session is None:
            self._time.setText("")
        else:
            at, of = clock_words(state.t_s - session.begin_s), clock_words(session.duration_s)
            self._time.setText(f"{at} / {of}")

    def _connect(self) -> None:
        self.fixation_back.clicked.connect(lambda: self.stepped_fixation.emit(-1))
        self.fixation_on.clicked.connect(lambda: self.stepped_fixation.emit(1))
        self.trial_back.clicked.connect(lambda: self.stepped_trial.emit(-1))
        self.trial_on.clicked.connect(lambda: self.stepped_trial.emit(1))
        for speed, button in self.speeds.items():
            button.clicked.connect(lambda _=False, speed=speed: self.speed_chosen.emit(speed))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Stand in one line where there is room, else in two."""
        super().resizeEvent(event)
        parts = (self._steps, self._pace, self._time)
        wide = self.width() >= sum(part.sizeHint().width() for part in parts) + 40
        if wide != self._wide:
            self._wide = wide
            self._grid.removeWidget(self._pace)
            self._grid.addWidget(self._pace, *((0, 1) if wide else (1, 0, 1, 3)))

    def _lay_out(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(2, 1)
        self._grid.addWidget(self._steps, 0, 0)
        self._grid.addWidget(self._time, 0, 2, Qt.AlignmentFlag.AlignRight)
        self._grid.addWidget(self._pace, 1, 0, 1, 3)


def _line(*buttons: QPushButton | None) -> QWidget:
    """Return buttons beside each other, with a space where there is none."""
    box = QWidget()
    line = QHBoxLayout(box)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    for button in buttons:
        if button is None:
            line.addSpacing(10)
        else:
            line.addWidget(button)
    line.addStretch(1)
    return box


def _button(words: str, meaning: str, keys: str) -> QPushButton:
    button = QPushButton(words)
    button.setAccessibleName(meaning)
    button.setToolTip(f"{meaning} ({keys})")
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return button


def _speed(speed: float) -> QPushButton:
    button = _button(f"{speed:g}×", f"Play at {speed:g} times the speed", "+ faster, − slower")
    button.setCheckable(True)
    button.setAutoExclusive(True)
    return button
