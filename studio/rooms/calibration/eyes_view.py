"""Whether the tracker sees the eyes, live: one line per eye."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QWidget

from studio.calibration_state import EyesSeen
from studio.theme import Palette


class EyesView(QWidget):
    """How much of the last second each eye was seen.

    Args:
        palette: the colours.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._lines: dict[str, tuple[QLabel, QProgressBar, QLabel]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, name in enumerate(("Left eye", "Right eye", "Gaze")):
            label, bar, words = QLabel(name), QProgressBar(), QLabel()
            bar.setRange(0, 100)
            bar.setTextVisible(False)
            bar.setAccessibleName(f"{name} seen")
            for column, part in enumerate((label, bar, words)):
                grid.addWidget(part, row, column)
            self._lines[name] = (label, bar, words)
        self.setAccessibleName("Eyes seen")

    def render_eyes(self, eyes: EyesSeen | None) -> None:
        """Show what is seen now."""
        shares = (None, None, None) if eyes is None else (eyes.left, eyes.right, eyes.any)
        for (label, bar, words), share in zip(self._lines.values(), shares, strict=True):
            apart = eyes is None or share is not None
            for part in (label, bar, words):
                part.setVisible(apart)
            bar.setValue(round(100 * (share or 0.0)))
            seen = share is not None and share >= 0.5
            words.setText("–" if share is None else f"{'seen' if seen else 'lost'}, {100 * share:.0f} %")
            words.setStyleSheet(f"color: {self._palette.mood('good' if seen else 'warn')}")
