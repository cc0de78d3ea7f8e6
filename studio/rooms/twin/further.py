"""Settings of a fit that are seldom changed, folded away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout, QWidget

from studio.rooms.twin.state import TwinState

_SIGNALS = {"fixation": "Fixations", "cursor": "The cursor"}
_OBJECTIVES = {"default": "This program's", "paper": "As published"}
_DEVICES = {"cpu": "Processor", "cuda": "Graphics card (CUDA)"}
_PRECISIONS = {"fp32": "32 bit", "bf16": "16 bit (bfloat16)"}


class Further(QWidget):
    """A fold with what is seldom changed.

    Attributes:
        fold: shows and hides the rest.
        steps: optimiser steps at most.
        patience: looks without improvement before stopping.
        seed: of the start, the batches and the split.
        signal: what is fitted.
        objective: the losses.
        device: of a folder's model.
        precision: likewise.
    """

    configured = Signal(str, object)
    model_changed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.fold = QToolButton()
        self.fold.setText("Further sett&ings")
        self.fold.setAccessibleName("Further settings")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.steps = _number("Steps at most", 1, 100_000, "steps")
        self.patience = _number("Patience", 1, 1000, "looks")
        self.seed = _number("Seed", 0, 2**31 - 1, "")
        self.signal = _combo("Fitted to", _SIGNALS)
        self.objective = _combo("Objective", _OBJECTIVES)
        self.device, self.precision = _combo("Device", _DEVICES), _combo("Precision", _PRECISIONS)
        self._inside = QWidget()
        self._lay_out()
        self._connect()

    def render_state(self, state: TwinState) -> None:
        """Show the settings in force."""
        config = state.config
        for box, value in (
            (self.steps, config.steps),
            (self.patience, config.patience),
            (self.seed, config.seed),
        ):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        for combo, name in (
            (self.signal, config.train_signal),
            (self.objective, config.objective),
            (self.device, state.model.device),
            (self.precision, state.model.precision),
        ):
            combo.setCurrentIndex(combo.findData(name))

    def _lay_out(self) -> None:
        form = QFormLayout(self._inside)
        form.setContentsMargins(0, 0, 0, 0)
        for words, box in (
            ("Steps at most", self.steps),
            ("Stop after", self.patience),
            ("Seed", self.seed),
            ("Fitted to", self.signal),
            ("Objective", self.objective),
            ("Device", self.device),
            ("Precision", self.precision),
        ):
            label = QLabel(words)
            label.setBuddy(box)
            form.addRow(label, box)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self.fold)
        down.addWidget(self._inside)
        self._inside.hide()

    def _connect(self) -> None:
        self.fold.toggled.connect(self._unfold)
        for name, box in (("steps", self.steps), ("patience", self.patience), ("seed", self.seed)):
            box.valueChanged.connect(lambda value, name=name: self.configured.emit(name, value))
        for name, combo in (("train_signal", self.signal), ("objective", self.objective)):
            combo.activated.connect(
                lambda _, name=name, combo=combo: self.configured.emit(name, combo.currentData())
            )
        for combo in (self.device, self.precision):
            combo.activated.connect(
                lambda _: self.model_changed.emit(self.device.currentData(), self.precision.currentData())
            )

    def _unfold(self, unfolded: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._inside.setVisible(unfolded)


def _number(name: str, least: int, most: int, unit: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setSuffix(f" {unit}" if unit else "")
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    return box


def _combo(name: str, words: dict[str, str]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    for data, shown in words.items():
        combo.addItem(shown, data)
    return combo
