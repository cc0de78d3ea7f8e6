"""The left side of the room: which participant, which sessions, which settings."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.rooms.twin.choices import OPERATOR_WORDS, PLACEMENT_WORDS, backbones, operators
from studio.rooms.twin.further import Further
from studio.rooms.twin.offers import Offered
from studio.rooms.twin.state import TwinState
from studio.widgets.wrapped_lines import wrap_lines

_MOST_LINES = 8
_FOLDER = "A folder with a model …"


class Choosing(QWidget):
    """Choices for a fit; emits what the user changes, and renders what is in force.

    Attributes:
        participant: whose twin.
        twin: which of the participant's twins is shown.
        sessions: to fit on, with boxes to tick.
        backbone: model to fit.
        operator: how attention is read.
        placement: of the soft prompt.
        further: settings that are seldom changed, folded away.
    """

    participant_chosen = Signal(str)
    twin_chosen = Signal(Path)
    session_ticked = Signal(Path, bool)
    backbone_chosen = Signal(str)
    operator_chosen = Signal(str)
    placement_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.participant = _combo("Participant")
        self.twin = _combo("Twin shown")
        self.sessions = QListWidget()
        self.sessions.setAccessibleName("Sessions to fit on; space ticks one")
        wrap_lines(self.sessions)
        self.sessions.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.backbone, self.operator = _combo("Model"), _combo("Operator")
        self.placement = _combo("Placement of the prompt")
        self.further = Further()
        self._offered: tuple[Offered, ...] | None = None
        self._fill()
        self._lay_out()
        self._connect()

    def render_state(self, state: TwinState) -> None:
        """Show what can be chosen and what is."""
        _refill(self.participant, [(name, name) for name in state.offers.participants], state.participant)
        shown = state.shown.twin
        twins: list[tuple[str, object]] = [(t.words, t.path) for t in state.twins]
        if shown is None:
            twins.insert(0, ("none fitted yet" if not twins else "none shown", None))
        _refill(self.twin, twins, None if shown is None else shown.path)
        self._render_sessions(state)
        _choose(self.backbone, state.model.backbone)
        _choose(self.operator, state.config.operator)
        _choose(self.placement, state.config.placement)
        self.further.render_state(state)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep Enter here: it ends an entry, it does not leave the room."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _render_sessions(self, state: TwinState) -> None:
        self.sessions.blockSignals(True)
        if state.sessions != self._offered:
            self._offered = state.sessions
            self.sessions.clear()
            for offered in state.sessions:
                self.sessions.addItem(_session_item(offered))
            lines = min(max(self.sessions.count(), 2), _MOST_LINES) + 1
            self.sessions.setMaximumHeight(lines * (self.fontMetrics().height() * 2 + 6))
        for row in range(self.sessions.count()):
            item = self.sessions.item(row)
            ticked = item.data(Qt.ItemDataRole.UserRole) in state.chosen
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.sessions.blockSignals(False)

    def _fill(self) -> None:
        for name in backbones():
            self.backbone.addItem(name, name)
        self.backbone.addItem(_FOLDER, None)
        for name in operators():
            self.operator.addItem(OPERATOR_WORDS.get(name, name), name)
        for placement, words in PLACEMENT_WORDS.items():
            self.placement.addItem(words, placement)

    def _lay_out(self) -> None:
        who = QFormLayout()
        who.addRow(_labelled("&Participant", self.participant), self.participant)
        who.addRow(_labelled("&Twin shown", self.twin), self.twin)
        how = QFormLayout()
        how.addRow(_labelled("&Model", self.backbone), self.backbone)
        how.addRow(_labelled("&Operator", self.operator), self.operator)
        how.addRow(_labelled("P&lacement", self.placement), self.placement)
        for form in (who, how):
            form.setContentsMargins(0, 0, 0, 0)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 6, 0)
        down.addLayout(who)
        down.addSpacing(6)
        down.addWidget(_labelled("Fit on th&ese sessions", self.sessions))
        down.addWidget(self.sessions, 4)
        down.addLayout(how)
        down.addWidget(self.further)

    def _connect(self) -> None:
        self.participant.activated.connect(
            lambda _: self.participant_chosen.emit(self.participant.currentData())
        )
        self.twin.activated.connect(self._twin_activated)
        self.sessions.itemChanged.connect(self._ticked)
        self.backbone.activated.connect(self._backbone_activated)
        self.operator.activated.connect(lambda _: self.operator_chosen.emit(self.operator.currentData()))
        self.placement.activated.connect(lambda _: self.placement_chosen.emit(self.placement.currentData()))

    def _twin_activated(self) -> None:
        if self.twin.currentData() is not None:
            self.twin_chosen.emit(self.twin.currentData())

    def _ticked(self, item: QListWidgetItem) -> None:
        path = item.data(Qt.ItemDataRole.UserRole)
        self.session_ticked.emit(path, item.checkState() is Qt.CheckState.Checked)

    def _backbone_activated(self) -> None:
        name = self.backbone.currentData()
        if name is None:
            name = QFileDialog.getExistingDirectory(self, "Folder of a Qwen3-VL or InternVL model")
        self.backbone_chosen.emit(name)


def _session_item(offered: Offered) -> QListWidgetItem:
    words = offered.words if not offered.why_not else f"{offered.words} · cannot be used: {offered.why_not}"
    item = QListWidgetItem(words)
    item.setData(Qt.ItemDataRole.UserRole, offered.path)
    item.setToolTip(f"{offered.path}\n{offered.state}")
    usable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
    item.setFlags(usable if not offered.why_not else Qt.ItemFlag.NoItemFlags)
    return item


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    return combo


def _labelled(words: str, buddy: QWidget) -> QLabel:
    label = QLabel(words)
    label.setBuddy(buddy)
    return label


def _refill(combo: QComboBox, items: list[tuple[str, object]], chosen: object) -> None:
    shown = [(combo.itemText(i), combo.itemData(i)) for i in range(combo.count())]
    if shown != items:
        combo.clear()
        for words, data in items:
            combo.addItem(words, data)
    combo.setEnabled(bool(items))
    _choose(combo, chosen)
    combo.setToolTip(combo.currentText())


def _choose(combo: QComboBox, data: object) -> None:
    for index in range(combo.count()):
        if combo.itemData(index) == data:
            combo.setCurrentIndex(index)
            return
    if isinstance(data, str) and data:  # a folder that was chosen
        combo.insertItem(combo.count() - 1, Path(data).name, data)
        combo.setCurrentIndex(combo.count() - 2)
