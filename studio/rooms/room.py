"""What a room is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from studio.house import House


class Room(QWidget):
    """One room of the Studio. Built when it is first entered, and again when theme or font size change.

    Args:
        house: what the rooms share.
    """

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house

    def enter(self, about: Path | None) -> None:
        """The room is shown, about a file or about nothing in particular."""

    def leave(self) -> None:
        """Another room is shown."""

    def busy(self) -> str:
        """Return why the Studio must not be closed or rebuilt now, in words; empty when it may."""
        return ""

    def closing(self) -> None:
        """The Studio was to be closed while this room is busy: ask what to do about it."""

    def redress(self) -> bool:
        """Take the house's new colours and size of letters; False to be built anew instead."""
        return False

    def clear(self) -> None:
        """Throw away everything that can be seen, to furnish the room anew."""
        old, layout = QWidget(), self.layout()
        if layout is not None:
            old.setLayout(layout)  # with everything in it
        old.deleteLater()

    def close_down(self) -> None:
        """The room goes away for good: end its programs, threads and timers."""
