"""The questionnaire as widgets: stars per genre, the favourite, and the study's own questions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from protocols.blocks import Question, Questionnaire

NO_ANSWER = "no answer"
_STARS = 5


class Ratings(QWidget):
    """One row of radio buttons per genre: no answer, or 1 to 5 stars; arrow keys move along a row.

    Args:
        genres: asked about.
    """

    rated = Signal(str, int)

    def __init__(self, genres: tuple[str, ...]) -> None:
        super().__init__()
        self.buttons: dict[tuple[str, int], QRadioButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for stars in range(_STARS + 1):
            head = QLabel(str(stars) if stars else "–")
            head.setProperty("role", "muted")
            grid.addWidget(head, 0, stars + 1, Qt.AlignmentFlag.AlignHCenter)
        for row, genre in enumerate(genres, start=1):
            self._add(grid, row, genre)
        grid.setColumnStretch(_STARS + 2, 1)

    def _add(self, grid: QGridLayout, row: int, genre: str) -> None:
        grid.addWidget(QLabel(genre), row, 0)
        group = QButtonGroup(self)
        for stars in range(_STARS + 1):
            button = QRadioButton()
            button.setAccessibleName(
                f"{genre}: {stars} of {_STARS} stars" if stars else f"{genre}: no answer"
            )
            button.setToolTip(button.accessibleName())
            button.setChecked(stars == 0)
            button.toggled.connect(partial(self._toggled, genre, stars))
            group.addButton(button)
            grid.addWidget(button, row, stars + 1, Qt.AlignmentFlag.AlignHCenter)
            self.buttons[genre, stars] = button

    def _toggled(self, genre: str, stars: int, on: bool) -> None:
        if on:
            self.rated.emit(genre, stars)


class Questions(QWidget):
    """Everything that a study asks.

    Args:
        asked: the study's questionnaire.

    Attributes:
        ratings: stars per genre, None when not asked.
        top_genre: the favourite genre, None when not asked.
        fields: the study's own questions by key.
    """

    rated = Signal(str, int)
    preferred = Signal(str)
    answered = Signal(str, str)

    def __init__(self, asked: Questionnaire) -> None:
        super().__init__()
        self.ratings = Ratings(asked.genres) if "ratings" in asked.asks else None
        self.top_genre: QComboBox | None = None
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self._notes: dict[str, QLabel] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        if self.ratings is not None:
            layout.addWidget(
                _wrapped("How much do you like films of each genre? 1 is not at all, 5 very much.")
            )
            layout.addWidget(self.ratings)
            self.ratings.rated.connect(self.rated)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        if "top-genre" in asked.asks:
            self.top_genre = _choice("Favourite genre", asked.genres)
            self.top_genre.currentIndexChanged.connect(self._preferred)
            form.addRow("Favourite genre", self.top_genre)
        for question in asked.questions:
            self._ask(form, question)
        layout.addLayout(form)
        if not (asked.asks or asked.questions):
            layout.addWidget(_wrapped("This study asks nothing."))

    def render_notes(
        self, warnings: Mapping[str, str], mistakes: Mapping[str, str], colours: tuple[str, str]
    ) -> None:
        """Show a warning or a mistake below each field; ``colours`` are of warnings and of mistakes."""
        for key, note in self._notes.items():
            mistake = mistakes.get(key, "")
            text = mistake if mistake and not mistake.startswith("needs an answer") else warnings.get(key, "")
            note.setText(f"This {mistake}" if text == mistake and mistake else text)
            note.setStyleSheet(f"color: {colours[1] if mistake else colours[0]};")
            note.setVisible(bool(text))

    def _ask(self, form: QFormLayout, question: Question) -> None:
        field: QLineEdit | QComboBox
        if question.kind in ("choice", "yes-no"):
            field = _choice(question.text, question.choices or ("yes", "no"))
            field.currentIndexChanged.connect(partial(self._chosen, question.key, field))
        else:
            field = QLineEdit()
            field.setAccessibleName(question.text)
            field.setMaxLength(500)
            if question.kind == "text":
                field.setPlaceholderText("No names, addresses or dates of birth.")
            field.textChanged.connect(partial(self.answered.emit, question.key))
        note = _wrapped("")
        note.setVisible(False)
        column = QVBoxLayout()
        column.addWidget(field)
        column.addWidget(note)
        label = _wrapped(f"{question.text} (needed)" if question.needed else question.text)
        label.setBuddy(field)
        form.addRow(label, column)
        self.fields[question.key], self._notes[question.key] = field, note

    def _chosen(self, key: str, field: QComboBox, index: int) -> None:
        self.answered.emit(key, field.itemText(index) if index else "")

    def _preferred(self, index: int) -> None:
        assert self.top_genre is not None
        self.preferred.emit(self.top_genre.itemText(index) if index else "")


def _choice(words: str, choices: tuple[str, ...]) -> QComboBox:
    field = QComboBox()
    field.addItems([NO_ANSWER, *choices])
    field.setAccessibleName(words)
    return field


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
