"""The list of sessions: when, who, which study, how it ended, how good the gaze is, how the twin did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from studio.rooms.start.state import Cell, SessionLine
from studio.theme import Palette
from studio.widgets.marks import mark

COLUMNS = ("When", "Participant", "Study", "State", "Gaze quality", "Twin")


class SessionTable(QTableWidget):
    """Shows sessions; one row can be chosen.

    Args:
        palette: for marks.
    """

    chosen = Signal(object)
    opened = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__(0, len(COLUMNS))
        self._palette = palette
        self._lines: tuple[SessionLine, ...] = ()
        self._empty = ""
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setAccessibleName("Sessions, the newest first")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self._tell)
        self.itemDoubleClicked.connect(lambda _: self.opened.emit())

    def render_lines(self, lines: Sequence[SessionLine], selected: Path | None, palette: Palette) -> None:
        """Show these sessions and mark the chosen one."""
        if tuple(lines) != self._lines or palette != self._palette:
            self._lines, self._palette = tuple(lines), palette
            self._fill()
        rows = [row for row, line in enumerate(self._lines) if line.path == selected]
        self.blockSignals(True)
        if rows:
            index = self.model().index(rows[0], 0)
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        else:
            self.clearSelection()
        self.blockSignals(False)

    def render_empty(self, words: str) -> None:
        """Say why there is nothing, in the middle; nothing with empty words."""
        if words != self._empty:
            self._empty = words
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the lines, or the words about there being none."""
        super().paintEvent(event)
        if not self._empty:
            return
        painter = QPainter(self.viewport())
        painter.setPen(QColor(self._palette.muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.viewport().rect().adjusted(24, 8, -24, -8), flags, self._empty)
        painter.end()

    def redress(self) -> None:
        """Show everything anew, in the size that letters have now."""
        self._fill()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter opens the chosen session."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
            return
        super().keyPressEvent(event)

    def _fill(self) -> None:
        side_px = self.fontMetrics().height() - 2
        self.verticalHeader().setDefaultSectionSize(side_px + 12)
        self.setIconSize(QSize(side_px, side_px))
        self.blockSignals(True)
        self.setRowCount(len(self._lines))
        for row, line in enumerate(self._lines):
            words = (line.when, line.participant or "unknown", line.study or "unknown")
            cells = (*(Cell(text) for text in words), line.state, line.quality, line.twin)
            for column, cell in enumerate(cells):
                self.setItem(row, column, self._item(cell, column >= len(words), line))
        self.blockSignals(False)

    def _item(self, cell: Cell, marked: bool, line: SessionLine) -> QTableWidgetItem:
        item = QTableWidgetItem(cell.words)
        if marked:
            item.setIcon(mark(cell.mood, self._palette))
        item.setToolTip(f"{cell.words}\n{line.problem or line.path}")
        return item

    def _tell(self) -> None:
        rows = self.selectionModel().selectedRows()
        self.chosen.emit(self._lines[rows[0].row()].path if rows else None)
