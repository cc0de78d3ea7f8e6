"""Asks whether everything about a participant is to be removed, with the list of what that is."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.erasing import Erasure


class EraseQuestion(QDialog):
    """A question; accepted when everything is to go.

    Attributes:
        erase: the button that agrees; missing from the window when there is nothing to remove.
        keep: the button that leaves everything.
    """

    def __init__(self, found: Erasure, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Erase {found.participant}")
        self.setModal(True)
        words = QLabel(found.question())
        words.setWordWrap(True)
        names = QListWidget()
        names.setAccessibleName("What would be removed")
        names.addItems([str(path) for path in found.files])
        names.addItems([f"stays: {name}: {why}" for name, why in found.left.items()])
        self.keep = QPushButton("&Keep everything")
        self.erase = QPushButton(f"&Erase {found.participant} for good")
        self.erase.setProperty("role", "grave")
        self.erase.setVisible(bool(found.files))
        buttons = QDialogButtonBox()
        buttons.addButton(self.keep, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.erase, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (words, names, buttons):
            layout.addWidget(widget)
        # Only inside its window can a button become the one that Enter presses.
        self.keep.setDefault(True)
        self.keep.setFocus()
        self.resize(self.fontMetrics().averageCharWidth() * 90, self.fontMetrics().height() * 18)
