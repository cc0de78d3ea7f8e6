"""Lines of a list that are as high as their wrapped words need, at every width and size of letters."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtWidgets import QListWidget, QStyledItemDelegate, QStyleOptionViewItem

_ACROSS_PX, _DOWN_PX = 24, 12
"""What border, padding and spacing take; Qt forgets them when it wraps."""


class _Line(QStyledItemDelegate):
    def __init__(self, parent: QListWidget) -> None:
        super().__init__(parent)
        self._list = parent

    def sizeHint(  # noqa: N802 (Qt's name)
        self,
        option: QStyleOptionViewItem,  # noqa: ARG002 (Qt's signature)
        index: QModelIndex | QPersistentModelIndex,
    ) -> QSize:
        metrics = self._list.fontMetrics()
        box = 0 if index.data(Qt.ItemDataRole.CheckStateRole) is None else metrics.height() + 8
        width = max(self._list.viewport().width() - _ACROSS_PX - box, 40)
        wrapped = metrics.boundingRect(
            QRect(0, 0, width, 100_000), Qt.TextFlag.TextWordWrap, str(index.data())
        )
        return QSize(40, wrapped.height() + _DOWN_PX)


def wrap_lines(entries: QListWidget) -> None:
    """Let a list wrap its lines instead of cutting them."""
    entries.setWordWrap(True)
    entries.setTextElideMode(Qt.TextElideMode.ElideNone)
    entries.setResizeMode(QListWidget.ResizeMode.Adjust)
    entries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    entries.setItemDelegate(_Line(entries))
