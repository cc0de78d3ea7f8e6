"""A read-only table of a few lines: names at the left, numbers at the right."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem


class NumberTable(QTableWidget):
    """Shows lines of text, each column as wide as it needs.

    Args:
        columns: headings.
        name: accessible name.
    """

    def __init__(self, columns: Sequence[str], name: str) -> None:
        super().__init__(0, len(columns))
        self.setAccessibleName(name)
        for at, words in enumerate(columns):
            self.setHorizontalHeaderItem(at, _cell(words, at, strong=False))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def render_lines(self, lines: Sequence[Sequence[str]], strong: Collection[int]) -> None:
        """Show lines; those whose numbers are in ``strong`` are bold."""
        self.setRowCount(len(lines))
        for at, line in enumerate(lines):
            for column, words in enumerate(line):
                self.setItem(at, column, _cell(words, column, strong=at in strong))


def _cell(words: str, column: int, *, strong: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(words)
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    font = item.font()
    font.setBold(strong)
    item.setFont(font)
    return item
