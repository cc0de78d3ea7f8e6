"""The room "Twin": fit a twin, and see where it is right and where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine import engine
from studio.house import House
from studio.rooms.room import Room
from studio.rooms.twin.all_pages import AllPages
from studio.rooms.twin.choices import engine_missing
from studio.rooms.twin.choosing import Choosing
from studio.rooms.twin.clicks_tab import ClicksTab
from studio.rooms.twin.controller import TwinController
from studio.rooms.twin.fitting import Fitting
from studio.rooms.twin.fold import FitView
from studio.rooms.twin.foretold_tab import ForetoldTab
from studio.rooms.twin.learning import Learning
from studio.rooms.twin.outcome_tab import OutcomeTab
from studio.rooms.twin.page_by_page import PageByPage
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.wording import heading
from studio.widgets.panel import Panel

_BEAT_MS = 50


class TwinRoom(Room):
    """Fitting at the left, results at the right.

    Attributes:
        controller: what it does.
        choosing: participant, twin, sessions, settings.
        fitting: fit, cancel, progress.
        headline: the outcome in one sentence.
        outcome: what the twin beats and what not.
        tabs: learning, pages, all pages, predictions, clicks.
        learning: learning curve.
        page_by_page: one page, real beside twin.
        all_pages: small multiples.
        foretold: predict-then-observe curve.
        clicks: click prediction.
        on: goes on to the Replay room; the main button, unless there is a twin to fit first.
    """

    def __init__(self, house: House, controller: TwinController | None = None) -> None:
        super().__init__(house)
        self.controller = controller or TwinController(
            (house.sessions_folder, house.personas_folder),
            house.background,
            house.clock.now_s,
            engine,
            engine_missing(),
        )
        self._state: TwinState | None = None
        self._beat = QTimer(self)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self._tick)
        self._furnish()
        self._unwatch = (
            self.controller.state.watch(self._render),
            self.controller.run.view.watch(self._render_fit),
        )

    def enter(self, about: Path | None) -> None:
        """Show what a session or a persona is about; no recording is read while one is made."""
        performance = self.house.performance.value
        if performance is not None and performance.running:
            self.controller.hold("A session is being recorded. Twins can be seen and fitted when it is over.")
            return
        self.controller.enter(about or self.house.visit.value.recorded)

    def busy(self) -> str:
        """A running fit wants to be cancelled first; it goes on later."""
        if not self.controller.run.view.value.running:
            return ""
        return (
            "A twin is being fitted. Press Cancel first; what it has learned is kept, and it can go on later."
        )

    def redress(self) -> bool:
        """Furnish anew in the new colours; what is shown and what runs goes on."""
        tab = self.tabs.currentIndex()
        self.clear()
        self._furnish()
        self._render(self.controller.state.value)
        self.tabs.setCurrentIndex(tab)
        self._share()
        return True

    def close_down(self) -> None:
        """End the engine."""
        self._beat.stop()
        for unwatch in self._unwatch:
            unwatch()
        self.controller.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter is the main button, where nothing else takes it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self.fitting.fit if self.controller.state.value.fit_first else self.on).click()
        else:
            super().keyPressEvent(event)

    def _render(self, state: TwinState) -> None:
        before, self._state = self._state, state
        self.all_pages.render_state(state)
        if before is None or not state.same_but_small(before):
            self._render_all(state)

    def _render_all(self, state: TwinState) -> None:
        self.choosing.render_state(state)
        words, more = heading(state)
        self.headline.setText(words)
        self.outcome.render_state(state)
        self.explained.setText(" ".join(more))
        self.explained.setVisible(bool(more))
        self.page_by_page.render_state(state)
        self.foretold.render_state(state)
        self.clicks.render_state(state)
        self.on.setEnabled(state.session is not None)
        self.on.setToolTip("" if state.session else "There is no session to replay: record one first.")
        _emphasise(self.fitting.fit, main=state.fit_first)
        _emphasise(self.on, main=not state.fit_first)
        self._render_fit(self.controller.run.view.value)
        self._done(state)

    def _done(self, state: TwinState) -> None:
        """Take note that the recording of this visit has its twin."""
        visit, twin = self.house.visit.value, state.shown.twin
        if twin is None or twin.unfinished or "twin" in visit.done:
            return
        if any(one.path == visit.recorded and one.session_id in twin.sessions for one in state.sessions):
            self.house.visit.put(replace(visit, done=visit.done | {"twin"}))

    def _render_fit(self, view: FitView) -> None:
        controller = self.controller
        self.fitting.render_fit(
            controller.state.value,
            view,
            unfinished=not view.running and controller.unfinished,
            cancelling=controller.run.cancelling,
        )
        self.learning.render_fit(view)
        self.choosing.setEnabled(not view.running)
        if view.running and not self._beat.isActive():
            self._beat.start()
            self.tabs.setCurrentWidget(self.learning)
        elif not view.running and self._beat.isActive():
            self._beat.stop()
            if view.phase == "done":
                self.tabs.setCurrentWidget(self.page_by_page)

    def _connect(self) -> None:
        controller, choosing = self.controller, self.choosing
        choosing.participant_chosen.connect(controller.choose_participant)
        choosing.twin_chosen.connect(controller.show_twin)
        choosing.session_ticked.connect(lambda path, chosen: controller.choose_session(path, chosen=chosen))
        choosing.backbone_chosen.connect(controller.choose_backbone)
        choosing.operator_chosen.connect(lambda name: controller.configure(operator=name))
        choosing.placement_chosen.connect(lambda name: controller.configure(placement=name))
        choosing.further.configured.connect(lambda name, value: controller.configure(**{name: value}))
        choosing.further.model_changed.connect(controller.choose_device)
        self.fitting.fit_pressed.connect(controller.fit)
        self.fitting.anew_pressed.connect(controller.start_anew)
        self.fitting.cancel_pressed.connect(self._cancel)
        self.fitting.judge_pressed.connect(controller.judge)
        self.page_by_page.page_chosen.connect(controller.show_page)
        self.all_pages.page_chosen.connect(self._open_page)
        self.foretold.trial_chosen.connect(self.house.replay_at)
        self.on.clicked.connect(self._go_on)

    def _tick(self) -> None:
        self.controller.run.tick()

    def _cancel(self) -> None:
        self.controller.cancel()
        self._render_fit(self.controller.run.view.value)

    def _open_page(self, number: int) -> None:
        self.controller.show_page(number)
        self.tabs.setCurrentWidget(self.page_by_page)
        self.page_by_page.chooser.setFocus()

    def _go_on(self) -> None:
        self.house.go("replay", self.controller.state.value.session)

    def _furnish(self) -> None:
        """Build everything in the house's colours."""
        palette = self.house.palette
        self.choosing, self.fitting = Choosing(), Fitting(palette)
        self.learning, self.page_by_page = Learning(palette), PageByPage(palette)
        self.all_pages, self.foretold = AllPages(), ForetoldTab(palette)
        self.clicks, self.outcome = ClicksTab(palette), OutcomeTab()
        self.tabs, self.headline, self.explained = QTabWidget(), QLabel(), QLabel()
        self.on = QPushButton("Go on to &Replay")
        self._state = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.headline.setProperty("role", "phase")
        self.headline.setAccessibleName("Outcome")
        self.explained.setProperty("role", "muted")
        for label in (self.headline, self.explained):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.on.setAutoDefault(True)
        for words, tab in (
            ("O&utcome", self.outcome),
            ("Learnin&g curve", self.learning),
            ("Page by page", self.page_by_page),
            ("&All pages", self.all_pages),
            ("Pre&dict, then observe", self.foretold),
            ("Clic&ks", self.clicks),
        ):
            self.tabs.addTab(tab, words)
        self.tabs.setAccessibleName("Results of the twin")
        self._choices = self._left()
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(self._choices)
        across.addWidget(self._right(), 1)

    def _left(self) -> QWidget:
        inside = QWidget()
        down = QVBoxLayout(inside)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self.choosing)
        down.addWidget(self.fitting)
        down.addStretch(1)
        return Panel("Fit a twin", _scrolled(inside))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the results the room they need before the choices get more than they need."""
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        letter_px = self.fontMetrics().averageCharWidth()
        wide_px = min(max(self.width() - 64 * letter_px, 32 * letter_px), 44 * letter_px)
        self._choices.setFixedWidth(wide_px)

    def _right(self) -> QWidget:
        right, letters = QWidget(), self.fontMetrics()
        self.tabs.setMinimumSize(60 * letters.averageCharWidth(), 28 * letters.lineSpacing())
        right.setMinimumWidth(28 * letters.averageCharWidth())
        down = QVBoxLayout(right)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self.headline)
        down.addWidget(self.explained)
        down.addWidget(_scrolled(self.tabs), 1)
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(self.on)
        down.addLayout(last)
        return right


def _emphasise(button: QPushButton, *, main: bool) -> None:
    button.setProperty("role", "main" if main else "")
    button.style().polish(button)


def _scrolled(inside: QWidget) -> QScrollArea:
    scroll = QScrollArea()
    scroll.setWidget(inside)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return scroll
