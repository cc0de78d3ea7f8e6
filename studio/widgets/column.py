"""A column that scrolls up and down when there is not room for all of it, and never sideways."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class Column(QScrollArea):
    """Scrolls up and down only, and is never narrower than what is in it.

    Args:
        inside: the content.
    """

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        inside.setProperty("role", "page")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = inside
        self.setWidget(inside)
        inside.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Ask for another width when the content does."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self._inside:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return as wide as the content, as low as any area that scrolls."""
        bar_px = self.verticalScrollBar().sizeHint().width()
        width_px = self._inside.minimumSizeHint().width() + bar_px
        return QSize(width_px, super().minimumSizeHint().height())
