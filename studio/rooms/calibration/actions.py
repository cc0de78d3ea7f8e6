"""The room's buttons below the pictures: what the operator may do with targets and attempts."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget

from studio.attempts import place_words
from studio.rooms.calibration.state import RoomState

SHORTCUTS = {"all": "Ctrl+R", "redo": "Ctrl+E", "validate": "Ctrl+D", "use": "Ctrl+U", "stop": "Ctrl+S"}


class Actions(QWidget):
    """Buttons.

    Attributes:
        all: show all targets again.
        redo: show the selected target again.
        validate: show only the validation targets again.
        use: map gaze by the attempt that is looked at.
        stop: stop the targets.
        next: end the target that is shown; Space does it, too.
        check: check drift before the next trial.
        anew: calibrate anew before the next trial.
        by_key: the space bar ends each target; the room places it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.all = _button("Redo all", "all")
        self.redo = _button("Redo target", "redo")
        self.validate = _button("Validate", "validate")
        self.use = _button("Use attempt", "use")
        self.stop = _button("Stop", "stop")
        self.check = QPushButton("Check &drift before the next trial")
        self.anew = QPushButton("&Calibrate anew before the next trial")
        self.next = QPushButton("Next target  Space")
        self.next.setAccessibleName("Next target")
        self.validate.setToolTip("Show only the validation targets again (Ctrl+D)")
        self.all.setToolTip("Show all targets again, in a new order (Ctrl+R)")
        self.by_key = QCheckBox("Space &bar ends each target")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        for part in (
            self.all,
            self.redo,
            self.validate,
            self.use,
            self.next,
            self.stop,
            self.check,
            self.anew,
        ):
            line.addWidget(part)
        line.addStretch(1)

    def render_state(self, state: RoomState) -> None:
        """Show what makes sense now."""
        deciding, shows = state.stage == "deciding", state.stage == "targets"
        attempt, calibration = state.attempt, state.calibration
        for part in (self.all, self.redo, self.validate):
            part.setVisible(deciding)
        self.use.setVisible(deciding or (state.stage == "positions" and attempt is not None))
        self.redo.setEnabled(attempt is not None and state.target_px is not None)
        self.validate.setEnabled(attempt is not None)
        in_force = calibration is not None and attempt is not None and attempt.number == calibration.in_force
        self.use.setEnabled(attempt is not None and attempt.usable and not in_force)
        self.use.setToolTip(_why_use(state, in_force))
        self.redo.setToolTip(_why_redo(state))
        by_key = calibration is not None and calibration.by_key
        self.stop.setVisible(shows)
        for part in (self.check, self.anew):
            part.setVisible(state.stage == "running" and calibration is not None)
        self.next.setVisible(shows and by_key)
        self.by_key.setVisible(state.stage in ("positions", "deciding"))
        self.by_key.setChecked(state.by_key)


def _why_redo(state: RoomState) -> str:
    if state.calibration is None or state.target_px is None:
        return "Select a target in the picture or in the table first"
    return f"Show the target {place_words(state.target_px, state.calibration.screen)} again (Ctrl+E)"


def _why_use(state: RoomState, in_force: bool) -> str:
    if in_force:
        return "This attempt is in use"
    if state.attempt is None or not state.attempt.usable:
        return "This attempt failed: there is no map to use"
    return "Map gaze by this attempt (Ctrl+U)"


def _button(words: str, key: str) -> QPushButton:
    button = QPushButton(f"{words}  {SHORTCUTS[key]}")
    button.setAccessibleName(words)
    button.setToolTip(f"{words} ({SHORTCUTS[key]})")
    button.setShortcut(QKeySequence(SHORTCUTS[key]))
    return button
