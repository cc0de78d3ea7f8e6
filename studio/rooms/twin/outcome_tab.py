"""The tab "Outcome": where the twin beats which baseline and where not, as a table and in sentences."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from studio.report.names import METRIC_COLUMNS, ROW_WORDS, TWINS
from studio.report.results import Results
from studio.rooms.twin.results import TwinResults
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.wording import outcome
from studio.widgets.number_table import NumberTable

_METRICS = tuple(m for m in METRIC_COLUMNS if m.key in ("kl", "cosine", "tgo3", "accuracy", "logloss"))
_COLUMNS = ("model", *(f"{m.label} {m.arrow}" for m in _METRICS))
_NOTHING = "Nothing has been compared yet."


class OutcomeTab(QWidget):
    """Sentences and the held-out table.

    Attributes:
        words: what the twin beats and what not.
        table: mean scores on test pages, a line per model and baseline.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: TwinResults | None = None
        self.words = QLabel(_NOTHING)
        self.words.setWordWrap(True)
        self.words.setMargin(4)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("What the twin beats and what not")
        self.table = NumberTable(_COLUMNS, "Scores on test pages")
        scroll = QScrollArea()
        scroll.setAccessibleName("The comparison in words")
        scroll.setWidget(self.words)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        down = QVBoxLayout(self)
        down.addWidget(self.table, 1)
        down.addWidget(scroll, 1)

    def render_state(self, state: TwinState) -> None:
        """Show a twin's outcome."""
        if state.shown is not self._shown:
            self._shown = state.shown
            self.words.setText("\n\n".join(outcome(state.shown)) or _NOTHING)
            rows = [row for row in ROW_WORDS if row in state.shown.report.heldout]
            strong = [at for at, row in enumerate(rows) if row in TWINS]
            self.table.render_lines([_cells(row, state.shown.report) for row in rows], strong)
            self.table.setVisible(bool(rows))


def _cells(row: str, report: Results) -> tuple[str, ...]:
    found = [report.heldout[row].get(metric.key) for metric in _METRICS]
    return (ROW_WORDS[row], *("–" if value is None else f"{value:.3f}" for value in found))
