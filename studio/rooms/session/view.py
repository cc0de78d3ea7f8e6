"""The room "Session": the operator's view of the running session, and its summary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studio.house import House
from studio.live import LivePump
from studio.performance import Performance
from studio.recording import Recorded
from studio.rooms.room import Room
from studio.rooms.session.controller import SessionController, SessionState
from studio.rooms.session.lost_display import LostDisplay
from studio.rooms.session.summary_view import SummaryView
from studio.state import LiveState
from studio.widgets.controls import FOR_GOOD, RESUMABLE
from studio.widgets.operator_view import OperatorView

_BUSY = "A session is being recorded: abort it first, then close the Studio."
_EMPTY = (
    "While a session is recorded, its page, the gaze, the twin's prediction and the trials are seen here."
)


class SessionRoom(Room):
    """Shows what leads to a session, the session, and how it went.

    Attributes:
        controller: what the room knows.
        operator: page, gaze, slot map, buttons.
        main: goes on to the next room.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.controller = SessionController(house.visit, house.background, house.notice, house.go)
        self._performance: Performance[Recorded] | None = None
        self._down = QVBoxLayout(self)
        self._down.setContentsMargins(0, 0, 0, 0)
        self._furnish()
        self._pump = LivePump(lambda: self.controller.live, self._draw, self)
        self._unwatch: list[Callable[[], None]] = [
            self.controller.state.watch(self._render),
            house.performance.watch(self._follow),
            house.visit.watch(lambda _: self.controller.refresh()),
        ]

    def enter(self, about: Path | None) -> None:
        """Show what is going on."""
        del about
        self.controller.refresh()
        self._render(self.controller.state.value)

    def leave(self) -> None:
        """Nothing is drawn while nobody looks; the session goes on."""
        self._pump.stop()

    def busy(self) -> str:
        """Say that a session is being recorded."""
        return _BUSY if self._runs else ""

    def redress(self) -> bool:
        """Furnish anew in the new colours; the session that is shown goes on."""
        self._furnish()
        self._render(self.controller.state.value)
        self._draw(self.controller.live)
        return True

    def closing(self) -> None:
        """Ask whether to end the session."""
        self._draw(self.controller.live)
        self.operator.ask_abort()

    def close_down(self) -> None:
        """Stop drawing and following."""
        self._pump.stop()
        for unwatch in self._unwatch:
            unwatch()
        self._unfollow()

    @property
    def _runs(self) -> bool:
        return self.controller.running

    def _follow(self, performance: Performance[Recorded] | None) -> None:
        self._unfollow()
        self._performance = performance
        if performance is not None:
            performance.over.connect(self._over)
            performance.escaped.connect(self._escaped)
            performance.window.display_lost.connect(self.controller.display_lost)
            performance.window.display_back.connect(self.controller.display_back)
        self.controller.follow(performance)

    def _unfollow(self) -> None:
        if self._performance is not None:
            self._performance.over.disconnect(self._over)
            self._performance.escaped.disconnect(self._escaped)
            self._performance.window.display_lost.disconnect(self.controller.display_lost)
            self._performance.window.display_back.disconnect(self.controller.display_back)
            self._performance = None

    def _over(self) -> None:
        self.operator.question.reject()
        self._forget_asking()
        self._draw(self.controller.live)
        self.controller.over()

    def _escaped(self) -> None:
        if self.controller.escaped():
            self.window().raise_()
            self.window().activateWindow()
            self.house.go("session", None)
            self.operator.ask_abort()

    def _forget_asking(self) -> None:
        """Take back what was said when the Studio was to be closed."""
        notice = self.house.notice.value
        if notice is not None and notice.text == _BUSY:
            self.house.notice.put(None)

    def _draw(self, state: LiveState) -> None:
        self.operator.render_state(state)
        study = self.house.visit.value.study
        resumable = bool(state.trials) and study is not None and not study.posters
        self.operator.question.promise.setText(RESUMABLE if resumable else FOR_GOOD)

    def _move_display(self) -> None:
        """Show the participant's window on the display that is left, because the operator says so."""
        if self._performance is not None:
            self._performance.window.show_on(QGuiApplication.primaryScreen())
            self.controller.display_back("")

    def _render(self, state: SessionState) -> None:
        pages = {"empty": 0, "running": 1, "over": 2}
        self._stack.setCurrentIndex(pages[state.stage])
        self._line.setText(state.line)
        self.main.setText(state.main)
        self.main.setAccessibleName(state.main)
        self.main.setVisible(state.stage != "running")
        self.lost_display.render_lost(state.display_gone)
        if state.summary is not None:
            self._summary.render_summary(state.summary)
        if state.stage == "running" and self.isVisible():
            self._pump.start()
        else:
            self._pump.stop()
        if state.stage == "over" and self.isVisible():
            self.main.setFocus()

    def _furnish(self) -> None:
        """Build everything in the house's colours, in place of what there was."""
        while (old := self._down.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        palette = self.house.palette
        self.operator, self.lost_display = OperatorView(palette), LostDisplay(palette)
        self.main, self._line = QPushButton(), QLabel()
        self._summary, self._stack = SummaryView(palette), QStackedWidget()
        self._lay_out()
        self.operator.question.finished.connect(self._forget_asking)
        self.operator.asked.connect(self.controller.ask)
        self.main.clicked.connect(self.controller.go_on)
        self.lost_display.move_here.clicked.connect(self._move_display)
        self.lost_display.end.clicked.connect(self.operator.ask_abort)

    def _lay_out(self) -> None:
        self.main.setObjectName("main")
        self.main.setProperty("role", "main")
        self.main.setAutoDefault(True)
        self._line.setWordWrap(True)
        self._line.setProperty("role", "phase")
        empty, told = QWidget(), QLabel(_EMPTY)
        told.setWordWrap(True)
        told.setProperty("role", "muted")
        down = QVBoxLayout(empty)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self._line)
        down.addWidget(told)
        down.addStretch(1)
        for page in (empty, self.operator, self._summary):
            self._stack.addWidget(page)
        self._down.addWidget(self.lost_display)
        self._down.addWidget(self._stack, 1)
        last = QWidget()
        line = QHBoxLayout(last)
        line.setContentsMargins(0, 0, 0, 0)
        line.addStretch(1)
        line.addWidget(self.main)
        self._down.addWidget(last)
