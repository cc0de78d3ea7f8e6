"""What the operator sees of a running session: page, gaze, slot map, prediction, quality, trials, buttons.

It renders ``LiveState`` and emits what the operator asks for; it measures, decides and remembers nothing.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from protocols.trial_events import Abort, Pause, Repeat, Resume, Skip
from studio.inputs import Did, Input, Noted
from studio.state import LiveState
from studio.theme import Palette
from studio.widgets.column import Column
from studio.widgets.controls import LASTING, AbortQuestion, Controls
from studio.widgets.header import Header
from studio.widgets.meters import QualityMeters
from studio.widgets.pages import PagePair
from studio.widgets.panel import Panel
from studio.widgets.score_plot import ScorePlot
from studio.widgets.slot_map import SlotMap
from studio.widgets.trial_list import TrialList


class OperatorView(QWidget):
    """Renders one ``LiveState`` after the other.

    Args:
        palette: dark or light.

    Attributes:
        controls: the buttons.
        question: asks before a session is aborted.
    """

    asked = Signal(object)
    """An ``Input`` for the session: pause, resume, skip, repeat, a note, or abort after confirmation."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._state = LiveState()
        self._header = Header(palette)
        self._pages = PagePair(palette)
        self._slots = SlotMap(palette)
        self._score = ScorePlot(palette)
        self._meters = QualityMeters(palette)
        self._trials = TrialList(palette)
        self.controls = Controls()
        self.question = AbortQuestion(self)
        self._lay_out()
        self._connect()
        self.render_state(LiveState())

    @property
    def lasting(self) -> bool:
        """Whether the session that was rendered last is still going on."""
        return self._state.phase in LASTING

    def render_state(self, state: LiveState) -> None:
        """Show a state."""
        self._state = state
        self._header.render_state(state)
        self._pages.render_state(state)
        self._slots.render_state(state)
        self._score.render_scores(state.scores)
        self._meters.render_quality(state.quality)
        self._trials.render_trials(state.trials)
        self.controls.render_phase(state.phase, bool(state.trials))

    def ask_abort(self) -> None:
        """Ask whether to end the session for good; nothing is asked for before a yes."""
        if self.lasting:
            self.question.open()

    def _connect(self) -> None:
        controls = self.controls
        controls.pause_pressed.connect(lambda: self._ask(Did(Pause())))
        controls.resume_pressed.connect(lambda: self._ask(Did(Resume())))
        controls.skip_pressed.connect(lambda: self._ask(Did(Skip())))
        controls.repeat_pressed.connect(lambda: self._ask(Did(Repeat())))
        controls.note_written.connect(lambda text: self._ask(Noted(text)))
        controls.abort_pressed.connect(self.ask_abort)
        self.question.confirmed.connect(lambda reason: self._ask(Did(Abort(reason))))

    def _ask(self, item: Input) -> None:
        self.asked.emit(item)

    def _lay_out(self) -> None:
        left, right = _stack(), _stack()
        left.addWidget(self._pages, 45)
        left.addWidget(Panel("Slot map: real above, twin (hatched) below", self._slots), 55)
        right.addWidget(Panel("Signal quality", self._meters))
        right.addWidget(Panel("Running score: lower is closer", self._score), 5)
        right.addWidget(Panel("Trials", self._trials), 2)
        side = Column(_holding(right))
        side.setMinimumWidth(30 * self.fontMetrics().averageCharWidth())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        grid.addWidget(self._header, 0, 0, 1, 2)
        grid.addWidget(_scrolled(left), 1, 0)
        grid.addWidget(side, 1, 1)
        grid.addWidget(self.controls, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)
        grid.setColumnStretch(0, 9)
        grid.setColumnStretch(1, 4)


def _stack() -> QVBoxLayout:
    stack = QVBoxLayout()
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(8)
    return stack


def _holding(stack: QVBoxLayout) -> QWidget:
    holder = QWidget()
    holder.setLayout(stack)
    return holder


def _scrolled(stack: QVBoxLayout) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(_holding(stack))
    return area
