"""How the fit went: training loss and scores on validation screens over steps, the kept step marked."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.rooms.twin.fold import FitView
from studio.theme import Palette
from studio.widgets.legend import Legend
from studio.widgets.line_chart import Curve, LineChart

_NONE = "No fit has been logged for this twin. Fit it here, and its learning curve appears while it learns."


class Learning(QWidget):
    """Two charts over optimiser steps, and what they say in words.

    Attributes:
        loss: training loss.
        scores: on validation screens.
        words: which step is kept.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.loss = LineChart(palette, "step", "training loss [nats, weighted]", "Training loss over steps")
        self.scores = LineChart(palette, "step", "validation [nats]", "Validation scores over steps")
        self.words, self._legend = QLabel(), Legend(3)
        self.words.setWordWrap(True)
        self.words.setAccessibleName("What the learning curve says")
        down = QVBoxLayout(self)
        for part in (self.loss, self.scores):
            down.addWidget(part, 1)
        down.addWidget(self._legend)
        down.addWidget(self.words)
        self._shown: tuple[object, ...] | None = None

    def render_fit(self, view: FitView) -> None:
        """Show a fit; cheap when it is the one shown."""
        shown = (view.steps, view.looks, view.running)
        if shown == self._shown:
            return
        self._shown = shown
        training, validation = training_curves(view, self._palette), validation_curves(view, self._palette)
        best = view.best
        mark = None if best is None or not view.steps else (float(best.step), f"kept: step {best.step}")
        last = float(max((s.step for s in view.steps), default=1))
        self.loss.render_curves(training, _NONE, mark, span=(0.0, last))
        waiting = "Scores on validation screens come every few steps." if view.running else _NONE
        self.scores.render_curves(validation, waiting, mark, span=(0.0, last))
        self._legend.render_curves([*training, *validation], "nats")
        self.words.setText(learning_words(view))


def training_curves(view: FitView, palette: Palette) -> list[Curve]:
    """Return the loss and its attention part over steps."""
    x = np.asarray([s.step for s in view.steps], dtype=np.float64)
    loss = np.asarray([s.loss for s in view.steps], dtype=np.float64)
    attention = np.asarray([s.attention for s in view.steps], dtype=np.float64)
    return [
        Curve("Training loss", x, loss, palette.twin, "solid", 2.0),
        Curve("of it attention, not weighted", x, attention, palette.muted, "dotted", 1.4),
    ]


def validation_curves(view: FitView, palette: Palette) -> list[Curve]:
    """Return each score on validation screens that is in nats."""
    words = {"kl": "Validation KL of attention", "logloss": "Validation log-loss of clicks"}
    colours = {"kl": palette.real, "logloss": palette.participant_mean}
    curves = []
    for key in words:
        looks = [look for look in view.looks if key in look.scores]
        if looks:
            x = np.asarray([look.step for look in looks], dtype=np.float64)
            y = np.asarray([look.scores[key] for look in looks], dtype=np.float64)
            curves.append(Curve(words[key], x, y, colours[key], "solid" if key == "kl" else "dashed"))
    return curves


def learning_words(view: FitView) -> str:
    """Say which step is kept and whether learning helped."""
    best = view.best
    if best is None:
        return ""
    if view.running:
        return f"So far the state after step {best.step} is the best on validation screens."
    told = f"The state after step {best.step} is kept"
    told += f": KL {best.scores['kl']:.3f} nats on validation screens" if "kl" in best.scores else ""
    if best.step == 0:
        return f"{told}. No later step did better there than the start, so fitting changed nothing."
    start = view.looks[0].scores.get("kl")
    if start is not None and view.looks[0].step == 0 and "kl" in best.scores:
        told += f", {start:.3f} nats at the start"
    return f"{told}. Validation screens chose it; only test screens count as evidence."
