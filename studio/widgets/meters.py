"""How good the signal is, in numbers with units, a verdict and a word of comparison."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from studio.state import Meter, Quality
from studio.theme import WORDS, Palette


class QualityMeters(QWidget):
    """One line per quantity: label, value, and whether that is well."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._shown: tuple[Meter, ...] = ()
        self._lines: dict[str, tuple[QLabel, QLabel]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(2, 1)
        for row, meter in enumerate(Quality().meters()):
            self._add_line(grid, row, meter.label)
        self.setAccessibleName("Signal quality")
        self.render_quality(Quality())

    def render_quality(self, quality: Quality) -> None:
        """Show a quality; cheap when nothing changed."""
        meters = quality.meters()
        for meter in meters:
            if meter not in self._shown:
                self._render_line(meter)
        self._shown = meters

    def _add_line(self, grid: QGridLayout, row: int, label: str) -> None:
        name, value, note = QLabel(label), QLabel(), QLabel()
        value.setProperty("role", "value")
        note.setWordWrap(True)
        grid.addWidget(name, row, 0)
        grid.addWidget(value, row, 1)
        grid.addWidget(note, row, 2)
        self._lines[label] = (value, note)

    def _render_line(self, meter: Meter) -> None:
        value, note = self._lines[meter.label]
        value.setText(meter.value)
        note.setText(" · ".join(part for part in (WORDS[meter.verdict], meter.note) if part))
        note.setStyleSheet(f"color: {self._palette.mood(meter.verdict)}")
        value.setAccessibleName(f"{meter.label}: {meter.value}, {note.text()}")
