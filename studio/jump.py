"""Going to a trial of a session that may still have to be loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer

from studio.rooms.replay.controller import ReplayController
from studio.rooms.replay.state import ReplayState


def jump_when_loaded(controller: ReplayController, session: Path, trial: int) -> None:
    """Jump to a trial as soon as its session is there; not at all when another one is opened instead.

    Args:
        controller: has been asked to open the session.
        session: the file.
        trial: number from 0 in order of presentation.
    """
    endings: list[Callable[[], None]] = []

    def look(state: ReplayState) -> None:
        if not _coming(state) and endings:
            endings.pop()()
            _jump(controller, session, trial)

    if _coming(controller.state.value):
        endings.append(controller.state.watch(look))
    else:
        _jump(controller, session, trial)


def _coming(state: ReplayState) -> bool:
    return state.stage == "loading" or (state.stage == "ready" and state.moment is None)


def _jump(controller: ReplayController, session: Path, trial: int) -> None:
    shown = controller.state.value.session
    if shown is not None and shown.path == session:
        # Loading ends by going to the first page: jump after that.
        QTimer.singleShot(0, lambda: controller.jump(trial))
