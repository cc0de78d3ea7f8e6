"""The page twice, on one scale: with the real attention as it comes, and with the twin's prediction."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from studio.state import LiveState, Trail, common_scale
from studio.theme import Palette, heat_hex
from studio.widgets.page_picture import PagePicture
from studio.widgets.panel import Panel

_NO_PAGE = "No page is on the screen."


class PagePair(QWidget):
    """Two pictures of the page on the screen, side by side, with switches for trail and heat.

    Attributes:
        show_trail: switch of the gaze trail.
        show_heat: switch of the heat per poster.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._state = LiveState()
        self._real = PagePicture(palette, palette.real, "Page with the real gaze")
        self._twin = PagePicture(palette, palette.twin, "Page with the twin's prediction")
        self._key = HeatKey(palette)
        self.show_trail = _switch("Trail", "Gaze trail", "Ctrl+G")
        self.show_heat = _switch("Heat", "Heat", "Ctrl+H")
        for switch in (self.show_trail, self.show_heat):
            switch.toggled.connect(self._again)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Panel("Real gaze", self._real, self._switches()), 1)
        layout.addWidget(Panel("Twin's prediction", self._twin, self._key), 1)

    def render_state(self, state: LiveState) -> None:
        """Show a state's page, gaze and prediction."""
        self._state = state
        full = common_scale(state.real, state.predicted)
        heat = self.show_heat.isChecked()
        trail = state.trail if self.show_trail.isChecked() else Trail.none()
        real = state.real if heat and state.dwell_ms.any() else None
        predicted = state.predicted if heat else None
        why = "" if state.predicted is not None else state.prediction_note or "No prediction for this page."
        self._real.render_page(state.page, real, full, trail, "" if state.page else _NO_PAGE)
        self._twin.render_page(state.page, predicted, full, Trail.none(), why if state.page else _NO_PAGE)
        self._key.render_scale(full)

    def _again(self) -> None:
        self.render_state(self._state)

    def _switches(self) -> QWidget:
        box = QWidget()
        line = QHBoxLayout(box)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.show_trail)
        line.addWidget(self.show_heat)
        return box


class HeatKey(QWidget):
    """What the heat's colours mean: from 0 to the full share."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._full_share = 1.0
        letters = self.fontMetrics()
        self.setMinimumSize(QSize(round(2.3 * letters.horizontalAdvance("100 %")), letters.height()))
        self.setAccessibleName("Scale of the heat")

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(2 * self.minimumWidth(), self.minimumHeight())

    def render_scale(self, full_share: float) -> None:
        """Show the share of the strongest heat."""
        if full_share != self._full_share:
            self._full_share = full_share
            self.setToolTip(f"Share of the attention on posters, from 0 to {100 * full_share:.0f} %")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw the ramp between its two ends."""
        painter = QPainter(self)
        text_px = painter.fontMetrics().horizontalAdvance("100 %") + 6
        ramp = QRectF(text_px, self.height() / 2 - 5, self.width() - 2 * text_px, 10)
        colours = QLinearGradient(ramp.topLeft(), ramp.topRight())
        for step in range(11):
            colours.setColorAt(step / 10, QColor(heat_hex(step / 10)))
        painter.fillRect(ramp, colours)
        painter.setPen(QColor(self._palette.text))
        left = QRectF(0, 0, text_px - 6, self.height())
        right = QRectF(ramp.right() + 6, 0, text_px, self.height())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | middle, "0 %")
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft | middle, f"{100 * self._full_share:.0f} %")


def _switch(words: str, meaning: str, shortcut: str) -> QCheckBox:
    box = QCheckBox(words)
    box.setChecked(True)
    box.setShortcut(shortcut)
    box.setToolTip(f"{meaning} ({shortcut})")
    box.setAccessibleName(meaning)
    return box
