"""The running score: how far each prediction is from the real attention, averaged over the pages so far."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from protocols.geometry import FloatArray
from studio.state import Score, running_means, score_words
from studio.theme import SERIES, Dash, Palette, Series

_PENS: dict[Dash, Qt.PenStyle] = {
    "solid": Qt.PenStyle.SolidLine,
    "dashed": Qt.PenStyle.DashLine,
    "dotted": Qt.PenStyle.DotLine,
    "dash-dotted": Qt.PenStyle.DashDotLine,
}


def pen_of(series: Series, palette: Palette) -> QPen:
    """Return the pen a series is drawn with."""
    pen = QPen(QColor(series.colour(palette)), series.width_px, _PENS[series.dash])
    pen.setCosmetic(True)
    return pen


class ScorePlot(QWidget):
    """Curves over trials with a legend in words: the mean KL of the pages so far; lower is closer."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._scores: tuple[Score, ...] | None = None
        self._plot = _plot(palette)
        self._curves = {s.key: self._plot.plot(pen=pen_of(s, palette)) for s in SERIES}
        self._values: dict[str, QLabel] = {s.key: QLabel("–") for s in SERIES}
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot, 1)
        layout.addLayout(_legend(palette, self._values))
        layout.addWidget(self._words)
        self.setAccessibleName("Running score")
        self.render_scores(())

    def render_scores(self, scores: tuple[Score, ...]) -> None:
        """Show the scores of the finished pages, in order; cheap when they are the ones already shown."""
        if scores == self._scores:
            return
        self._scores = scores
        trials = np.asarray([s.trial + 1 for s in scores], dtype=np.float64)
        for series in SERIES:
            means = running_means(np.asarray([getattr(s, series.key) for s in scores], dtype=np.float64))
            self._draw(series, trials, means)
        self._words.setText(score_words(scores))
        self.setAccessibleDescription(score_words(scores))

    def _draw(self, series: Series, trials: FloatArray, means: FloatArray) -> None:
        known = np.isfinite(means)
        # One point makes no line: show it as a dot until there are two.
        symbol = "o" if known.sum() == 1 else None
        colour = QColor(series.colour(self._palette))
        self._curves[series.key].setData(
            trials[known], means[known], symbol=symbol, symbolBrush=colour, symbolPen=None, symbolSize=7
        )
        self._values[series.key].setText(f"{means[known][-1]:.2f}" if known.any() else "–")


class _Sample(QWidget):
    """A piece of a series' line, for the legend."""

    def __init__(self, pen: QPen) -> None:
        super().__init__()
        self._pen = pen
        self.setFixedSize(QSize(34, 14))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.drawLine(QLineF(1, self.height() / 2, self.width() - 1, self.height() / 2))


class _Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """A plot that is content with little height."""

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, self.minimumHeight())


def _plot(palette: Palette) -> pg.PlotWidget:
    plot = _Plot(background=palette.surface)
    plot.setMouseEnabled(False, False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    for part in (plot, plot.viewport()):
        part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.showGrid(y=True, alpha=0.25)
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    plot.setMinimumHeight(6 * plot.fontMetrics().height())
    for side, words in (("left", "KL [nats]"), ("bottom", "trial")):
        axis = plot.getAxis(side)
        axis.setPen(palette.control)
        axis.setTextPen(palette.muted)
        axis.setLabel(words, color=palette.muted)
        axis.enableAutoSIPrefix(False)
    plot.getAxis("bottom").setTickSpacing(5, 1)
    plot.getPlotItem().setLimits(yMin=0)
    return plot


def _legend(palette: Palette, values: dict[str, QLabel]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    for row, series in enumerate(SERIES):
        words = QLabel(series.words)
        words.setWordWrap(True)
        values[series.key].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        values[series.key].setAccessibleName(f"Mean KL in nats: {series.words}")
        grid.addWidget(_Sample(pen_of(series, palette)), row, 0)
        grid.addWidget(words, row, 1)
        grid.addWidget(values[series.key], row, 2)
    return grid
