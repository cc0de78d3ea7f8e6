"""The summary of a session, line by line."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from studio.rooms.session.summary import Line, Summary
from studio.theme import WORDS, Palette


class SummaryView(QWidget):
    """Renders a summary; every text can be selected.

    Args:
        palette: the colours.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.title = QLabel()
        self.title.setProperty("role", "phase")
        self.title.setWordWrap(True)
        self.title.setAccessibleName("How the session ended")
        panel = QFrame()
        panel.setProperty("role", "panel")
        self._grid = QGridLayout(panel)
        self._grid.setColumnStretch(1, 1)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(10)
        down = QVBoxLayout(self)
        down.addWidget(self.title)
        down.addWidget(panel)
        down.addStretch(1)

    def render_summary(self, told: Summary) -> None:
        """Show a summary."""
        self.title.setText(told.title)
        self.title.setStyleSheet(f"color: {self._palette.mood(told.mood)}")
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for row, line in enumerate(told.lines):
            self._add(row, line)

    def _add(self, row: int, line: Line) -> None:
        label, words = QLabel(line.label), QLabel(line.words)
        label.setProperty("role", "muted")
        words.setWordWrap(True)
        words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        words.setAccessibleName(f"{line.label}: {WORDS[line.mood]} {line.words}")
        words.setStyleSheet(f"color: {self._palette.mood(line.mood)}" if line.mood != "quiet" else "")
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(words, row, 1)
