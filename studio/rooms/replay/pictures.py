"""What is seen of a moment: the page with gaze, real and simulated attention, and slots or curve."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from protocols.slots import SlotDistribution
from studio.rooms.replay.moment import Moment
from studio.rooms.replay.state import ReplayState
from studio.state import LiveState, Score, Trail, common_scale, running_means
from studio.theme import SERIES, Palette
from studio.widgets.legend import Legend
from studio.widgets.line_chart import Curve, LineChart
from studio.widgets.page_picture import PagePicture
from studio.widgets.pages import HeatKey
from studio.widgets.panel import Panel
from studio.widgets.scanpath import Circle, ScanpathPicture, Traces
from studio.widgets.slot_map import SlotMap

_EMPTY = "Choose a session above, or a recording with “Open …”."
_READING = "Reading the page …"
_ROWS = 3  # of posters on a page; each has two bars and a title
_NOBODY = "No poster has been looked at yet."


class MomentPictures(QWidget):
    """Everything of a moment but the time line.

    Args:
        palette: the colours.

    Attributes:
        trial_chosen: a point of the curve was chosen: the trial's number from 0.
        show_path: switch of the scanpath.
        show_trail: switch of the gaze trail.
        slots: shows the slot bars.
        curve: shows the predict-then-observe curve.
    """

    trial_chosen = Signal(int)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._state = ReplayState()
        self._curve_of: tuple[tuple[Score, ...], int | None] | None = None
        self.show_path = _switch("Scanpath", "Ctrl+P")
        self.show_trail = _switch("Trail", "Ctrl+G")
        self.picture = ScanpathPicture(palette)
        self.real = PagePicture(palette, palette.real, "Page with the real attention so far")
        self.simulated = PagePicture(palette, palette.twin, "Page with the simulated attention")
        self._key = HeatKey(palette)
        self._map = SlotMap(palette)
        self._map.setMinimumHeight(_ROWS * (3 * self.fontMetrics().height() + 18))
        self.chart = LineChart(
            palette, "trial", "mean KL [nats]", "Predict, then observe; choose a trial to go there"
        )
        self._legend = Legend(4)
        self.slots, self.curve = QPushButton("Slots"), QPushButton("Curve")
        self._stack = QStackedWidget()
        self._lay_out()
        self.chart.chosen.connect(lambda number: self.trial_chosen.emit(number - 1))
        for switch in (self.show_path, self.show_trail):
            switch.toggled.connect(lambda _: self.render_state(self._state))

    def render_state(self, state: ReplayState) -> None:
        """Show a state."""
        self._state = state
        self._render_picture(state)
        self._render_heat(state)
        self._map.render_state(_live(state))
        scores = () if state.session is None else state.session.scores
        trial = None if state.moment is None or state.moment.trial is None else state.moment.trial.index
        if (scores, trial) != self._curve_of:
            self._curve_of = (scores, trial)
            self._render_curve(scores, trial)

    def _render_picture(self, state: ReplayState) -> None:
        moment = state.moment
        if moment is None or state.page is None:
            self.picture.render_traces(None, Traces(), Trail.none(), _why_empty(state))
            return
        circles = tuple(Circle(look.number, look.x_px, look.y_px, look.duration_ms) for look in moment.path)
        traces = Traces(
            circles if self.show_path.isChecked() else (),
            moment.gaze_px,
            moment.cursor_px,
            moment.details,
            moment.clicked,
        )
        trail = Trail(moment.trail_px, moment.trail_age_s) if self.show_trail.isChecked() else Trail.none()
        self.picture.render_traces(state.page, traces, trail, "")

    def _render_heat(self, state: ReplayState) -> None:
        moment, page = state.moment, state.page
        real = None if moment is None or not moment.dwell_ms.any() else moment.real
        full = common_scale(real, state.simulated)
        none = Trail.none()
        empty = _why_empty(state)
        self.real.render_page(page, real, full, none, _NOBODY if page else empty)
        self.simulated.render_page(
            page, state.simulated, full, none, state.simulated_words if page else empty
        )
        self.simulated.setToolTip(state.simulated_words)
        self._key.render_scale(full)

    def _render_curve(self, scores: tuple[Score, ...], trial: int | None) -> None:
        trials = np.asarray([score.trial + 1 for score in scores], dtype=np.float64)
        curves = [
            Curve(
                s.words,
                trials,
                running_means(np.asarray([getattr(score, s.key) for score in scores], dtype=np.float64)),
                s.colour(self._palette),
                s.dash,
                s.width_px,
            )
            for s in SERIES
        ]
        empty = "No page of this session was predicted before it appeared."
        here = None if trial is None else (trial + 1.0, "here")
        self.chart.render_curves(curves, empty, here, [score.trial + 1 for score in scores])
        self._legend.render_curves(curves, "nats")
        self._legend.setVisible(bool(scores))

    def _lay_out(self) -> None:
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        across = QHBoxLayout()
        beside = _beside(self.show_path, self.show_trail)
        across.addWidget(Panel("Page", self.picture, beside), 4)
        across.addWidget(Panel("Real, so far", self.real), 3)
        across.addWidget(Panel("Simulated", self.simulated, self._key), 3)
        down.addLayout(across, 7)
        down.addWidget(Panel("Slots and curve", self._stack, self._tabs()), 9)
        self._stack.addWidget(self._map)
        self._stack.addWidget(self._curve())

    def _curve(self) -> QWidget:
        curve = QWidget()
        down = QVBoxLayout(curve)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self.chart, 1)
        down.addWidget(self._legend)
        return curve

    def _tabs(self) -> QWidget:
        group = QButtonGroup(self)
        for index, (button, meaning) in enumerate(
            (
                (self.slots, "Attention per poster, filling"),
                (self.curve, "Predict, then observe, over trials"),
            )
        ):
            button.setCheckable(True)
            button.setToolTip(meaning)
            button.setAccessibleName(meaning)
            button.clicked.connect(lambda _=False, index=index: self._stack.setCurrentIndex(index))
            group.addButton(button)
        self.slots.setChecked(True)
        return _beside(self.slots, self.curve)


def _live(state: ReplayState) -> LiveState:
    """Return the moment as the operator's window showed it."""
    moment = state.moment
    if moment is None or state.page is None:
        return LiveState()
    simulated = state.simulated
    prediction = None if simulated is None else SlotDistribution.of(simulated, "model")
    return LiveState(phase="running", page=state.page, dwell_ms=moment.dwell_ms, prediction=prediction)


def _why_empty(state: ReplayState) -> str:
    if state.session is None:
        return state.said if state.stage == "loading" else _EMPTY
    moment: Moment | None = state.moment
    return _READING if moment is not None and moment.digest else ("" if moment is None else moment.line)


def _switch(words: str, shortcut: str) -> QCheckBox:
    box = QCheckBox(words)
    box.setChecked(True)
    box.setShortcut(shortcut)
    box.setToolTip(f"{words} ({shortcut})")
    return box


def _beside(*widgets: QWidget) -> QWidget:
    box = QWidget()
    line = QHBoxLayout(box)
    line.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        line.addWidget(widget)
    return box
