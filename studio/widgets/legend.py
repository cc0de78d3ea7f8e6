"""Which line is which: a piece of each line with its name and latest value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from studio.widgets.line_chart import Curve, pen_style

_SAMPLE = QSize(40, 14)


class Legend(QWidget):
    """Names of curves, in as many columns as asked for.

    Args:
        columns: how many stand side by side.
    """

    def __init__(self, columns: int) -> None:
        super().__init__()
        self._columns = columns
        self._samples: list[_Sample] = []
        self._words: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def render_curves(self, curves: Sequence[Curve], unit: str) -> None:
        """Show each curve's line, name and last known value."""
        if len(curves) != len(self._words):
            self._lay_out(len(curves))
        for sample, words, curve in zip(self._samples, self._words, curves, strict=True):
            known = curve.y[np.isfinite(curve.y)]
            sample.render_curve(curve)
            words.setText(f"{curve.words}: {known[-1]:.3f} {unit}" if len(known) else f"{curve.words}: none")

    def _lay_out(self, count: int) -> None:
        for old in (*self._samples, *self._words):
            old.deleteLater()
        self._samples, self._words = [_Sample() for _ in range(count)], [QLabel() for _ in range(count)]
        for number, (sample, words) in enumerate(zip(self._samples, self._words, strict=True)):
            row, column = divmod(number, self._columns)
            words.setWordWrap(True)
            self._grid.addWidget(sample, row, 2 * column)
            self._grid.addWidget(words, row, 2 * column + 1)
            self._grid.setColumnStretch(2 * column + 1, 1)


class _Sample(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._pen = QPen()
        self.setFixedSize(_SAMPLE)

    def render_curve(self, curve: Curve) -> None:
        self._pen = QPen(QColor(curve.colour), curve.width_px, pen_style(curve.dash))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.drawLine(QLineF(1, self.height() / 2, self.width() - 1, self.height() / 2))
