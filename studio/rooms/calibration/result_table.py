"""How gaze did on every target, eye by eye, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from acquisition.eye_choice import Judged
from acquisition.targets import Point
from protocols.geometry import Screen
from studio.attempts import place_words
from studio.calibration_state import Attempt
from studio.theme import Palette

_COLUMNS = ("Target", "Eye", "Accuracy", "RMS-S2S", "SD", "Loss")
_EYES = {"both": "both", "left": "left", "right": "right"}
_ROW_PX = 6
_FEWEST_ROWS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One line: words for each column, and the target it is about, None for a total."""

    cells: tuple[str, ...]
    target_px: Point | None = None
    strong: bool = False


class ResultTable(QTableWidget):
    """Totals per eye, then every validation target by eye, then the calibration targets.

    Args:
        palette: the colours.
    """

    target_chosen = Signal(object)

    def __init__(self, palette: Palette) -> None:
        super().__init__(0, len(_COLUMNS))
        self._attempt: Attempt | None = None
        self._rows: tuple[Row, ...] = ()
        self._filling = False
        chosen = f"background: {palette.text}; color: {palette.background};"
        self.setStyleSheet(f"QTableWidget::item:selected {{ {chosen} }}")
        self.setMinimumHeight(_FEWEST_ROWS * (self.fontMetrics().height() + _ROW_PX))
        self.setHorizontalHeaderLabels(list(_COLUMNS))
        self.setAccessibleName("Result per target and eye")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self._selected)

    def render_attempt(self, attempt: Attempt | None, target_px: Point | None, screen: Screen) -> None:
        """Show an attempt with one of its targets selected."""
        self._filling = True
        if attempt is not self._attempt:
            self._attempt = attempt
            self._rows = () if attempt is None else tuple(rows_of(attempt, screen))
            self._fill()
        self._mark(target_px)
        self._filling = False

    def _fill(self) -> None:
        self.setRowCount(len(self._rows))
        for line, row in enumerate(self._rows):
            for column, words in enumerate(row.cells):
                item = QTableWidgetItem(words)
                item.setToolTip(words)
                if column > 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                font = item.font()
                font.setBold(row.strong)
                item.setFont(font)
                self.setItem(line, column, item)
        self.scrollToTop()

    def _mark(self, target_px: Point | None) -> None:
        now = self._rows[self.currentRow()].target_px if 0 <= self.currentRow() < len(self._rows) else None
        if target_px is None:
            self.clearSelection()
        elif now != target_px or not self.selectedItems():
            lines = [line for line, row in enumerate(self._rows) if row.target_px == target_px]
            if lines:
                self.selectRow(lines[0])

    def _selected(self) -> None:
        if not self._filling and self.selectedItems():
            self.target_chosen.emit(self._rows[self.currentRow()].target_px)


def rows_of(attempt: Attempt, screen: Screen) -> Iterator[Row]:
    """Yield the lines of the table."""
    for judged in attempt.candidates:
        yield _total(judged, judged is attempt.chosen)
    for xy in attempt.tests:
        for judged in attempt.candidates:
            yield _on_target(judged, xy, screen)
    yield from _calibration_rows(attempt, screen)


def _total(judged: Judged, is_best: bool) -> Row:
    v = judged.validation
    words = "All validation targets" + (" (best)" if is_best else "")
    numbers = (_deg(v.accuracy_mean_deg), _deg(v.rms_s2s_deg), _deg(v.sd_deg), _share(v.data_loss))
    return Row((words, _eye(judged), *numbers), None, strong=is_best)


def _on_target(judged: Judged, xy: Point, screen: Screen) -> Row:
    (p,) = [p for p in judged.validation.points if p.target_px == xy]
    numbers = (_deg(p.accuracy_mean_offset_deg), _deg(p.rms_s2s_deg), _deg(p.sd_deg), _share(p.data_loss))
    return Row((f"Validation {place_words(xy, screen)}", _eye(judged), *numbers), xy)


def _calibration_rows(attempt: Attempt, screen: Screen) -> Iterator[Row]:
    """Yield how well the map fits each calibration target, or why that could not be used."""
    missed = dict(attempt.missed)
    chosen = attempt.chosen.calibration if attempt.chosen is not None else None
    points = {p.target_px: p for p in chosen.points} if chosen is not None else {}
    for xy in attempt.shown:
        where = f"Calibration {place_words(xy, screen)}"
        point = points.get(xy)
        if point is None or chosen is None:
            yield Row((where, "both", "missed" if xy in missed else "not fitted", "–", "–", "–"), xy)
            continue
        left = chosen.map_px(np.asarray([point.gaze_px], dtype=np.float64))
        error_deg = float(screen.angle_deg(left, np.asarray([xy], dtype=np.float64))[0])
        loss = _share(1.0 - point.valid_share)
        yield Row((where, chosen.eye, f"{error_deg:.2f}° fit", "–", _deg(point.spread_deg), loss), xy)


def _eye(judged: Judged) -> str:
    return "as delivered" if judged.calibration.method == "identity" else _EYES[judged.eye]


def _deg(value: float | None) -> str:
    return "lost" if value is None else f"{value:.2f}°"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
