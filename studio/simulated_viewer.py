"""The simulated participant as the Studio sees it: a child program that looks at what it is told is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from acquisition.viewer.messages import Ended, Ready, Report, ShowBlank, ShowPage, ShowTarget, Stop
from acquisition.viewer.settings import ViewerSettings
from protocols.stimulus import Page
from protocols.wire import Failed, Message
from studio.programs import Program, Said

_START_S = 30.0
_STOP_S = 10.0

M = TypeVar("M", bound=Message)


class SimulatedViewer:
    """Starts the viewer program and tells it what is on the screen.

    Args:
        settings: who looks, and through which tracker.
        truth: where the program writes its true fixations, None for nowhere.
        device: last part of the stream's source id, unique on the network.
    """

    def __init__(self, settings: ViewerSettings, truth: Path | None, device: str) -> None:
        arguments = ["viewer", "--settings", settings.model_dump_json(), "--device", device]
        if truth is not None:
            arguments += ["--truth", str(truth)]
        self._program = Program("viewer", "acquisition", arguments, Report)

    def start(self) -> Ready:
        """Start the program and wait until its stream is on the network.

        Raises:
            GazeTwinError: it did not start.
        """
        self._program.start()
        return self._expect(Ready, _START_S)

    def act_on(self, act: Callable[[Said], None]) -> None:
        """Hand everything the participant does from now on to ``act``, called from a reading thread."""
        self._program.listener = act

    def see_page(self, page: Page, trial: int, t_s: float, target: str | None) -> None:
        """Tell that a page is on the screen since ``t_s``."""
        self._program.send(ShowPage.of(page, trial, t_s, target))

    def see_target(self, xy_px: tuple[float, float], t_s: float) -> None:
        """Tell that a calibration target is on the screen since ``t_s``."""
        self._program.send(ShowTarget(t_s=t_s, xy_px=xy_px))

    def see_nothing(self, t_s: float) -> None:
        """Tell that there are no posters on the screen since ``t_s``."""
        self._program.send(ShowBlank(t_s=t_s))

    def stop(self) -> Ended:
        """Have the participant leave: the last sample is sent and the truth written.

        Raises:
            GazeTwinError: the program failed or did not answer.
        """
        self._program.listener = None
        self._program.send(Stop())
        return self._expect(Ended, _STOP_S)

    def close(self) -> None:
        """End the program; it lingers until nobody listens to its stream any more. Idempotent."""
        self._program.close()

    def _expect(self, kind: type[M], timeout_s: float) -> M:
        """Return the first message of a kind; what the participant did meanwhile is forgotten."""
        while True:
            said = self._program.receive(timeout_s)
            if isinstance(said, kind):
                return said
            if isinstance(said, Failed):
                raise said.error()
