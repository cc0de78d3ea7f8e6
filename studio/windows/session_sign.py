"""The sign at the left edge of the Studio: a session is being recorded, whatever room is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from studio.house import House
from studio.state import LiveState, Phase, TrialLine
from studio.steps import Stage

if TYPE_CHECKING:
    from studio.performance import Performance
    from studio.recording import Recorded

_EVERY_MS = 500
_WORDS: dict[Phase, str] = {
    "waiting": "Connecting",
    "calibrating": "Calibrating",
    "running": "Recording",
    "paused": "Paused",
    "fitting": "Fitting the twin",
}


def sign_words(live: LiveState) -> str:
    """Return what the sign says about a session that goes on."""
    words = _WORDS.get(live.phase, "Saving")
    if live.phase not in ("running", "paused") or not live.trials:
        return f"● {words}"
    return f"● {words},\ntrial {_trial(live.trials)} of {len(live.trials)}"


def end_words(live: LiveState) -> str:
    """Say how a session ended to somebody who was elsewhere."""
    if live.phase == "failed":
        return "The session could not be recorded: room 5, Session (Alt+5), says why."
    how = "was ended early; what was recorded" if live.phase == "aborted" else "is over; it"
    return f"The session {how} is saved. See room 5, Session (Alt+5)."


class SessionSign(QPushButton):
    """Hidden while nothing is recorded; a click goes to the session.

    Args:
        house: what the rooms share.
        parent: of the sign.

    Attributes:
        stage: what the session is at, empty while there is none.
    """

    stage_changed = Signal()
    ended = Signal(str)

    def __init__(self, house: House, parent: QWidget) -> None:
        super().__init__(parent)
        self.stage: Stage = ""
        self._house = house
        self._performance: Performance[Recorded] | None = None
        self.setProperty("role", "door")
        self.setToolTip("Go to the session (Alt+5)")
        self.hide()
        self._beat = QTimer(self, interval=_EVERY_MS)
        self._beat.timeout.connect(self._look)
        house.performance.watch(self._follow)

    def _follow(self, performance: Performance[Recorded] | None) -> None:
        if self._performance is not None:
            self._performance.over.disconnect(self._over)
        self._performance = performance
        if performance is not None:
            performance.over.connect(self._over)
        self._look()

    def _look(self) -> None:
        performance = self._performance
        if performance is None or not performance.running:
            self._beat.stop()
            self.hide()
            self._be_at("")
            return
        live = performance.state()
        self.setText(sign_words(live))
        self.setAccessibleName(self.text().replace("● ", "").replace("\n", " "))
        self.setStyleSheet(f"color: {self._house.palette.bad};")
        self.show()
        self._beat.start()
        self._be_at("calibrating" if live.phase in ("waiting", "calibrating") else "recording")

    def _over(self) -> None:
        self._look()
        if self._performance is not None:
            self.ended.emit(end_words(self._performance.state()))

    def _be_at(self, stage: Stage) -> None:
        if stage != self.stage:
            self.stage = stage
            self.stage_changed.emit()


def _trial(trials: tuple[TrialLine, ...]) -> int:
    """Return the number of the trial that is shown, or comes next, from 1."""
    waiting = (n for n, trial in enumerate(trials, start=1) if trial.status in ("running", "waiting"))
    return next(waiting, len(trials))
