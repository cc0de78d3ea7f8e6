"""Every page small: real beside twin, with its score; one click or Enter opens it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from protocols.stimulus import PixelArray
from studio.rooms.twin.results import TwinResults
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.thumbnails import SIZE_PX
from studio.rooms.twin.wording import SPLIT_WORDS
from studio.widgets.page_picture import image_of

_KEY = "Left: real attention. Right: the twin's. Brightest: {:.0f} % of the looking time on posters, or more."


class AllPages(QWidget):
    """Small multiples.

    Attributes:
        evidence: show only test pages.
        pages: one item per page; Enter or a click opens it.
    """

    page_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._shown: TwinResults | None = None
        self._drawn: set[int] = set()
        self.evidence = QCheckBox("Only test pages, &which count as evidence")
        self.pages = QListWidget()
        self.pages.setAccessibleName("All pages; Enter opens one")
        self.pages.setViewMode(QListWidget.ViewMode.IconMode)
        self.pages.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.pages.setMovement(QListWidget.Movement.Static)
        self.pages.setUniformItemSizes(True)
        self.pages.setSpacing(6)
        self.pages.setIconSize(QSize(*SIZE_PX))
        self._key = QLabel()
        self._key.setWordWrap(True)
        self._key.setProperty("role", "muted")
        down = QVBoxLayout(self)
        down.addWidget(self.evidence, 0, Qt.AlignmentFlag.AlignLeft)
        down.addWidget(self.pages, 1)
        down.addWidget(self._key)
        self.evidence.toggled.connect(self._filter)
        self.pages.itemActivated.connect(self._activated)
        self.pages.itemClicked.connect(self._activated)

    def render_state(self, state: TwinState) -> None:
        """Show every page, and its picture as soon as it is drawn."""
        if state.shown is not self._shown:
            self._shown = state.shown
            self._fill(state.shown)
        for number, pixels in state.small.items():
            if number not in self._drawn and number < self.pages.count():
                self._drawn.add(number)
                self.pages.item(number).setIcon(QIcon(_pixmap(pixels)))
        self._key.setText(_KEY.format(100 * state.small_scale) if state.shown.pages else "No page yet.")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep Enter here: it opened a page, it does not leave the room."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _fill(self, shown: TwinResults) -> None:
        self._drawn.clear()
        self.pages.clear()
        blank = QPixmap(*SIZE_PX)
        blank.fill(Qt.GlobalColor.transparent)
        for row in shown.pages:
            score = "not scored" if row.kl is None else f"{row.kl:.2f} nats"
            item = QListWidgetItem(
                QIcon(blank), f"Trial {row.trial + 1} · {SPLIT_WORDS[row.split]}\nKL {score}"
            )
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.pages.addItem(item)
        self._filter()

    def _filter(self) -> None:
        rows = () if self._shown is None else self._shown.pages
        for number, row in enumerate(rows):
            self.pages.item(number).setHidden(self.evidence.isChecked() and row.split not in ("test", ""))

    def _activated(self, item: QListWidgetItem) -> None:
        self.page_chosen.emit(self.pages.row(item))


def _pixmap(pixels: PixelArray) -> QPixmap:
    return QPixmap.fromImage(image_of(pixels))
