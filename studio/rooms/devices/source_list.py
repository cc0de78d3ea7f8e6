"""The list of places where gaze can come from."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.rooms.devices.state import DevicesState, Entry
from studio.theme import Palette
from studio.widgets.wrapped_lines import wrap_lines


class _List(QListWidget):
    """A list that chooses nothing by merely being entered with the Tab key."""

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep what is chosen, or that nothing is."""
        row = self.currentRow()
        self.blockSignals(True)
        super().focusInEvent(event)
        self.setCurrentRow(row)
        self.blockSignals(False)


class SourceList(QWidget):
    """Shows the entries; one is chosen.

    Attributes:
        entries: the list.
        open_session: chooses a session file to replay.
    """

    chosen = Signal(str)
    session_wanted = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.entries = _List()
        self.entries.setAccessibleName("Where gaze comes from")
        wrap_lines(self.entries)
        self.entries.setSpacing(2)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setProperty("role", "muted")
        self.open_session = QPushButton("Session &file …")
        self.open_session.setAccessibleName("Choose a session file to replay")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entries, 1)
        layout.addWidget(self.note)
        row = QHBoxLayout()
        row.addWidget(self.open_session)
        row.addStretch(1)
        layout.addLayout(row)
        self.entries.currentItemChanged.connect(self._tell)
        self.open_session.clicked.connect(self.session_wanted)

    def render_state(self, state: DevicesState) -> None:
        """Show the entries and which is chosen."""
        self.entries.blockSignals(True)
        self._fill(state.entries)
        for row, entry in enumerate(state.entries):
            if entry.key == state.chosen:
                self.entries.setCurrentRow(row)
        if not state.chosen:
            self.entries.setCurrentRow(-1)
        self.entries.blockSignals(False)
        self.note.setText(_note(state))

    def _fill(self, entries: tuple[Entry, ...]) -> None:
        while self.entries.count() > len(entries):
            self.entries.takeItem(self.entries.count() - 1)
        for row, entry in enumerate(entries):
            if row == self.entries.count():
                self.entries.addItem(QListWidgetItem())
            self._write(self.entries.item(row), entry)

    def _write(self, item: QListWidgetItem, entry: Entry) -> None:
        word, mood = _standing(entry)
        text = f"{entry.title}\n{entry.detail}" + (f"\n{word}" if word else "")
        if item.text() != text:
            item.setText(text)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, text.replace("\n", ". "))
        item.setData(Qt.ItemDataRole.UserRole, entry.key)
        item.setForeground(QColor(self._palette.bad if mood == "bad" else self._palette.text))

    def _tell(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))


def _standing(entry: Entry) -> tuple[str, str]:
    if entry.gone:
        return "✕ has left the network", "bad"
    if entry.vague:
        return "? may be gaze, if you know its channels", "quiet"
    if entry.kind == "lsl" and entry.choice is None:
        how = "? its channels are not known" if entry.pickable else "✕ is no gaze on a screen"
        return how, "bad"
    if entry.alike:
        return "! another stream looks the same", "bad"
    return ("✓ understood", "good") if entry.kind == "lsl" else ("", "good")


def _note(state: DevicesState) -> str:
    if state.problem:
        return state.problem
    if state.looking:
        return "Looking for streams on the network …"
    if all(entry.kind != "lsl" for entry in state.entries):
        return (
            "No gaze stream is on the network. Start the tracker's program and its LSL output; it appears "
            "here by itself. 'gazetwin doctor' checks whether this computer finds streams at all."
        )
    return "Streams appear and disappear here by themselves."
