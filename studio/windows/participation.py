"""What a participant does with mouse and keys, told to the session."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from acquisition.clock import Clock
from protocols.trial_events import Click, Continue, Event, Scroll
from studio.inputs import Did, Input, Pointed
from studio.windows.participant import ParticipantWindow

_SCROLL_KEYS_PX = {"up": -100.0, "down": 100.0, "page-up": -679.0, "page-down": 679.0}
READ_KEYS = ("space", "enter")

Follow = Callable[[float, tuple[float, float]], None]
"""Takes session time in s and a position in page px."""


class Participation(QObject):
    """Turns signals of the participant's window into inputs; the runner decides what the study allows.

    Args:
        window: the participant's.
        clock: session clock.
        post: takes the inputs.
    """

    def __init__(self, window: ParticipantWindow, clock: Clock, post: Callable[[Input], None]) -> None:
        super().__init__()
        self._clock, self._post = clock, post
        self._listens = False
        self._follow: Follow | None = None
        window.pointer_moved.connect(self._pointed)
        window.clicked.connect(lambda x_px, y_px: self._did(Click((x_px, y_px))))
        window.scrolled.connect(lambda delta_px: self._did(Scroll(delta_px)))
        window.key_pressed.connect(self._key)

    def listen(self, follow: Follow | None) -> None:
        """Listen from now on; from any thread.

        Args:
            follow: also takes the pointer, when it stands for gaze.
        """
        self._follow = follow
        self._listens = True

    def _pointed(self, x_px: float, y_px: float, buttons: int) -> None:
        t_s = self._clock.now_s()
        if self._follow is not None:
            self._follow(t_s, (x_px, y_px))
        if self._listens:
            self._post(Pointed(t_s, (x_px, y_px), buttons))

    def _key(self, name: str) -> None:
        if name in _SCROLL_KEYS_PX:
            self._did(Scroll(_SCROLL_KEYS_PX[name]))
        elif name in READ_KEYS:
            self._did(Continue())

    def _did(self, event: Event) -> None:
        if self._listens:
            self._post(Did(event, self._clock.now_s()))
