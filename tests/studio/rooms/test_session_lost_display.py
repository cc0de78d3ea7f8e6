from __future__ import annotations

from protocols.markers import DISPLAY_LOST
from protocols.trial_events import Pause
from studio.inputs import Did, Input
from studio.observed import Observed
from studio.recording import Recorded
from studio.rooms.session.controller import SessionController
from studio.state import LiveState, Notice
from studio.visit import Visit


class Running:
    """A session that only listens."""

    running, error = True, None

    def __init__(self) -> None:
        self.told: list[Input] = []

    def post(self, item: Input) -> None:
        self.told.append(item)

    def state(self) -> LiveState:
        return LiveState()

    def result(self) -> Recorded:
        raise NotImplementedError


def test_a_pause_for_a_lost_display_is_told_apart_from_one_the_operator_wanted() -> None:
    notice: Observed[Notice | None] = Observed(None)
    controller = SessionController(Observed(Visit()), lambda *_: None, notice, lambda *_: None)
    session = Running()
    controller.follow(session)
    controller.display_lost("The display HDMI-2 was disconnected.")
    assert session.told == [Did(Pause(DISPLAY_LOST))]
    assert Pause(DISPLAY_LOST) != Pause()
