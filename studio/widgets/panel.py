"""A framed part of a window with a title."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

_HEADING_PX = 30


class Panel(QFrame):
    """A frame with a title, something beside the title, and a content.

    Args:
        title: in the upper left corner, also the accessible name.
        content: fills the rest.
        beside: shown at the right of the title.
    """

    def __init__(self, title: str, content: QWidget, beside: QWidget | None = None) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setProperty("role", "title")
        top = QHBoxLayout()
        top.addStrut(_HEADING_PX)
        top.addWidget(heading)
        top.addStretch(1)
        if beside is not None:
            top.addWidget(beside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(content, 1)
