"""Below the choices: the buttons of a fit, how far it is, and what it said."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from studio.rooms.twin.fold import FitView, Phase
from studio.rooms.twin.state import TwinState
from studio.theme import Mood, Palette
from studio.widgets.header import clock

PHASE_WORDS: dict[Phase, str] = {
    "idle": "",
    "loading": "Loading the model …",
    "reading": "Reading the sessions …",
    "fitting": "Fitting",
    "judging": "Comparing with the baselines …",
    "looking": "Looking at every page …",
    "done": "Done.",
    "cancelled": "Cancelled. What it had learned is kept: the same choice goes on from there.",
    "failed": "",
}


def progress_words(view: FitView) -> str:
    """Return how far a fit is, in one sentence."""
    words = PHASE_WORDS[view.phase]
    if view.phase == "failed" and view.failure is not None:
        return f"{view.failure.what} {view.failure.why} {view.failure.fix}"
    if view.phase == "fitting" and view.steps:
        last = view.steps[-1]
        left = "" if view.left_s is None else f", at most {clock(view.left_s + 0.999)} min left"
        words = f"Step {last.step} of {last.total}, loss {last.loss:.3f} nats{left}"
        if view.resumed is not None:
            words += f". Went on after step {view.resumed}"
    if view.phase == "looking" and view.pages is not None:
        words = f"Looking at every page: {len(view.simulated)} of {len(view.pages.pages)}"
    return words


class Fitting(QWidget):
    """Fit, start anew, cancel; a bar and a line of words.

    Attributes:
        fit: starts, or goes on.
        anew: forgets an interrupted fit and starts; shown only when there is one.
        cancel: ends the running work.
        judge: has a twin without comparison judged; shown only then.
        words: how far it is, or what went wrong.
    """

    fit_pressed = Signal()
    anew_pressed = Signal()
    cancel_pressed = Signal()
    judge_pressed = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.fit, self.anew = QPushButton("&Fit the twin"), QPushButton("Start a&new")
        self.cancel, self.judge = QPushButton("&Cancel"), QPushButton("Compare with &baselines")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress of the fit")
        self.words, self.warnings = QLabel(), QLabel()
        for label in (self.words, self.warnings):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("State of the fit")
        self._lay_out()
        self.fit.clicked.connect(self.fit_pressed)
        self.anew.clicked.connect(self.anew_pressed)
        self.cancel.clicked.connect(self.cancel_pressed)
        self.judge.clicked.connect(self.judge_pressed)

    def render_fit(self, state: TwinState, view: FitView, *, unfinished: bool, cancelling: bool) -> None:
        """Show what can be pressed and how far the work is."""
        why = state.why_no_fit
        fitted = view.asked is not None and state.shown.twin is not None
        self.fit.setEnabled(not view.running and not why)
        self.fit.setText("Go on with the &fit" if unfinished else "Re&fit" if fitted else "&Fit the twin")
        self.fit.setToolTip(why)
        self.anew.setVisible(unfinished and not view.running)
        self.cancel.setVisible(view.running)
        self.cancel.setEnabled(not cancelling)
        twin = state.shown.twin
        judgeable = twin is not None and twin.provenance is not None and state.shown.comparison is None
        self.judge.setVisible(judgeable and not view.running)
        self.judge.setEnabled(not state.no_engine and not state.shown.lost)
        self._render_bar(view)
        words = "Cancelling …" if cancelling else state.problem or progress_words(view) or why
        if view.phase in ("done", "cancelled") and why and not state.problem:
            words = why
        self._say(self.words, words, self._mood(state, view, why))
        broken = () if view.running else state.offers.broken
        self._say(self.warnings, "\n".join([*view.warnings, *broken]), "warn")

    def _mood(self, state: TwinState, view: FitView, why: str) -> Mood:
        if state.problem or view.phase == "failed":
            return "bad"
        if view.running:
            return "quiet"
        return "warn" if why else "good" if view.phase == "done" else "quiet"

    def _render_bar(self, view: FitView) -> None:
        self.bar.setVisible(view.running)
        if view.phase == "fitting" and view.steps:
            self.bar.setRange(0, view.steps[-1].total)
            self.bar.setValue(view.steps[-1].step)
            self.bar.setFormat("%p %")
        else:
            self.bar.setRange(0, 0)

    def _say(self, label: QLabel, words: str, mood: Mood) -> None:
        label.setVisible(bool(words))
        if label.text() != words:
            label.setText(words)
        label.setStyleSheet(f"color: {self._palette.mood(mood)};")

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        for button in (self.fit, self.anew, self.cancel, self.judge):
            button.setAutoDefault(True)
            line.addWidget(button)
        line.addStretch(1)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 6, 0)
        down.addLayout(line)
        down.addWidget(self.bar)
        down.addWidget(self.words)
        down.addWidget(self.warnings)
