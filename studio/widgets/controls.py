"""The operator's buttons: each emits an intent, and is enabled when the session's phase allows it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from studio.state import Phase

SHORTCUTS = {
    "pause": "Ctrl+P",
    "skip": "Ctrl+K",
    "repeat": "Ctrl+R",
    "note": "Ctrl+N",
    "abort": "Ctrl+Shift+A",
}
RECORDED: tuple[Phase, ...] = ("calibrating", "running", "paused")
LASTING: tuple[Phase, ...] = (*RECORDED, "fitting")


class Controls(QWidget):
    """Pause or Resume, Skip, Repeat, Note and Abort.

    Attributes:
        pause: also resumes.
        skip: ends the running trial.
        repeat: shows the running trial again from its beginning, or the last one when none is running.
        note: moves to the field ``note_text``; Enter there sends the note.
        abort: only asks; see ``AbortQuestion``.
    """

    pause_pressed = Signal()
    resume_pressed = Signal()
    skip_pressed = Signal()
    repeat_pressed = Signal()
    note_written = Signal(str)
    abort_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._paused = False
        self.pause = _button("Pause", SHORTCUTS["pause"])
        self.skip = _button("Skip trial", SHORTCUTS["skip"])
        self.repeat = _button("Repeat trial", SHORTCUTS["repeat"])
        self.note = _button("Note", SHORTCUTS["note"])
        self.note_text = QLineEdit(
            placeholderText="Write a note and press Enter; it is stored with the time."
        )
        self.note_text.setAccessibleName("Text of the note")
        self.note_text.setMaxLength(500)
        self.abort = _button("Abort session", SHORTCUTS["abort"])
        self.abort.setProperty("role", "grave")
        self._lay_out()
        self._connect()

    def render_phase(self, phase: Phase, has_trials: bool = True) -> None:
        """Enable what makes sense in a phase; without trials there is none to skip or repeat."""
        self._paused = phase == "paused"
        words = "Resume" if self._paused else "Pause"
        if not self.pause.text().startswith(words):
            _label(self.pause, words, SHORTCUTS["pause"])
            self._fit()
        self.pause.setEnabled(phase in ("running", "paused"))
        self.skip.setEnabled(phase == "running" and has_trials)
        self.repeat.setEnabled(phase in ("running", "paused") and has_trials)
        for part in (self.note, self.note_text, self.abort):
            part.setEnabled(phase in LASTING)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Write the shortcuts on the buttons where there is room; else only tool tips tell them."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        letters = self.fontMetrics()
        said = "".join(f"{b.accessibleName()}  {_keys(b)}" for b in self._buttons)
        needed = letters.horizontalAdvance(said) + 40 * len(self._buttons) + 20 * letters.averageCharWidth()
        narrow = needed > self.width()
        for button in self._buttons:
            words = button.accessibleName() if narrow else f"{button.accessibleName()}  {_keys(button)}"
            if button.text() != words:
                keys = button.shortcut()
                button.setText(words)
                button.setShortcut(keys)

    @property
    def _buttons(self) -> tuple[QPushButton, ...]:
        return (self.pause, self.skip, self.repeat, self.note, self.abort)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        for part in (self.pause, self.skip, self.repeat, self.note):
            line.addWidget(part)
        line.addWidget(self.note_text, 1)
        line.addSpacing(24)
        line.addWidget(self.abort)

    def _connect(self) -> None:
        self.pause.clicked.connect(self._pause_or_resume)
        self.skip.clicked.connect(self.skip_pressed)
        self.repeat.clicked.connect(self.repeat_pressed)
        self.note.clicked.connect(self.note_text.setFocus)
        self.note_text.returnPressed.connect(self._send_note)
        self.abort.clicked.connect(self.abort_pressed)

    def _pause_or_resume(self) -> None:
        (self.resume_pressed if self._paused else self.pause_pressed).emit()

    def _send_note(self) -> None:
        text = self.note_text.text().strip()
        if text:
            self.note_written.emit(text)
            self.note_text.clear()


FOR_GOOD = "The session ends now and cannot be continued."
RESUMABLE = "The session ends now. The trials that are left can be resumed later from room 1, Start."


class AbortQuestion(QDialog):
    """Asks for a reason before the session is ended; Enter and Escape both keep the session going.

    Attributes:
        promise: says whether the session can be gone on with another time.
        reason: free text, may stay empty.
        keep: the default button.
        end: has to be pressed on purpose.
    """

    confirmed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Abort the session?")
        self.promise = QLabel(FOR_GOOD)
        self.reason = QLineEdit(placeholderText="optional")
        self.reason.setAccessibleName("Reason for aborting")
        self.keep = QPushButton("Keep going")
        self.keep.setDefault(True)
        self.end = QPushButton("Abort the session")
        self.end.setAutoDefault(False)
        self.end.setProperty("role", "grave")
        self._lay_out()
        self.setModal(True)
        self.keep.clicked.connect(self.reject)
        self.end.clicked.connect(self.accept)
        self.accepted.connect(self._confirm)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(16, 16, 16, 16)
        form.setSpacing(12)
        form.addRow(self.promise)
        form.addRow(QLabel("Everything recorded so far is kept; the file is marked as aborted."))
        form.addRow("Reason", self.reason)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.keep)
        buttons.addWidget(self.end)
        form.addRow(buttons)

    def _confirm(self) -> None:
        reason = self.reason.text().strip()
        self.reason.clear()
        self.confirmed.emit(reason or "aborted by the operator")


def _keys(button: QPushButton) -> str:
    return button.shortcut().toString()


def _button(words: str, shortcut: str) -> QPushButton:
    button = QPushButton()
    button.setAutoDefault(True)
    _label(button, words, shortcut)
    return button


def _label(button: QPushButton, words: str, shortcut: str) -> None:
    button.setText(f"{words}  {shortcut}")
    button.setAccessibleName(words)
    button.setToolTip(f"{words} ({shortcut})")
    # Setting the text resets the shortcut, so it is set last.
    button.setShortcut(QKeySequence(shortcut))
