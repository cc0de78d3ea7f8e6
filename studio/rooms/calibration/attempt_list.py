"""Every attempt with its verdict, and every drift check with what was done."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from studio.calibration_state import Attempt, CalibrationState, DriftLook
from studio.rooms.calibration.state import MOODS
from studio.theme import Palette
from studio.widgets.wrapped_lines import wrap_lines

_WORDS = {"green": "good", "amber": "usable", "red": "poor"}


class AttemptList(QListWidget):
    """The attempts, the newest last; choosing one shows it.

    Args:
        palette: the colours.
    """

    attempt_chosen = Signal(int)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._numbers: tuple[int, ...] = ()
        self._said: tuple[str, ...] | None = None
        self._filling = False
        self.setAccessibleName("Calibration attempts")
        wrap_lines(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.currentRowChanged.connect(self._chosen)

    def render_attempts(self, calibration: CalibrationState | None, shown: Attempt | None) -> None:
        """Show all of them, one as chosen."""
        attempts = () if calibration is None else calibration.attempts
        said = tuple(attempt_words(a, calibration) for a in attempts) if calibration is not None else ()
        self._filling = True
        if said != self._said:
            self._said, self._numbers = said, tuple(a.number for a in attempts)
            self._fill(attempts)
        row = self._numbers.index(shown.number) if shown is not None else -1
        if row != self.currentRow():
            self.setCurrentRow(row)
        self._filling = False

    def _fill(self, attempts: tuple[Attempt, ...]) -> None:
        self.clear()
        for attempt, words in zip(attempts, self._said or (), strict=True):
            item = QListWidgetItem(words)
            item.setForeground(QBrush(QColor(self._palette.mood(MOODS[attempt.verdict]))))
            item.setToolTip(attempt.why)
            self.addItem(item)
        if not attempts:
            self.addItem("No attempt yet.")

    def _chosen(self, row: int) -> None:
        if not self._filling and 0 <= row < len(self._numbers):
            self.attempt_chosen.emit(self._numbers[row])


class DriftList(QListWidget):
    """The drift checks, the newest first."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._looks: tuple[DriftLook, ...] | None = None
        self.setAccessibleName("Drift checks")
        wrap_lines(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)

    def render_drifts(self, looks: tuple[DriftLook, ...]) -> None:
        """Show all of them."""
        if looks == self._looks:
            return
        self._looks = looks
        self.clear()
        for look in reversed(looks):
            item = QListWidgetItem(drift_words(look))
            item.setForeground(QBrush(QColor(self._palette.text if look.well else self._palette.warn)))
            self.addItem(item)
        if not looks:
            self.addItem("No drift check yet: they come between trials and at every click on a poster.")


def attempt_words(attempt: Attempt, calibration: CalibrationState) -> str:
    """Say how an attempt went."""
    accuracy = "failed" if attempt.accuracy_deg is None else f"{attempt.accuracy_deg:.2f}°"
    used = "  ● in use" if attempt.number == calibration.in_force else ""
    grade = "" if attempt.chosen is None else f", {_WORDS[attempt.verdict]}"
    return f"{attempt.number + 1}: {accuracy}{grade}{used}\n{attempt.what}"


def drift_words(look: DriftLook) -> str:
    """Say what a drift check found and what was done."""
    where = "At a target" if look.how == "target" else f"At the click of trial {look.trial + 1}"
    if look.distance_deg is None:
        return f"{where}: {look.decision}"
    off = f"{look.distance_deg:.2f}°"
    if look.offset_deg is not None:
        off += f" (x {look.offset_deg[0]:+.2f}°, y {look.offset_deg[1]:+.2f}°)"
    return f"{where}: {off}, {look.decision}"
