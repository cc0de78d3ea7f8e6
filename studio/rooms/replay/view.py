"""The room "Replay": a recorded session, played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from protocols.errors import GazeTwinError
from studio.comparing import compared
from studio.house import House
from studio.rooms.replay.controller import ReplayController
from studio.rooms.replay.pictures import MomentPictures
from studio.rooms.replay.session import ReplaySession
from studio.rooms.replay.state import ReplayState
from studio.rooms.replay.transport import Transport
from studio.rooms.room import Room
from studio.session_choices import Choices, choices
from studio.state import Notice
from studio.widgets.timeline import TimeLine

_BEAT_MS = 16
_PREDICTED = "Prediction made during the session"
_KEYS = "Space play · ← → fixation · Shift+← → trial · + − speed · Ctrl+± zoom"


class ReplayRoom(Room):
    """Replay.

    Attributes:
        controller: plays.
        sessions: choice of the session.
        personas: what the real attention is compared with.
        open_other: opens a recording from anywhere.
        report: the main button.
        time_line: where one is.
        transport: buttons of the player.
        pictures: what is seen.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.controller = ReplayController(house.background, house.clock, compared)
        self._choices, self._closed = Choices(), False
        self._recorded: Path | None = None
        self._timer = QTimer(self, interval=_BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.controller.tick)
        self._furnish()

    def _furnish(self) -> None:
        """Make everything that can be seen, in the house's colours."""
        self._session: ReplaySession | None = None
        self.sessions, self.personas = QComboBox(), QComboBox()
        self.open_other = QPushButton("&Open …")
        self.report = QPushButton("Go on to the &Report")
        self.time_line = TimeLine(self.house.palette)
        self.transport = Transport()
        self.pictures = MomentPictures(self.house.palette)
        self._stage = QWidget()
        self._line, self._keys = QLabel(), QLabel(_KEYS)
        self._progress = QProgressBar()
        self._lay_out()
        self._connect()
        self._shortcuts()
        self._unwatch = self.controller.state.watch(self._render)

    def enter(self, about: Path | None) -> None:
        """Show a session: the one asked for, the one of this visit, or the one shown before."""
        self._timer.start()
        self._list_files()
        recorded = self.house.visit.value.recorded
        wanted = about or (recorded if recorded != self._recorded else None)
        self._recorded = recorded
        shown = self.controller.state.value.session
        if shown is not None and not shown.path.exists():
            self.controller.close()  # erased meanwhile: nothing of it may be seen any more
        if wanted is not None and (shown is None or shown.path != wanted):
            self.controller.open(wanted)
        self.time_line.setFocus()

    def leave(self) -> None:
        """Stand still while nobody looks."""
        self.controller.pause()
        self._timer.stop()

    def redress(self) -> bool:
        """Furnish the room anew; the session goes on where it is."""
        self._unwatch()
        self.clear()
        self._furnish()
        self._list_files()
        self.time_line.setFocus()
        return True

    def close_down(self) -> None:
        """Let go of the session."""
        self._closed = True
        self._timer.stop()
        self._unwatch()
        self.controller.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Space plays and pauses, unless a control uses it; Enter takes the main button."""
        if event.key() == Qt.Key.Key_Space:
            self.controller.toggle()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.report.isEnabled():
            self.report.click()
        else:
            super().keyPressEvent(event)

    def _render(self, state: ReplayState) -> None:
        if state.session is not self._session:
            self._session = state.session
            if state.session is not None:
                self.time_line.render_lanes(state.lanes, state.session.begin_s, state.session.end_s)
            else:
                self.time_line.render_lanes((), 0.0, 1.0)
            self._select(self.sessions, state.session.path if state.session else None)
        if state.persona != self.personas.currentData():
            self._select(self.personas, state.persona)
        if state.moment is not None:
            self.time_line.render_time(state.moment.t_s)
        self.transport.render_state(state)
        self.pictures.render_state(state)
        self._render_line(state)
        self.report.setEnabled(state.session is not None)
        self.report.setToolTip("Enter" if state.session else "Choose a session first.")

    def _render_line(self, state: ReplayState) -> None:
        self._progress.setVisible(state.working)
        self._progress.setRange(0, 0 if state.progress is None else 100)
        if state.progress is not None:
            self._progress.setValue(round(100 * state.progress))
        moment = "" if state.moment is None else state.moment.line
        self._line.setText(state.said or moment)
        if state.said and not state.working:
            self.house.notice.put(Notice(state.said, "bad"))

    def _connect(self) -> None:
        self.transport.play.clicked.connect(self.controller.toggle)
        self.transport.stepped_fixation.connect(self.controller.step_fixation)
        self.transport.stepped_trial.connect(self.controller.step_trial)
        self.transport.speed_chosen.connect(self.controller.go_at)
        self.transport.zoom_in.clicked.connect(self.time_line.zoom_in)
        self.transport.zoom_out.clicked.connect(self.time_line.zoom_out)
        self.transport.all.clicked.connect(self.time_line.show_all)
        self.time_line.sought.connect(self.controller.seek)
        self.pictures.trial_chosen.connect(self.controller.jump)
        self.sessions.activated.connect(self._choose_session)
        self.personas.activated.connect(self._choose_persona)
        self.open_other.clicked.connect(self._ask_for_file)
        self.report.clicked.connect(self._go_on)

    def _shortcuts(self) -> None:
        wanted: dict[str, Callable[[], object]] = {
            "Right": lambda: self.controller.step_fixation(1),
            "Left": lambda: self.controller.step_fixation(-1),
            "Shift+Right": lambda: self.controller.step_trial(1),
            "Shift+Left": lambda: self.controller.step_trial(-1),
            "+": self.controller.faster,
            "=": self.controller.faster,
            "-": lambda: self.controller.faster(-1),
            "Ctrl++": self.time_line.zoom_in,
            "Ctrl+=": self.time_line.zoom_in,
            "Ctrl+-": self.time_line.zoom_out,
            "Ctrl+0": self.time_line.show_all,
            "Home": lambda: self.controller.seek(float("-inf")),
            "End": lambda: self.controller.seek(float("inf")),
        }
        for keys, does in wanted.items():
            shortcut = QShortcut(QKeySequence(keys), self._stage)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for words, box in (("Sess&ion", self.sessions), ("&Compare with", self.personas)):
            label = QLabel(words)
            label.setBuddy(box)
            box.setAccessibleName(words.replace("&", ""))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(18)
            top.addWidget(label)
            top.addWidget(box, 1)
            if box is self.sessions:
                top.addWidget(self.open_other)
        scrolled = QScrollArea()
        scrolled.setWidget(self.pictures)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        stage = QVBoxLayout(self._stage)
        stage.setContentsMargins(0, 0, 0, 0)
        stage.addWidget(scrolled, 8)
        stage.addWidget(self.transport)
        stage.addWidget(self.time_line, 1)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.addLayout(top)
        down.addWidget(self._stage, 1)
        down.addLayout(self._last())

    def _last(self) -> QHBoxLayout:
        self.report.setProperty("role", "main")
        self._line.setSizePolicy(self.sessions.sizePolicy())
        self._progress.setMaximumWidth(260)
        self._keys.setProperty("role", "muted")
        last = QHBoxLayout()
        last.addWidget(self._line, 1)
        for part in (self._progress, self._keys, self.report):
            last.addWidget(part)
        return last

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Name the keys only where there is room for it."""
        super().resizeEvent(event)
        self._keys.setVisible(self.width() > 2.2 * self._keys.sizeHint().width())

    def _list_files(self) -> None:
        """Offer what lies in the data folder, once it has been looked through."""
        folder = self.house.settings.value.data_folder
        self.house.background(lambda: choices(folder), self._offer, self._not_listed)

    def _offer(self, found: Choices) -> None:
        if self._closed:
            return
        self._choices, here = found, self.controller.state.value
        sessions = [(choice.words, choice.path) for choice in found.sessions]
        shown = None if here.session is None else here.session.path
        self._fill(self.sessions, [("Choose a session", None), *sessions], shown)
        personas = [(path.stem, path) for path in found.personas]
        self._fill(self.personas, [(_PREDICTED, None), *personas], here.persona)

    def _not_listed(self, error: GazeTwinError) -> None:
        self.house.notice.put(Notice(str(error), "bad"))

    def _fill(self, box: QComboBox, items: Sequence[tuple[str, Path | None]], chosen: Path | None) -> None:
        box.clear()
        for words, path in items:
            box.addItem(words, path)
        self._select(box, chosen)

    def _select(self, box: QComboBox, path: Path | None) -> None:
        known = [box.itemData(i) for i in range(box.count())]
        if path is not None and path not in known:
            box.addItem(self._choices.session(path).words, path)
            known.append(path)
        box.setCurrentIndex(known.index(path) if path in known else 0)

    def _choose_session(self, index: int) -> None:
        path = self.sessions.itemData(index)
        if path is not None:
            self.controller.open(path)
            self.personas.setCurrentIndex(0)
        self.time_line.setFocus()

    def _choose_persona(self, index: int) -> None:
        self.controller.compare_with(self.personas.itemData(index))

    def _ask_for_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Open a recording", str(self.house.sessions_folder), "Recordings (*.h5)"
        )
        if name:
            self.controller.open(Path(name))

    def _go_on(self) -> None:
        session = self.controller.state.value.session
        if session is not None:
            self.house.go("report", session.path)
