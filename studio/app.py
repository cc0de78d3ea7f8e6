"""The Studio: one window with eight rooms. Builds everything the rooms share; nothing else does."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from studio.background import Background
from studio.ending import ending_sessions
from studio.house import House, RoomKey
from studio.logs import LogFile
from studio.observed import Observed
from studio.settings import Settings, SettingsFile
from studio.state import Notice
from studio.visit import Visit
from studio.windows.appearance import dress
from studio.windows.performing import application
from studio.windows.studio import StudioWindow


class Studio:
    """The running application.

    Args:
        app: Qt's application.
        settings: to begin with.
    """

    def __init__(self, app: QApplication, settings: Settings) -> None:
        self._app = app
        self.house = House(
            settings=Observed(settings),
            visit=Observed(Visit()),
            notice=Observed[Notice | None](None),
            background=Background(),
            clock=SteadyClock(),
            performance=Observed(None),
            go=self.go,
            replay_at=self.replay_at,
        )
        self.window = StudioWindow(self.house)
        self._look: tuple[str, float] | None = None
        self.house.settings.watch(self._dress)
        self.window.closed.connect(self.house.background.close)

    def show(self) -> None:
        """Show the window with the first room."""
        self.go("start", None)
        self.window.show()

    def go(self, key: RoomKey, about: Path | None) -> None:
        """Open a room."""
        self.window.go(key, about)

    def replay_at(self, session: Path, trial: int) -> None:
        """Open the Replay room about a session, at one of its trials."""
        from studio.jump import jump_when_loaded
        from studio.rooms.replay.view import ReplayRoom

        self.go("replay", session)
        room = self.window.room("replay")
        if isinstance(room, ReplayRoom):
            jump_when_loaded(room.controller, session, trial)

    def write_into(self, logs: LogFile) -> None:
        """Log into a file, and say there and in the window what nobody has caught."""
        try:
            logs.open(self.window.went_wrong.emit)
        except OSError as error:
            self.house.notice.put(
                Notice(
                    f"{logs.path.parent} cannot be written: {error.strerror}. No session can be recorded"
                    " there. Choose another place: Studio, Data folder.",
                    "bad",
                )
            )

    def keep_settings(self, file: SettingsFile) -> None:
        """Write the settings whenever they change."""

        def save(settings: Settings) -> None:
            try:
                file.save(settings)
            except OSError as error:
                words = f"The settings are not kept: {file.path} cannot be written: {error.strerror}."
                self.house.notice.put(Notice(words))

        self.house.settings.watch(save)

    def _dress(self, settings: Settings) -> None:
        if (look := (settings.theme, settings.font_scale)) != self._look:
            self._look = look
            dress(self._app, self.house.palette, settings.font_scale)
            self.window.rebuild()


def run(file: SettingsFile) -> int:
    """Show the Studio until it is closed; returns its exit code.

    Args:
        file: where settings are kept.

    Raises:
        SetupError: there is no display.
    """
    loaded = file.load()
    app = application()
    logs = LogFile(loaded.settings.data_folder)
    studio = Studio(app, loaded.settings)
    if loaded.problem:
        studio.house.notice.put(Notice(loaded.problem))
    try:
        studio.write_into(logs)
        studio.keep_settings(file)
        studio.show()
        with ending_sessions(studio.house, app.exit):
            return app.exec()
    finally:
        logs.close()
