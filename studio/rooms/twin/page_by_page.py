"""One page at a time: real and simulated attention as heat on the page, and as bars per poster."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from studio.rooms.twin.results import PageRow, TwinResults
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.wording import page_words, split_words
from studio.state import Trail, common_scale
from studio.theme import Palette
from studio.widgets.page_picture import PagePicture
from studio.widgets.pages import HeatKey
from studio.widgets.panel import Panel
from studio.widgets.slot_bars import SlotBars

_NO_PAGE = "Fit a twin, or choose one that has been fitted: its pages appear here."


class PageByPage(QWidget):
    """Chooser, two pictures on one scale, and bars.

    Attributes:
        chooser: every page; the arrow keys move through it.
        previous: one page back (Page Up).
        next: one page on (Page Down).
        split: what the page was used for, in words.
    """

    page_chosen = Signal(int)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._shown: TwinResults | None = None
        self.chooser, self.split = QComboBox(), QLabel()
        self.chooser.setAccessibleName("Page; Page Up and Page Down move through all pages")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.previous, self.next = QPushButton("◀ Page Up"), QPushButton("Page Down ▶")
        self.previous.setAccessibleName("Previous page")
        self.next.setAccessibleName("Next page")
        self.split.setWordWrap(True)
        self.split.setAccessibleName("What this page was used for")
        self._real = PagePicture(palette, palette.real, "Page with the real attention")
        self._twin = PagePicture(palette, palette.twin, "Page with the twin's attention")
        self._key, self._bars = HeatKey(palette), SlotBars(palette)
        letters = self.fontMetrics()
        self._key.setMinimumSize(letters.horizontalAdvance("100 %") * 5, letters.height() + 4)
        self._lay_out()
        self._connect()

    def render_state(self, state: TwinState) -> None:
        """Show the page that is chosen."""
        pages = state.shown.pages
        self.chooser.blockSignals(True)
        if state.shown is not self._shown:
            self._shown = state.shown
            self.chooser.clear()
            self.chooser.addItems([page_words(row, several=_several(pages)) for row in pages])
        self.chooser.setEnabled(bool(pages))
        self.chooser.setCurrentIndex(state.page if pages else -1)
        self.chooser.blockSignals(False)
        self.previous.setEnabled(state.page > 0)
        self.next.setEnabled(state.page + 1 < len(pages))
        self._render_row(state.row, state)

    def _render_row(self, row: PageRow | None, state: TwinState) -> None:
        words, mood = split_words(row)
        self.split.setText(words)
        self.split.setStyleSheet(f"color: {self._palette.mood(mood)}; font-weight: bold;")
        real, twin = (None, None) if row is None else (row.real, row.twin)
        full = common_scale(real, twin)
        empty = "" if state.picture is not None else _NO_PAGE if row is None else "Reading the page …"
        nobody = empty or "No poster was looked at on this page."
        unasked = empty or "The twin has not been asked about this page."
        still = Trail.none()
        self._real.render_page(state.picture, real, full, still, nobody if real is None else empty)
        self._twin.render_page(state.picture, twin, full, still, unasked if twin is None else empty)
        self._key.render_scale(full)
        click = None if row is None else row.click
        slots = () if state.picture is None else state.picture.layout.slots
        self._bars.render_shares(slots, real, twin, click, full)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        for button in (self.previous, self.next):
            button.setAutoDefault(True)
        line.addWidget(self.previous)
        line.addWidget(self.chooser, 1)
        line.addWidget(self.next)
        pair = QWidget()
        pictures = QHBoxLayout(pair)
        pictures.setContentsMargins(0, 0, 0, 0)
        pictures.addWidget(Panel("Real attention", self._real), 1)
        pictures.addWidget(Panel("Twin's attention", self._twin), 1)
        divided = QSplitter(Qt.Orientation.Vertical)
        divided.setChildrenCollapsible(False)
        divided.addWidget(pair)
        divided.addWidget(Panel("Per poster: real solid, twin hatched", self._bars))
        divided.setStretchFactor(0, 3)
        divided.setStretchFactor(1, 2)
        down = QVBoxLayout(self)
        down.addLayout(line)
        told = QHBoxLayout()
        told.addWidget(self.split, 1)
        told.addWidget(QLabel("Share of looking time:"))
        told.addWidget(self._key)
        down.addLayout(told)
        down.addWidget(divided, 1)

    def _connect(self) -> None:
        self.chooser.activated.connect(self.page_chosen)
        self.chooser.currentIndexChanged.connect(self._moved)
        self.previous.clicked.connect(lambda: self.page_chosen.emit(self.chooser.currentIndex() - 1))
        self.next.clicked.connect(lambda: self.page_chosen.emit(self.chooser.currentIndex() + 1))
        for key, button in ((Qt.Key.Key_PageUp, self.previous), (Qt.Key.Key_PageDown, self.next)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(button.click)

    def _moved(self, index: int) -> None:
        if self.chooser.hasFocus() and index >= 0:
            self.page_chosen.emit(index)


def _several(pages: tuple[PageRow, ...]) -> bool:
    return len({row.session for row in pages}) > 1
