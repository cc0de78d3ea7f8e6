"""The consent text as the participant reads it, and what is agreed to."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QTextBrowser, QVBoxLayout, QWidget

from protocols.consent import ConsentForm


class ConsentPanel(QWidget):
    """Shows a consent form.

    Args:
        form: of the study.

    Attributes:
        text: what is agreed to.
        agree: the participant takes part.
        scopes: what else may be agreed to.
    """

    agreed = Signal(bool)
    scope_agreed = Signal(str, bool)

    def __init__(self, form: ConsentForm) -> None:
        super().__init__()
        self.text = QTextBrowser()
        self.text.setPlainText(form.text.strip() or "This study shows no consent text.")
        self.text.setAccessibleName("Consent text")
        self.text.setTabChangesFocus(True)
        self.agree = QCheckBox("The participant &agrees to this")
        self.agree.setVisible(bool(form.text))
        self.agree.toggled.connect(self.agreed)
        self.scopes: dict[str, QCheckBox] = {}
        version = QLabel(f"Version {form.version}, digest {form.digest[:12]}" if form.text else "")
        version.setProperty("role", "muted")
        version.setWordWrap(True)
        version.setToolTip(form.digest)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        layout.addWidget(version)
        layout.addWidget(self.agree)
        if form.scopes:
            head = QLabel("Each of these may be refused:")
            head.setProperty("role", "muted")
            layout.addWidget(head)
        for scope, words in form.scopes.items():
            layout.addLayout(self._scope(scope, words))

    def _scope(self, scope: str, words: str) -> QHBoxLayout:
        box = QCheckBox()
        box.setAccessibleName(words)
        box.toggled.connect(partial(self.scope_agreed.emit, scope))
        label = QLabel(words)
        label.setWordWrap(True)
        label.setBuddy(box)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout()
        row.addWidget(box)
        row.addWidget(label, 1)
        self.scopes[scope] = box
        return row
