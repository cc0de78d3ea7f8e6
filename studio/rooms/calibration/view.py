"""The room "Calibration and validation": renders the controller's state and turns clicks into its calls."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.house import House
from studio.live import LivePump
from studio.rooms.calibration.actions import Actions
from studio.rooms.calibration.attempt_list import AttemptList, DriftList
from studio.rooms.calibration.controller import CalibrationController, Running, Shared
from studio.rooms.calibration.eyes_view import EyesView
from studio.rooms.calibration.result_table import ResultTable
from studio.rooms.calibration.state import RoomState, Shown
from studio.rooms.calibration.target_screen import TargetScreen
from studio.rooms.room import Room
from studio.state import LiveState
from studio.visit_session import begin
from studio.widgets.panel import Panel

_SHOWN: dict[Shown, str] = {
    "used": "Best map",
    "both": "Both eyes",
    "left": "Left eye",
    "right": "Right eye",
    "delivered": "As delivered",
}
_ENDED = ("finished", "aborted", "failed")


class CalibrationRoom(Room):
    """Calibration and validation.

    Attributes:
        controller: owns what is shown.
        picture: the participant's screen small.
        table: result per target and eye.
        attempts: every attempt.
        drifts: every drift check.
        eyes: whether the eyes are seen.
        shown: whose offsets are drawn.
        buttons: what can be done with targets and attempts.
        reason: why the session goes on below the limits.
        go_on: the main button.
        why_not: why the main button cannot be pressed, or why a wish was not followed.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house)
        shared = Shared(house.visit, house.notice, lambda: begin(house), lambda key: house.go(key, None))
        self.controller = CalibrationController(shared)
        self._pump: LivePump | None = None
        self._stage = ""
        self._furnish()
        self._listen()
        self._unwatch = [
            self.controller.state.watch(self._render),
            house.visit.watch(lambda _: self.controller.render()),
            house.performance.watch(self._follow),
        ]

    def enter(self, about: Path | None) -> None:
        """Show how things stand."""
        del about
        self.controller.render()
        self._render(self.controller.state.value)
        self.go_on.setFocus()

    def busy(self) -> str:
        """Say that a calibration goes on."""
        if self.controller.state.value.stage in ("opening", "positions", "targets", "deciding", "drift"):
            return "The session is being calibrated. End it in room 5, Session, before closing the Studio."
        return ""

    def redress(self) -> bool:
        """Furnish anew in the new colours; what is shown and what was typed stays."""
        reason, eye = self.reason.text(), self.shown.currentIndex()
        self.clear()
        self._furnish()
        self.reason.setText(reason)
        self.shown.setCurrentIndex(eye)
        self._stage = ""  # the focus finds its place again
        self._render(self.controller.state.value)
        return True

    def close_down(self) -> None:
        """Stop looking at the session."""
        for unwatch in self._unwatch:
            unwatch()
        if self._pump is not None:
            self._pump.stop()

    # ---- what is shown

    def _follow(self, session: Running | None) -> None:
        """Look at a session from now on; also while another room is shown, which may be needed again."""
        if self._pump is not None:
            self._pump.stop()
            self._pump.deleteLater()
            self._pump = None
        self.controller.session(session)
        if session is not None:
            self._pump = LivePump(session.state, self._beat, self)
            self._pump.start()

    def _beat(self, live: LiveState) -> None:
        self.controller.render(live)
        session = self.house.performance.value
        if self._pump is not None and live.phase in _ENDED and not (session and session.running):
            self._pump.stop()

    def _render(self, state: RoomState) -> None:
        if not self.isVisible():
            return
        self._say(state)
        if state.stage != self._stage:
            self._stage = state.stage
            (self.reason if state.needs_reason else self.go_on).setFocus()
        self.picture.render_state(state)
        calibration = state.calibration
        self._result.setVisible(state.attempt is not None and state.stage not in ("positions", "targets"))
        if calibration is not None:
            self.table.render_attempt(state.attempt, state.target_px, calibration.screen)
        self.attempts.render_attempts(calibration, state.attempt)
        self.drifts.render_drifts(() if calibration is None else calibration.drifts)
        self.eyes.render_eyes(None if state.live is None else state.live.eyes)
        self._side.setVisible(state.live is not None)
        self._eyes_panel.setVisible(state.stage in ("positions", "targets"))
        self.shown.setVisible(state.stage == "deciding")
        self.buttons.render_state(state)
        self._space.setEnabled(state.stage == "targets" and calibration is not None and calibration.by_key)

    def _say(self, state: RoomState) -> None:
        self.headline.setText(state.headline)
        mood = "" if state.mood == "quiet" else f"color: {self.house.palette.mood(state.mood)};"
        if self.headline.styleSheet() != mood:
            self.headline.setStyleSheet(mood)
        self.advice.setText(state.advice)
        self.reason.setVisible(state.needs_reason)
        lacks = state.needs_reason and not self.reason.text().strip()
        self.why_not.setText(state.question or state.why_not or ("Type a reason to go on." if lacks else ""))
        self.go_on.setText(f"{state.main}  ⏎")
        self.go_on.setAccessibleName(state.main)
        self.go_on.setEnabled(not state.why_not and not lacks)

    def _furnish(self) -> None:
        """Build everything in the house's colours."""
        palette = self.house.palette
        self.headline, self.advice, self.why_not = QLabel(), QLabel(), QLabel()
        self.picture, self.table = TargetScreen(palette), ResultTable(palette)
        self.attempts, self.drifts = AttemptList(palette), DriftList(palette)
        self.eyes, self.shown, self.buttons = EyesView(palette), QComboBox(), Actions()
        self.reason, self.go_on = QLineEdit(), QPushButton()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.headline.setProperty("role", "phase")
        for label in (self.headline, self.advice, self.why_not):
            label.setWordWrap(True)
        self.advice.setProperty("role", "muted")
        self.go_on.setProperty("role", "main")
        self.reason.setPlaceholderText("Why the session goes on below the limits, for example: glasses")
        self.reason.setAccessibleName("Reason to go on below the limits")
        self.reason.setMaxLength(300)
        self.shown.setAccessibleName("Whose offsets are drawn")
        for key, words in _SHOWN.items():
            self.shown.addItem(words, key)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.headline)
        layout.addWidget(self.advice)
        layout.addWidget(self._middle(), 1)
        layout.addWidget(self.buttons)
        bottom = QHBoxLayout()
        bottom.addWidget(self.buttons.by_key)
        bottom.addWidget(self.why_not, 2)
        bottom.addWidget(self.reason, 3)
        bottom.addWidget(self.go_on)
        layout.addLayout(bottom)

    def _middle(self) -> QWidget:
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        left = QSplitter(Qt.Orientation.Vertical)
        self._result = Panel("Result per target and eye", self.table)
        left.addWidget(Panel("Participant's screen", picture, self.shown))
        left.addWidget(self._result)
        left.setChildrenCollapsible(False)
        left.setStretchFactor(0, 5)
        left.setStretchFactor(1, 4)
        left.setSizes([5000, 4000])
        self._side = QWidget()
        right = QVBoxLayout(self._side)
        right.setContentsMargins(0, 0, 0, 0)
        self._eyes_panel = Panel("Eyes seen in the last second", self.eyes)
        right.addWidget(self._eyes_panel)
        right.addWidget(Panel("Attempts", self.attempts), 3)
        right.addWidget(Panel("Drift", self.drifts), 2)
        whole = QWidget()
        across = QHBoxLayout(whole)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(left, 5)
        across.addWidget(self._side, 2)
        return whole

    # ---- what is done

    def _connect(self) -> None:
        controller, buttons = self.controller, self.buttons
        self.go_on.clicked.connect(lambda: controller.main(self.reason.text()))
        self.reason.textChanged.connect(lambda: self._say(controller.state.value))
        buttons.all.clicked.connect(controller.show_again)
        buttons.redo.clicked.connect(controller.redo)
        buttons.validate.clicked.connect(controller.validate)
        buttons.use.clicked.connect(controller.use)
        buttons.stop.clicked.connect(controller.stop)
        buttons.check.clicked.connect(controller.check_drift)
        buttons.anew.clicked.connect(controller.calibrate_anew)
        buttons.next.clicked.connect(controller.next_target)
        buttons.by_key.toggled.connect(controller.pace)
        self.shown.currentIndexChanged.connect(
            lambda: controller.show_eye(cast(Shown, self.shown.currentData()))
        )
        self.picture.target_chosen.connect(controller.select)
        self.table.target_chosen.connect(controller.select)
        self.attempts.attempt_chosen.connect(controller.look_at)

    def _listen(self) -> None:
        """Take keys."""
        for key in ("Return", "Enter"):
            QShortcut(QKeySequence(key), self).activated.connect(lambda: self.go_on.click())
        self._space = QShortcut(QKeySequence("Space"), self)
        self._space.activated.connect(self.controller.next_target)
        self._space.setEnabled(False)
