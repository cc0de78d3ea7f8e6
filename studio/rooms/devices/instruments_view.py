"""Other instruments that follow a session: a photodiode on the glass, recorders on the network."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QVBoxLayout, QWidget

from studio.settings import Corner, Settings

_CORNERS: dict[Corner, str] = {
    "": "none",
    "top-left": "top left",
    "top-right": "top right",
    "bottom-left": "bottom left",
    "bottom-right": "bottom right",
}


class InstrumentsView(QWidget):
    """Shows what is set for them; kept for all sessions on this computer.

    Attributes:
        corner: where the photodiode's patch is drawn.
        publish: whether markers go onto LSL.
    """

    corner_chosen = Signal(str)
    publishing = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.corner = QComboBox()
        self.corner.setAccessibleName("Corner in which a photodiode's patch is drawn")
        self.corner.setToolTip("A small square that turns bright and dark in turn with each page")
        for corner, words in _CORNERS.items():
            self.corner.addItem(words, corner)
        self.publish = QCheckBox("Se&nd markers onto LSL")
        self.publish.setToolTip(
            "Stream GazeTwin_Markers, with the times of the file, for EEG or video recorders"
        )
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Ph&otodiode patch", self.corner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.publish)
        self.corner.activated.connect(lambda i: self.corner_chosen.emit(self.corner.itemData(i)))
        self.publish.clicked.connect(self.publishing)

    def render_settings(self, settings: Settings) -> None:
        """Show what is set."""
        self.corner.setCurrentIndex(self.corner.findData(settings.photodiode))
        self.publish.setChecked(settings.publish_markers)
