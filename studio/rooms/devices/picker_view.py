"""The questions about a stream whose channels nobody has described; the same as ``gazetwin pick`` asks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from acquisition.coordinates import Origin, Unit
from acquisition.picker import Meaning
from acquisition.wire_format import Eye
from protocols.errors import ProfileInvalid
from studio.picking import Candidate, Choice, number, numbers
from studio.rooms.devices.state import Picking
from studio.theme import Palette

_EYES: tuple[Eye, ...] = ("left", "right", "both")
_NONE = "–"
_UNITS = {
    Unit.FRACTION: "fraction of the screen, 0 to 1",
    Unit.PERCENT: "percent of the screen",
    Unit.PX: "px",
    Unit.MM: "mm",
}
_ORIGINS = {
    Origin.TOP_LEFT: "top left, y downwards",
    Origin.BOTTOM_LEFT: "bottom left, y upwards",
    Origin.CENTRE: "centre, y downwards",
    Origin.CENTRE_Y_UP: "centre, y upwards",
}


class PickerView(QWidget):
    """Asks what the channels of a stream are.

    Attributes:
        points: x, y and validity of each eye.
        unit: of the coordinates.
        origin: of the coordinates.
        valid: range of validity that counts.
        lost: what x and y hold for a lost eye.
        despite: keep the answer although something speaks against it.
        keep: takes the answer.
        cancel: leaves it.
    """

    answered = Signal(object, bool)
    cancelled = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._one: Candidate | None = None
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.guesses = _table()
        self.points = {eye: (_box(eye, "x"), _box(eye, "y"), _box(eye, "validity")) for eye in _EYES}
        self.unit, self.origin = QComboBox(), QComboBox()
        self.unit.setAccessibleName("Unit of the coordinates")
        self.origin.setAccessibleName("Where the coordinates are zero")
        self.valid = QLineEdit(placeholderText="for example 1..1 or 0.6..1")
        self.valid.setAccessibleName("Which values of validity count, lowest..highest")
        self.lost = QLineEdit(placeholderText="for example 0 or -1; empty when only NaN does")
        self.lost.setAccessibleName("What x and y both hold for a lost eye")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.despite = QCheckBox("It is &meant so: keep it all the same")
        self.keep = QPushButton("Chec&k and remember")
        self.cancel = QPushButton("Can&cel")
        self._lay_out()
        self.keep.clicked.connect(self._answer)
        self.cancel.clicked.connect(self.cancelled)

    def render_picking(self, picking: Picking) -> None:
        """Show the stream, and what speaks against the latest answer."""
        if picking.one is not self._one:
            self._one = picking.one
            self._suggest(picking.one)
        doubtful = bool(picking.concerns)
        self.despite.setVisible(doubtful)
        self.said.setVisible(doubtful or bool(picking.refusal))
        words = picking.refusal or " ".join(f"! {concern}" for concern in picking.concerns)
        self._say(words, grave=bool(picking.refusal))

    def choice(self) -> Choice:
        """Return what has been entered.

        Raises:
            ProfileInvalid: a number cannot be read.
        """
        points = []
        for eye, boxes in self.points.items():
            labels = tuple(box.currentData() for box in boxes if box.currentData())
            if labels:
                points.append((eye, labels))
        return Choice(
            tuple(points),
            self.unit.currentData(),
            self.origin.currentData(),
            numbers(self.valid.text()) if self.valid.text().strip() else None,
            number(self.lost.text()) if self.lost.text().strip() else None,
        )

    def _answer(self) -> None:
        if self.unit.currentData() is None:
            self.said.setVisible(True)
            self._say("Say in which unit the coordinates are.", grave=True)
            return
        try:
            choice = self.choice()
        except ProfileInvalid as refusal:
            self.said.setVisible(True)
            self._say(f"{refusal.what} {refusal.fix}", grave=True)
            return
        if not choice.points:
            self.said.setVisible(True)
            self._say("One gaze at least must be named: without it there is nothing to record.", grave=True)
            return
        self.answered.emit(choice, self.despite.isChecked())

    def _say(self, words: str, *, grave: bool) -> None:
        self.said.setText(words)
        self.said.setStyleSheet(f"color: {self._palette.bad if grave else self._palette.warn};")

    def _suggest(self, one: Candidate) -> None:
        labels = one.stream.labels
        self.title.setText(f"What are the channels of {one.stream.name}?")
        self._show_guesses(one)
        suggested = {eye: channels for eye, *channels in one.suggestion.points}
        for eye, boxes in self.points.items():
            for box, label in zip(boxes, suggested.get(eye, ["", "", ""]), strict=True):
                box.clear()
                box.addItem(_NONE, "")
                for i, known in enumerate(labels):
                    box.addItem(f"{i}  {known}", known)
                box.setCurrentIndex(labels.index(label) + 1 if label else 0)
        _fill(self.unit, [("say which", None), *((words, unit) for unit, words in _UNITS.items())])
        _fill(self.origin, [(words, origin) for origin, words in _ORIGINS.items()])
        self.unit.setCurrentIndex(
            0 if one.suggestion.unit is None else 1 + list(_UNITS).index(one.suggestion.unit)
        )
        self.unit.setToolTip(one.suggestion.because)
        self.valid.clear()
        self.lost.clear()
        self.despite.setChecked(False)

    def _show_guesses(self, one: Candidate) -> None:
        self.guesses.setRowCount(len(one.guesses))
        for i, guess in enumerate(one.guesses):
            values = f"{guess.low:.4g} to {guess.high:.4g}" if guess.finite else "none came"
            vague = guess.meaning in (Meaning.OTHER, Meaning.CONSTANT)
            seems = guess.meaning.value if vague else f"{guess.meaning} ({guess.eye})"
            cells = (str(i), guess.label, values, seems, guess.because)
            for column, text in enumerate(cells):
                self.guesses.setItem(i, column, QTableWidgetItem(text))
        rows, head = (
            self.guesses.verticalHeader().length(),
            self.guesses.horizontalHeader().sizeHint().height(),
        )
        bar = self.guesses.horizontalScrollBar().sizeHint().height()
        self.guesses.setMaximumHeight(rows + head + bar + 8)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(self.guesses, 3)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for eye, boxes in self.points.items():
            row = QHBoxLayout()
            for word, box in zip(("x", "y", "validity"), boxes, strict=True):
                row.addWidget(QLabel(word))
                row.addWidget(box, 1)
            words = {"left": "&Left eye", "right": "&Right eye", "both": "Both e&yes in one"}[eye]
            label = QLabel(words)
            label.setBuddy(boxes[0])
            form.addRow(label, row)
        form.addRow("&Unit", self.unit)
        form.addRow("Ori&gin", self.origin)
        form.addRow("V&alid is", self.valid)
        form.addRow("Lost is", self.lost)
        layout.addLayout(form)
        layout.addWidget(self.said)
        layout.addWidget(self.despite)
        buttons = QHBoxLayout()
        buttons.addWidget(self.keep)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addStretch(1)


def _box(eye: str, what: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(f"{what} of {'both eyes' if eye == 'both' else f'the {eye} eye'}")
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(3)
    return box


def _fill(box: QComboBox, items: list[tuple[str, object]]) -> None:
    box.clear()
    for words, data in items:
        box.addItem(words, data)


def _table() -> QTableWidget:
    table = QTableWidget(0, 5)
    table.setAccessibleName("Channels and what they seem to be")
    table.setHorizontalHeaderLabels(["", "Channel", "Values", "Seems to be", "Because"])
    table.verticalHeader().setVisible(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.setTabKeyNavigation(False)
    return table
