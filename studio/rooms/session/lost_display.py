"""What the operator reads and can do when the participant's display has been removed."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from studio.theme import Palette


class LostDisplay(QFrame):
    """A warning with two ways out; hidden while the display is there.

    Attributes:
        move_here: show the participant's window on the display that is left.
        end: end the session; asks first.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setStyleSheet(f"color: {palette.bad}; font-weight: bold")
        self.words.setAccessibleName("The participant's display is gone")
        self.move_here = QPushButton("Show the study on this display")
        self.end = QPushButton("End the session …")
        for button in (self.move_here, self.end):
            button.setAccessibleName(button.text())
            button.setAutoDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.move_here)
        buttons.addWidget(self.end)
        buttons.addStretch(1)
        down = QVBoxLayout(self)
        down.addWidget(self.words)
        down.addLayout(buttons)
        self.hide()

    def render_lost(self, words: str) -> None:
        """Show what happened to the display; hide when ``words`` are empty."""
        self.words.setText(f"{words} The session is paused.")
        self.setVisible(bool(words))
