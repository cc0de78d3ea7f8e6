"""The chosen source: what its channels are, how it does, and what is wrong, in words."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from acquisition.preview import Glance
from studio.rooms.devices.mini_screen import MiniScreen
from studio.rooms.devices.state import DevicesState, Entry, Line
from studio.theme import Mood, Palette

_METERS = ("Rate", "Samples lost", "Gaze found", "Clock")
_SIGN: dict[Mood, str] = {"bad": "✕", "warn": "!", "quiet": "·", "good": "✓"}


class SourceView(QWidget):
    """Shows one source.

    Attributes:
        pick: begins to say what the channels are.
        surface: chooses a surface file for a head-worn tracker.
        lines: what is said about the source.
    """

    pick_wanted = Signal()
    surface_wanted = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._shown: list[tuple[str, str]] = []
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.title.setWordWrap(True)
        self.lines = QLabel()
        self.lines.setWordWrap(True)
        self.lines.setTextFormat(Qt.TextFormat.RichText)
        self.lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.gaze = MiniScreen(palette)
        self.meters = {name: QLabel("–") for name in _METERS}
        self.channels = _table()
        self.pick = QPushButton("Say what its &channels are …")
        self.surface = QPushButton("S&urface file …")
        self.surface.setAccessibleName("Choose a surface file for this head-worn tracker")
        self._lay_out()
        self.pick.clicked.connect(self.pick_wanted)
        self.surface.clicked.connect(self.surface_wanted)

    def render_state(self, state: DevicesState) -> None:
        """Show the chosen entry and how it does."""
        entry, measured = state.entry, state.measured
        self.title.setText(entry.title if entry is not None else "No source is chosen")
        glance = measured.glance if measured is not None else None
        self._render_meters(glance)
        self.gaze.render_gaze(state.setup, glance.recent if glance else None, _instead(state))
        self.lines.setText(self._rich(_lines(state)))
        self._render_channels(entry)
        self.pick.setVisible(entry is not None and entry.pickable)
        self.surface.setVisible(entry is not None and entry.wearable)

    def _render_meters(self, glance: Glance | None) -> None:
        for name, words in _measures(glance).items():
            label = self.meters[name]
            label.setText(words)
            label.setAccessibleName(f"{name}: {words}")

    def _render_channels(self, entry: Entry | None) -> None:
        rows = entry.channels if entry is not None else ()
        self.channels.setVisible(bool(rows))
        shown = [(row.label, _role(entry, row.role)) for row in rows]
        if shown == self._shown:
            return
        self._shown = shown
        self.channels.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for column, text in enumerate((str(i), row.label, row.unit, _role(entry, row.role))):
                self.channels.setItem(i, column, QTableWidgetItem(text))

    def _rich(self, lines: tuple[Line, ...]) -> str:
        return "".join(
            f'<p style="margin:0 0 4px 0; color:{self._palette.mood(line.mood)}">{_SIGN[line.mood]} '
            f"{_escaped(line.words)}</p>"
            for line in lines
        )

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.lines)
        row = QHBoxLayout()
        row.addWidget(self.pick)
        row.addWidget(self.surface)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self.gaze, 3)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for i, (name, label) in enumerate(self.meters.items()):
            words = QLabel(name)
            words.setProperty("role", "muted")
            label.setWordWrap(True)
            grid.addWidget(words, i, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, i, 1)
        layout.addLayout(grid)
        layout.addWidget(self.channels, 2)


def _table() -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setAccessibleName("Channels of the stream and what they are understood to be")
    table.setHorizontalHeaderLabels(["", "Channel", "Unit", "Understood as"])
    table.verticalHeader().setVisible(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.setTabKeyNavigation(False)
    table.setMinimumHeight(90)
    return table


def _role(entry: Entry | None, role: str) -> str:
    usable = entry is not None and entry.choice is not None
    return role or ("recorded only" if usable else "not known")


def _measures(glance: Glance | None) -> dict[str, str]:
    if glance is None or glance.account is None:
        return dict.fromkeys(_METERS, "–")
    claimed = glance.info.nominal_hz
    claim = f"claims {claimed:g} Hz" if claimed else "claims no rate"
    hz, lost, valid = glance.measured_hz, glance.lost_share, glance.valid_share
    return {
        "Rate": f"{hz:.1f} Hz measured, {claim}" if np.isfinite(hz) else f"measuring …, {claim}",
        "Samples lost": f"{lost:.2%}" if np.isfinite(lost) else "measuring …",
        "Gaze found": f"in {valid:.0%} of the samples of the last 2 s" if np.isfinite(valid) else "–",
        "Clock": glance.clock,
    }


def _lines(state: DevicesState) -> tuple[Line, ...]:
    entry, lines = state.entry, []
    if state.said is not None:
        lines.append(state.said)
    if state.failure:
        lines.append(Line(state.failure, "bad"))
    if entry is None:
        return (*lines, Line("Choose one at the left. A tracker appears as soon as its LSL output runs."))
    if entry.gone:
        what = "has left the network. It is found again when its program starts."
        lines.append(Line(f"{entry.title} {what}", "bad"))
    if entry.refusal:
        lines.append(Line(entry.refusal, "bad"))
    if entry.alike:
        lines.append(Line(entry.alike, "bad"))
    if state.measured is not None and not entry.gone:
        lines += state.measured.lines
    if entry.caveat:
        lines.append(Line(entry.caveat))
    return tuple(lines)


def _instead(state: DevicesState) -> str:
    """Return what to say in place of gaze."""
    entry, measured = state.entry, state.measured
    if state.waiting:
        return state.waiting
    if measured is not None and len(measured.glance.recent):
        return ""
    if entry is None:
        return "Live gaze is drawn here."
    if entry.kind == "mock":
        return "The simulated participant comes in when the session begins."
    if entry.kind == "mouse":
        return "The pointer counts on the participant's display, once the session begins."
    return "No sample has come yet." if measured is not None and not state.failure else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
