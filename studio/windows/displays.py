"""Which window goes on which display, chosen by the display's name.

With two displays the participant's window fills one and the operator's goes to the other; with one they share
it, side by side, which serves demonstrations. For a session on a single display, use
``ParticipantWindow.show_on``.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication, QMainWindow

from protocols.errors import SetupError
from studio.windows.participant import ParticipantWindow

_PARTICIPANT_SHARE = 0.36


@dataclass(frozen=True, slots=True, eq=False)
class Displays:
    """Where the windows go.

    Attributes:
        participant: the participant's display.
        operator: the operator's; the same one when there is no other.
    """

    participant: QScreen
    operator: QScreen

    @property
    def shared(self) -> bool:
        """Whether both windows share one display."""
        return self.participant is self.operator


def choose(name: str = "") -> Displays:
    """Choose displays: the participant's by name, or the last one that is not the primary one.

    Raises:
        SetupError: there is no display of that name; the message lists those there are.
    """
    screens, primary = QGuiApplication.screens(), QGuiApplication.primaryScreen()
    others = [screen for screen in screens if screen is not primary]
    wanted = [screen for screen in screens if screen.name() == name] if name else [*others, primary][:1]
    if not wanted:
        raise SetupError(
            f"There is no display '{name}'. Found: {', '.join(described(s) for s in screens)}.",
            "The participant's page must appear on the display that the eye tracker was set up for.",
            "Connect the display, or name one of those found.",
        )
    rest = [screen for screen in [primary, *others] if screen is not wanted[0]]
    return Displays(wanted[0], (rest or wanted)[0])


def show_participant(window: ParticipantWindow, displays: Displays, alone: bool) -> None:
    """Show the participant's window on its display.

    Args:
        window: not shown yet.
        displays: where.
        alone: a person sits in front of it, who is to see nothing else and whose keys count. A simulated one
            leaves keyboard and, when there is a single display, most of it to the operator.
    """
    operator = QApplication.activeWindow()
    if alone or not displays.shared:
        window.show_on(displays.participant, takes_keys=alone)
    else:
        area = displays.participant.availableGeometry()
        left, _ = side_by_side(area)
        window.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        window.setGeometry(left.translated(0, area.bottom() - left.bottom()))
        window.show()
    if operator is not None and not alone:
        # Showing a window makes it the active one only when the event loop comes to it.
        QTimer.singleShot(0, operator, operator.activateWindow)


def arrange(participant: ParticipantWindow, operator: QMainWindow, displays: Displays) -> None:
    """Show both windows where they belong."""
    if displays.shared:
        left, right = side_by_side(displays.operator.availableGeometry())
        participant.setGeometry(left)
        operator.setGeometry(right)
        participant.show()
        operator.show()
    else:
        operator.setScreen(displays.operator)
        operator.setGeometry(displays.operator.availableGeometry())
        operator.showMaximized()
        participant.show_on(displays.participant)


def side_by_side(room: QRect) -> tuple[QRect, QRect]:
    """Divide a display into a page of 16 to 9 at the left and the operator's window at the right."""
    width = round(room.width() * _PARTICIPANT_SHARE)
    left = QRect(room.left(), room.top(), width, min(round(width * 9 / 16), room.height()))
    return left, QRect(room.left() + width, room.top(), room.width() - width, room.height())


def described(screen: QScreen) -> str:
    """Return a display's name and size in device px."""
    ratio, size = screen.devicePixelRatio(), screen.size()
    return f"{screen.name()} ({round(size.width() * ratio)} x {round(size.height() * ratio)} px)"
