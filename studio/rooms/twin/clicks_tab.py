"""The tab "Clicks": a table over all test pages, and the bars of the page that is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.report.names import TWINS
from studio.rooms.twin.clicks import ClickLine, click_lines, click_words
from studio.rooms.twin.results import TwinResults
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.wording import page_words, split_words
from studio.theme import Palette
from studio.widgets.choice_bars import ChoiceBars
from studio.widgets.number_table import NumberTable

_COLUMNS = ("model", "log-loss [nats] ↓", "mixed with uniform [nats] ↓", "top-1 ↑")


class ClicksTab(QWidget):
    """Click prediction.

    Attributes:
        table: a line per model and baseline, the best first.
        bars: the twin's click distribution on the page that is shown in "Page by page".
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._shown: TwinResults | None = None
        self.table = NumberTable(_COLUMNS, "Click prediction on test pages")
        self.bars = ChoiceBars(palette)
        self._page, self._words, self._counts = QLabel(), QLabel(), QLabel()
        self._page.setProperty("role", "title")
        for label in (self._page, self._words, self._counts):
            label.setWordWrap(True)
        down = QVBoxLayout(self)
        down.addWidget(self._counts)
        down.addWidget(self.table, 2)
        for part in (self._page, self._words):
            down.addWidget(part)
        down.addWidget(self.bars, 3)

    def render_state(self, state: TwinState) -> None:
        """Show the table of the twin and the bars of the page."""
        if state.shown is not self._shown:
            self._shown = state.shown
            self._fill(click_lines(state.shown))
        row = state.row
        self._page.setText("" if row is None else page_words(row, several=False))
        self._page.setStyleSheet(f"color: {self._palette.mood(split_words(row)[1])}; font-weight: bold;")
        self._words.setText(click_words(row))
        views = {} if row is None else row.views
        self.bars.render_choice(
            () if row is None else row.films,
            views["twin"].choice if "twin" in views else (),
            views["backbone"].choice if "backbone" in views else (),
            None if row is None else row.click,
        )

    def _fill(self, lines: tuple[ClickLine, ...]) -> None:
        told = "Nothing was clicked on test pages, or the twin has not been compared yet."
        if lines:
            told = f"{lines[0].clicks} clicks on test pages, never fitted on. The best log-loss comes first."
        self._counts.setText(told)
        strong = [at for at, line in enumerate(lines) if line.row in TWINS]
        self.table.render_lines([_cells(line) for line in lines], strong)


def _cells(line: ClickLine) -> tuple[str, ...]:
    top = f"{line.hits:.1f} of {line.clicks} ({100 * line.hits / line.clicks:.0f} %)"
    return line.words, _number(line.logloss), _number(line.smoothed), top


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
