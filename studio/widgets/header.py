"""The uppermost strip: what the session is doing, how far it is, and what the operator must know."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout

from studio.state import LiveState, Notice, Phase
from studio.theme import Mood, Palette

_PHASES: dict[Phase, tuple[str, Mood]] = {
    "waiting": ("Waiting", "quiet"),
    "calibrating": ("Calibrating", "warn"),
    "running": ("Recording", "good"),
    "paused": ("Paused", "warn"),
    "fitting": ("Fitting the twin", "good"),
    "finished": ("Finished", "good"),
    "aborted": ("Aborted", "bad"),
    "failed": ("Failed", "bad"),
}


def clock(elapsed_s: float) -> str:
    """Return a duration as ``m:ss``, from an hour on as ``h:mm:ss``."""
    minutes, seconds = divmod(int(max(elapsed_s, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class Header(QFrame):
    """Phase, state line, progress over trials and elapsed time, with notices in a line of their own."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._palette = palette
        self._notices: tuple[Notice, ...] = ()
        self._phase, self._line, self._clock = QLabel(), QLabel(), QLabel()
        self._origin = QLabel("SIMULATED VIEWER: not a person's gaze")
        self._warning = QLabel()
        self._progress = QProgressBar()
        self._dress()
        self._lay_out()

    def render_state(self, state: LiveState) -> None:
        """Show a state's phase, line, progress, time and notices."""
        words, mood = _PHASES[state.phase]
        if self._phase.text() != words:
            self._phase.setText(words)
            self._phase.setStyleSheet(f"color: {self._palette.mood(mood)}")
        elide, room_px = Qt.TextElideMode.ElideRight, self._line.width()
        line = "" if state.line == words else state.line
        self._line.setText(self._line.fontMetrics().elidedText(line, elide, room_px))
        self._line.setToolTip(state.line)
        self._clock.setText(clock(state.elapsed_s))
        self._origin.setVisible(state.simulated)
        self._progress.setMaximum(max(len(state.trials), 1))
        self._progress.setValue(state.trials_over)
        self._progress.setFormat(f"{state.trials_over} of {len(state.trials)} trials")
        self._render_notices(state.notices)

    def _render_notices(self, notices: tuple[Notice, ...]) -> None:
        if notices != self._notices:
            self._notices = notices
            worst: Mood = notices[0].mood if notices else "quiet"
            self._warning.setText("\n".join(n.text for n in notices))
            self._warning.setStyleSheet(f"color: {self._palette.mood(worst)}; font-weight: bold")
            self._warning.setVisible(bool(notices))

    def _dress(self) -> None:
        self._phase.setProperty("role", "phase")
        self._phase.setAccessibleName("Phase of the session")
        self._clock.setProperty("role", "clock")
        self._clock.setAccessibleName("Elapsed time")
        self._line.setAccessibleName("State of the session")
        self._line.setMinimumWidth(100)
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._origin.setStyleSheet(f"color: {self._palette.warn}; font-weight: bold")
        self._warning.setAccessibleName("Warnings")
        self._warning.setWordWrap(True)
        self._warning.hide()
        self._progress.setFixedWidth(200)
        self._progress.setAccessibleName("Progress over trials")

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(14)
        line.addWidget(self._phase)
        line.addWidget(self._line, 1)
        for part in (self._progress, self._clock):
            line.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self._origin)
        layout.addWidget(self._warning)
