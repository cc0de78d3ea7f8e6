"""Asks where an export goes; the folder need not exist yet."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class ExportPlace(QDialog):
    """A question; accepted when a folder is named.

    Args:
        words: what is exported.
        folder: what is offered.
        parent: the window it belongs to.

    Attributes:
        name: the folder; what is not absolute lies beside the one that was offered.
        browse: looks for a folder that exists.
        export: the button that agrees.
    """

    def __init__(self, words: str, folder: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._beside = folder.parent
        self.setWindowTitle("Export")
        self.setModal(True)
        self.name = QLineEdit(str(folder))
        said = QLabel(f"{words} into this &folder, which is made when it is not there:")
        said.setWordWrap(True)
        said.setBuddy(self.name)
        self.name.setAccessibleName("Folder of the export")
        self.browse = QPushButton("&Browse …")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._look)
        self.export = QPushButton("&Export")
        cancel = QPushButton("&Cancel")
        buttons = QDialogButtonBox()
        buttons.addButton(self.export, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.name.textChanged.connect(lambda text: self.export.setEnabled(bool(text.strip())))
        line = QHBoxLayout()
        line.addWidget(self.name, 1)
        line.addWidget(self.browse)
        layout = QVBoxLayout(self)
        layout.addWidget(said)
        layout.addLayout(line)
        layout.addWidget(buttons)
        self.export.setDefault(True)
        self.name.setFocus()
        self.resize(self.fontMetrics().averageCharWidth() * 90, self.sizeHint().height())

    @property
    def folder(self) -> Path:
        """The folder that was named."""
        return self._beside / Path(self.name.text().strip()).expanduser()

    def _look(self) -> None:
        if found := QFileDialog.getExistingDirectory(self, "Export to which folder?", str(self._beside)):
            self.name.setText(found)
