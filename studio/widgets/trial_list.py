"""The whole plan of the session, with what is done, running, skipped and to come."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from studio.state import TrialLine, TrialStatus
from studio.theme import Palette

_WORDS: dict[TrialStatus, str] = {
    "waiting": "to come",
    "running": "now",
    "done": "done",
    "skipped": "skipped",
}
_COLUMNS = ("#", "Task", "Screen", "State")


class TrialList(QTableWidget):
    """A read-only table, one line per trial; the running one is kept in view."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(0, len(_COLUMNS))
        self._palette = palette
        self._shown: tuple[TrialLine, ...] = ()
        self.setHorizontalHeaderLabels(_COLUMNS)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(6 * self.fontMetrics().height())
        self.setAccessibleName("Trials")

    def render_trials(self, trials: tuple[TrialLine, ...]) -> None:
        """Show the plan; only lines that changed are touched."""
        if trials == self._shown:
            return
        self.setRowCount(len(trials))
        for row, trial in enumerate(trials):
            if row >= len(self._shown) or self._shown[row] != trial:
                self._render_line(row, trial)
        self._shown = trials
        self._keep_in_view()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a few lines' height; what a column has left is taken."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the running trial in view."""
        super().resizeEvent(event)
        self._keep_in_view()

    def _font(self, status: TrialStatus) -> QFont:
        font = QFont(self.font())
        font.setBold(status == "running")
        return font

    def _keep_in_view(self) -> None:
        self.updateGeometries()  # new lines count only after a layout, which is else delayed
        for row, trial in enumerate(self._shown):
            if trial.status == "running":
                self.scrollTo(self.model().index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _render_line(self, row: int, trial: TrialLine) -> None:
        colours = {"waiting": "muted", "running": "text", "done": "good", "skipped": "warn"}
        colour = QColor(getattr(self._palette, colours[trial.status]))
        cells = (str(trial.index + 1), trial.task, trial.screen_id, _WORDS[trial.status])
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(trial.note or text)
            item.setFont(self._font(trial.status))
            if column == len(_COLUMNS) - 1:
                item.setForeground(colour)
            self.setItem(row, column, item)
