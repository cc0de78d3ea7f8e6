"""The participant's display: which monitor it is, how large, how far away."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.monitors import Monitor, Setup
from studio.theme import Palette

_LARGEST_MM = 9999.0


class DisplayView(QWidget):
    """Shows the set-up of the participant's display.

    Attributes:
        which: the monitor.
        width_mm: of the visible area.
        height_mm: of the visible area.
        distance_mm: from the eyes to its centre.
        identify: says on each display which it is.
        card: measures with a bank card.
        insist: numbers that look wrong are right.
    """

    display_chosen = Signal(str)
    size_entered = Signal(float, float)
    distance_entered = Signal(float)
    insisted = Signal(bool)
    identify_wanted = Signal()
    card_wanted = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.map = MonitorMap(palette)
        self.which = QComboBox()
        self.which.setAccessibleName("Which display is the participant's")
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.which.setMinimumContentsLength(8)
        self.width_mm = _length("Width of the display's visible area")
        self.height_mm = _length("Height of the display's visible area")
        self.distance_mm = _length("Distance from the eyes to the display")
        self.size_from, self.words, self.doubts = QLabel(), QLabel(), QLabel()
        self.identify = QPushButton("&Identify displays")
        self.card = QPushButton("Use a &bank card …")
        self.card.setAccessibleName("Measure the display with a bank card")
        self.insist = QCheckBox("&These numbers are right")
        self._lay_out()
        self._connect()

    def render_setup(self, setup: Setup) -> None:
        """Show it; fields that somebody is typing in are left alone."""
        self.map.render_monitors(setup.monitors, setup.name)
        self._fill(setup)
        for field, value in (
            (self.width_mm, setup.size_mm[0]),
            (self.height_mm, setup.size_mm[1]),
            (self.distance_mm, setup.distance_mm),
        ):
            if not field.hasFocus() or abs(field.value() - value) > 1:
                field.blockSignals(True)
                field.setValue(value)
                field.blockSignals(False)
        self.size_from.setText(_origin_of_size(setup))
        self.words.setText(setup.words())
        self.doubts.setText(f"✕ {setup.doubts[0].upper()}{setup.doubts[1:]}" if setup.doubts else "")
        self.doubts.setVisible(bool(setup.doubts))
        self.insist.setVisible(bool(setup.doubts))
        self.insist.blockSignals(True)
        self.insist.setChecked(setup.insisted)
        self.insist.blockSignals(False)
        self.card.setEnabled(setup.monitor is not None)

    def _fill(self, setup: Setup) -> None:
        wanted = [(_title(one), one.name) for one in setup.monitors]
        if setup.name and setup.monitor is None:
            wanted.append((f"{setup.name} (not connected)", setup.name))
        self.which.blockSignals(True)
        if [(self.which.itemText(i), self.which.itemData(i)) for i in range(self.which.count())] != wanted:
            self.which.clear()
            for words, name in wanted:
                self.which.addItem(words, name)
        self.which.setCurrentIndex(self.which.findData(setup.name))
        self.which.blockSignals(False)

    def _connect(self) -> None:
        self.map.clicked.connect(self.display_chosen)
        self.which.activated.connect(lambda i: self.display_chosen.emit(self.which.itemData(i)))
        for field in (self.width_mm, self.height_mm):
            field.valueChanged.connect(
                lambda _: self.size_entered.emit(self.width_mm.value(), self.height_mm.value())
            )
        self.distance_mm.valueChanged.connect(self.distance_entered)
        self.identify.clicked.connect(self.identify_wanted)
        self.card.clicked.connect(self.card_wanted)
        self.insist.toggled.connect(self.insisted)

    def _lay_out(self) -> None:
        self.doubts.setStyleSheet(f"color: {self._palette.bad};")
        self.size_from.setProperty("role", "muted")
        for label in (self.size_from, self.words, self.doubts):
            label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.map, 4)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Dis&play", self.which)
        layout.addLayout(form)
        row = QHBoxLayout()
        row.addWidget(self.identify)
        row.addStretch(1)
        layout.addLayout(row)
        sizes = QFormLayout()
        sizes.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        sizes.addRow("&Width", self.width_mm)
        sizes.addRow("H&eight", self.height_mm)
        sizes.addRow("Eyes to &display", self.distance_mm)
        layout.addLayout(sizes)
        layout.addWidget(self.size_from)
        measure = QHBoxLayout()
        measure.addWidget(self.card)
        measure.addStretch(1)
        layout.addLayout(measure)
        for part in (self.doubts, self.insist, self.words):
            layout.addWidget(part)
        layout.addStretch(1)


class MonitorMap(QWidget):
    """Draws the monitors as they stand on the desktop, to scale; a click chooses one."""

    clicked = Signal(str)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self._monitors: tuple[Monitor, ...] = ()
        self._name = ""
        self.setAccessibleName("The displays as they stand")
        self.setMinimumSize(180, 90)
        self.setMaximumHeight(260)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(320, 150)

    def render_monitors(self, monitors: tuple[Monitor, ...], name: str) -> None:
        """Show the monitors and which is the participant's."""
        if (monitors, name) != (self._monitors, self._name):
            self._monitors, self._name = monitors, name
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the monitor that was clicked."""
        for one, box in self._boxes():
            if box.contains(event.position()):
                self.clicked.emit(one.name)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 (Qt's name)
        """Draw a box for each monitor."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for one, box in self._boxes():
            mine = one.name == self._name
            painter.setBrush(QColor(self._palette.sunken))
            painter.setPen(
                QPen(QColor(self._palette.real if mine else self._palette.control), 3 if mine else 1)
            )
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(self._palette.text))
            self._write(painter, box.adjusted(3, 3, -3, -3), one, "participant" if mine else "operator")
        painter.end()

    @staticmethod
    def _write(painter: QPainter, box: QRectF, one: Monitor, role: str) -> None:
        """Write what a monitor is, and its name below where there is room."""
        metrics = painter.fontMetrics()
        lines = list(dict.fromkeys([role, one.name] if one.primary or role == "participant" else [one.name]))
        room = max(int(box.height() / metrics.height()), 1)
        short = (
            metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(box.width())) for line in lines[:room]
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "\n".join(short))

    def _boxes(self) -> list[tuple[Monitor, QRectF]]:
        if not self._monitors:
            return []
        whole = QRectF()
        for one in self._monitors:
            whole = whole.united(QRectF(*one.place))
        room = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        scale = min(room.width() / whole.width(), room.height() / whole.height())
        left = room.center().x() - whole.width() * scale / 2
        top = room.center().y() - whole.height() * scale / 2
        boxes = []
        for one in self._monitors:
            x, y, width, height = one.place
            at = ((x - whole.left()) * scale + left, (y - whole.top()) * scale + top)
            boxes.append((one, QRectF(*at, width * scale, height * scale).adjusted(2, 2, -2, -2)))
        return boxes


def _length(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(0.0, _LARGEST_MM)
    field.setDecimals(1)
    field.setSuffix(" mm")
    field.setSpecialValueText("not known")
    field.setAccessibleName(f"{name}, in mm")
    field.setKeyboardTracking(False)
    return field


def _title(one: Monitor) -> str:
    (width, height), model = one.size_px, f" {one.model}" if one.model else ""
    scaled = f", scaled {one.ratio:g}" if one.ratio != 1 else ""
    rate = f", {one.refresh_hz:.0f} Hz" if one.refresh_hz else ""
    return f"{one.name}{model}: {width} x {height} px{scaled}{rate}{' (operator)' if one.primary else ''}"


def _origin_of_size(setup: Setup) -> str:
    if setup.size_from == "nobody":
        return (
            "The display does not tell its size: measure the visible area with a ruler, or use a bank card."
        )
    if setup.size_from == "the display":
        return "Size as the display itself tells it. Some tell it wrongly: check once with a ruler or a card."
    return f"Size from {setup.size_from}."
