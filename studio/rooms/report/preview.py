"""A written report as its pages look."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

_GAP_PX = 14


class Preview(QScrollArea):
    """Pages one below the other, as wide as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[tuple[QLabel, QPixmap]] = []
        self._jpegs: Sequence[bytes] = ()
        self.setWidgetResizable(True)
        self.setAccessibleName("Preview of the report")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().installEventFilter(self)
        self.render_pages((), "")

    @property
    def pages(self) -> int:
        """How many are shown."""
        return len(self._pages)

    def render_pages(self, jpegs: Sequence[bytes], empty: str) -> None:
        """Show pages, or in their place why there are none."""
        if jpegs and jpegs is self._jpegs:
            return
        self._jpegs = jpegs
        inside = QWidget()
        down = QVBoxLayout(inside)
        down.setSpacing(_GAP_PX)
        self._pages = []
        for number, jpeg in enumerate(jpegs, start=1):
            label, picture = QLabel(), QPixmap()
            picture.loadFromData(jpeg)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setAccessibleName(f"Page {number} of {len(jpegs)}")
            self._pages.append((label, picture))
            down.addWidget(label)
        if not jpegs:
            words = QLabel(empty)
            words.setProperty("role", "muted")
            words.setWordWrap(True)
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            down.addWidget(words, 1)
        else:
            down.addStretch(1)
        self.setWidget(inside)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Fit the pages to another width."""
        if event.type() == QEvent.Type.Resize and watched is self.viewport():
            self._fit()
        return bool(super().eventFilter(watched, event))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a comfortable size."""
        return QSize(700, 600)

    def _fit(self) -> None:
        ratio = self.devicePixelRatioF()
        for label, picture in self._pages:
            width = min(round((self.viewport().width() - 2 * _GAP_PX) * ratio), picture.width())
            if not label.pixmap().isNull() and label.pixmap().width() == width:
                continue
            small = picture.scaledToWidth(max(width, 50), Qt.TransformationMode.SmoothTransformation)
            small.setDevicePixelRatio(ratio)
            label.setPixmap(small)
