"""Predict, then observe: how the predictions made before each page did, over the trials of a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.rooms.twin.results import Foretold
from studio.rooms.twin.state import TwinState
from studio.state import running_means, score_words
from studio.theme import SERIES, Palette
from studio.widgets.legend import Legend
from studio.widgets.line_chart import Curve, LineChart

_NONE = "No page of this session was predicted before it was seen: it was recorded without a twin."
_HOW = (
    "Every page was predicted before it appeared, by the twin as it was after the page before. A point is "
    "the mean KL over all predicted pages so far; lower is closer. Press a point, or move with arrow keys "
    "and press Enter, to replay that trial."
)


class ForetoldTab(QWidget):
    """The curve of one session.

    Attributes:
        session: which, where there are several.
        chart: the curve; a chosen point asks for that trial's replay.
        words: who is ahead.
    """

    trial_chosen = Signal(Path, int)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._foretold: tuple[Foretold, ...] | None = None
        self.session, self.words = QComboBox(), QLabel()
        self.session.setAccessibleName("Session of the curve")
        self.words.setWordWrap(True)
        self.words.setProperty("role", "title")
        self.chart = LineChart(palette, "trial", "mean KL [nats]", "Predict, then observe; arrow keys move")
        self._legend = Legend(2)
        how = QLabel(_HOW)
        how.setWordWrap(True)
        how.setProperty("role", "muted")
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.session)
        down = QVBoxLayout(self)
        down.addLayout(line)
        down.addWidget(self.chart, 1)
        down.addWidget(self._legend)
        down.addWidget(how)
        self.session.currentIndexChanged.connect(self._draw)
        self.chart.chosen.connect(self._chosen)

    def render_state(self, state: TwinState) -> None:
        """Show the sessions of the twin."""
        if state.shown.foretold is self._foretold:
            return
        self._foretold = state.shown.foretold
        self.session.clear()
        self.session.addItems([f.session.words for f in self._foretold])
        self.session.setVisible(len(self._foretold) > 1)
        self._draw()

    def _shown(self) -> Foretold | None:
        index = self.session.currentIndex()
        return self._foretold[index] if self._foretold and 0 <= index < len(self._foretold) else None

    def _draw(self) -> None:
        shown = self._shown()
        curves = [] if shown is None else foretold_curves(shown, self._palette)
        trials = [] if shown is None else [s.trial + 1 for s in shown.scores]
        self.chart.render_curves(curves, _NONE, choices=trials)
        self._legend.render_curves(curves, "nats")
        self.words.setText(score_words(() if shown is None else shown.scores))

    def _chosen(self, number: int) -> None:
        if (shown := self._shown()) is not None:
            self.trial_chosen.emit(shown.session.path, number - 1)


def foretold_curves(shown: Foretold, palette: Palette) -> list[Curve]:
    """Return the running means, a curve per series."""
    if not shown.scores:
        return []
    x = np.asarray([s.trial + 1 for s in shown.scores], dtype=np.float64)
    return [
        Curve(
            s.words,
            x,
            running_means(np.asarray([getattr(score, s.key) for score in shown.scores], dtype=np.float64)),
            s.colour(palette),
            s.dash,
            s.width_px,
        )
        for s in SERIES
    ]
