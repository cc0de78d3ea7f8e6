"""The Qt binding itself: releases exist that kill the interpreter slowly."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPainter

CALLS = 200


class Sender(QObject):
    told = Signal(int)


def test_calls_keep_the_references_to_none_and_true():
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter, sender, heard = QPainter(image), Sender(), []
    sender.told.connect(heard.append)
    before = [sys.getrefcount(value) for value in (None, True)]
    for i in range(CALLS):
        painter.drawPoint(i % 8, 0)
        sender.told.emit(i)
        assert sender.parent() is None
    after = [sys.getrefcount(value) for value in (None, True)]
    painter.end()
    assert len(heard) == CALLS
    lost = [b - a for b, a in zip(before, after, strict=True)]
    assert max(lost) < CALLS / 2
