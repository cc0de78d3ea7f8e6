"""The operator's window: what the participant sees and looks at, and what the twin predicted.

How to drive it::

    window = OperatorWindow(palette=DARK)
    pump = LivePump(conductor.live_state, window.render_state)   # pulls 30 times a second
    pump.start()
    window.pause_requested.connect(...)      # the window only asks; the next state says what happened
    window.resume_requested.connect(...)
    window.skip_requested.connect(...)       # skip the running trial
    window.note_made.connect(...)            # (text)
    window.abort_requested.connect(...)      # (reason), after the operator has confirmed
    participant_window.escape_pressed.connect(window.ask_abort)

It renders ``LiveState`` and emits intents; it measures, decides and remembers nothing. Closing it during a
session asks for confirmation like Abort; otherwise it just closes.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QGridLayout, QMainWindow, QVBoxLayout, QWidget

from studio.state import LiveState
from studio.theme import DARK, Palette
from studio.widgets.controls import AbortQuestion, Controls
from studio.widgets.header import Header
from studio.widgets.meters import QualityMeters
from studio.widgets.pages import PagePair
from studio.widgets.panel import Panel
from studio.widgets.score_plot import ScorePlot
from studio.widgets.slot_map import SlotMap
from studio.widgets.trial_list import TrialList

LASTING = ("calibrating", "running", "paused", "fitting")


class OperatorWindow(QMainWindow):
    """Renders one ``LiveState`` after the other.

    Args:
        palette: dark or light.
    """

    pause_requested = Signal()
    resume_requested = Signal()
    skip_requested = Signal()
    note_made = Signal(str)
    abort_requested = Signal(str)

    def __init__(self, palette: Palette = DARK) -> None:
        super().__init__()
        self._state = LiveState()
        self._header = Header(palette)
        self._pages = PagePair(palette)
        self._slots = SlotMap(palette)
        self._score = ScorePlot(palette)
        self._meters = QualityMeters(palette)
        self._trials = TrialList(palette)
        self._controls = Controls()
        self._question = AbortQuestion(self)
        self._lay_out()
        self._connect()
        self.setWindowTitle("GazeTwin: operator")
        self.resize(1280, 800)
        self.render_state(LiveState())

    def render_state(self, state: LiveState) -> None:
        """Show a state."""
        self._state = state
        self._header.render_state(state)
        self._pages.render_state(state)
        self._slots.render_state(state)
        self._score.render_scores(state.scores)
        self._meters.render_quality(state.quality)
        self._trials.render_trials(state.trials)
        self._controls.render_phase(state.phase)

    def ask_abort(self) -> None:
        """Ask whether to end the session for good; ``abort_requested`` follows only after a yes."""
        if self._state.phase in LASTING:
            self._question.open()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask first while a session is going on."""
        if self._state.phase in LASTING:
            event.ignore()
            self.ask_abort()
        else:
            event.accept()

    def _connect(self) -> None:
        self._controls.pause_pressed.connect(self.pause_requested)
        self._controls.resume_pressed.connect(self.resume_requested)
        self._controls.skip_pressed.connect(self.skip_requested)
        self._controls.note_written.connect(self.note_made)
        self._controls.abort_pressed.connect(self.ask_abort)
        self._question.confirmed.connect(self.abort_requested)

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self._pages, 45)
        left.addWidget(Panel("Slot map: real above, twin (hatched) below", self._slots), 55)
        right.addWidget(Panel("Signal quality", self._meters))
        right.addWidget(Panel("Running score: distance from the real attention", self._score), 5)
        right.addWidget(Panel("Trials", self._trials), 2)
        centre = QWidget()
        grid = QGridLayout(centre)
        grid.setContentsMargins(8, 8, 8, 8)
        for layout in (left, right, grid):
            layout.setSpacing(8)
        grid.addWidget(self._header, 0, 0, 1, 2)
        grid.addLayout(left, 1, 0)
        grid.addLayout(right, 1, 1)
        grid.addWidget(self._controls, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)
        grid.setColumnStretch(0, 14)
        grid.setColumnStretch(1, 5)
        self.setCentralWidget(centre)
