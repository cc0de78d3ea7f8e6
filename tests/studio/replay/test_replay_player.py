"""Playing, stepping, comparing: by a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from acquisition.clock import FakeClock
from protocols.errors import GazeTwinError, ProgramError
from protocols.wire import Progress
from studio.rooms.replay.controller import PREDICTED, ReplayController
from studio.rooms.replay.session import Tell
from studio.rooms.replay.state import SPEEDS
from tuning.events import Comparison, Judged, View

T = TypeVar("T")


def at_once(job: Callable[[], T], then: Callable[[T], None], failed: Callable[[GazeTwinError], None]) -> None:
    try:
        result = job()
    except GazeTwinError as error:
        failed(error)
    else:
        then(result)


def nobody(persona: Path, session: Path, tell: Tell) -> Comparison:
    tell(Progress(done=0, message=f"Comparing {persona.name} with {session.name}"))
    raise ProgramError(f"No {persona.name}.", "There is no twin.", "Fit one.")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(100.0)


@pytest.fixture
def player(clock: FakeClock, played_path: Path) -> ReplayController:
    made = ReplayController(at_once, clock, nobody)
    made.open(played_path)
    return made


def test_it_opens_where_the_first_page_appeared(player: ReplayController) -> None:
    state = player.state.value
    assert state.stage == "ready"
    assert state.t_s == 10.0
    assert state.page is not None
    assert state.moment is not None
    assert state.page.digest == state.moment.digest
    assert not state.playing


@pytest.mark.parametrize("speed", SPEEDS)
def test_time_goes_as_fast_as_asked(player: ReplayController, clock: FakeClock, speed: float) -> None:
    player.go_at(speed)
    player.play()
    for _ in range(10):
        clock.advance(0.1)
        player.tick()
    assert player.state.value.t_s == pytest.approx(min(10.0 + speed, 22.0))


def test_speed_may_change_while_it_plays(player: ReplayController, clock: FakeClock) -> None:
    player.play()
    clock.advance(1.0)
    player.tick()
    player.faster()
    assert player.state.value.speed == 2.0
    clock.advance(1.0)
    player.tick()
    assert player.state.value.t_s == pytest.approx(13.0)
    for _ in range(9):
        player.faster(-1)
    assert player.state.value.speed == 0.25


def test_it_stops_at_the_end_and_begins_anew(player: ReplayController, clock: FakeClock) -> None:
    player.seek(21.9)
    player.play()
    clock.advance(1.0)
    player.tick()
    assert player.state.value.t_s == 22.0
    assert not player.state.value.playing
    player.toggle()
    assert player.state.value.t_s == 8.0
    assert player.state.value.playing


def test_stepping_goes_to_beginnings_and_stays_inside(player: ReplayController) -> None:
    session = player.state.value.session
    assert session is not None
    player.play()
    player.step_fixation(1)
    assert player.state.value.t_s in session.slots.fixations.onset_s
    assert not player.state.value.playing
    player.step_trial(1)
    assert player.state.value.t_s == 17.0
    player.step_trial(1)
    assert player.state.value.t_s == 17.0
    player.step_trial(-1)
    assert player.state.value.t_s == 9.98
    player.seek(float("-inf"))
    assert player.state.value.t_s == 8.0
    player.step_fixation(-1)
    assert player.state.value.t_s <= session.slots.fixations.onset_s[0]


def test_a_jump_goes_to_where_the_page_appeared(player: ReplayController) -> None:
    player.jump(1)
    state = player.state.value
    assert state.t_s == 17.0
    assert state.simulated is not None
    assert state.simulated_words == PREDICTED
    player.jump(99)
    assert player.state.value.t_s == 17.0


def test_only_the_page_of_the_beginning_was_predicted(player: ReplayController) -> None:
    player.seek(12.5)
    assert player.state.value.simulated is None
    assert "scrolled" in player.state.value.simulated_words
    player.seek(15.5)
    assert player.state.value.page is None


def test_a_persona_is_compared_instead(clock: FakeClock, played_path: Path) -> None:
    shares: list[tuple[float, ...]] = []

    def compare(persona: Path, session: Path, tell: Tell) -> Comparison:
        tell(Progress(done=1, total=2, message=f"{persona.name}, {session.name}"))
        digest = player.state.value.moment.digest if player.state.value.moment else ""
        view = View(attention=(0.1,) * 10, choice=(0.1,) * 10)
        shares.append(view.attention)
        judged = Judged.model_construct(shown=digest, views={"twin": view}, scores={})
        return Comparison.model_construct(judged=(judged,))

    player = ReplayController(at_once, clock, compare)
    player.open(played_path)
    player.compare_with(Path("P07.safetensors"))
    state = player.state.value
    assert state.simulated is not None
    assert np.array_equal(state.simulated, np.asarray(shares[0]))
    assert state.simulated_words == "P07"
    player.seek(12.5)
    assert "not compared" in player.state.value.simulated_words
    player.compare_with(None)
    assert player.state.value.persona is None


def test_what_goes_wrong_is_said_and_the_session_stays(player: ReplayController, tmp_path: Path) -> None:
    player.compare_with(tmp_path / "none.safetensors")
    assert player.state.value.stage == "ready"
    assert "No none.safetensors" in player.state.value.said
    player.open(tmp_path / "none.h5")
    assert player.state.value.stage == "nothing"
    assert "none.h5" in player.state.value.said
    player.play()
    player.step_trial(1)
    player.jump(0)
    assert player.state.value.moment is None


def test_a_session_that_comes_too_late_is_not_shown(clock: FakeClock, played_path: Path) -> None:
    waiting: list[Callable[[], None]] = []

    def later(
        job: Callable[[], T], then: Callable[[T], None], failed: Callable[[GazeTwinError], None]
    ) -> None:
        waiting.append(lambda: at_once(job, then, failed))

    player = ReplayController(later, clock, nobody)
    player.open(played_path)
    assert player.state.value.stage == "loading"
    player.close()
    waiting[0]()
    assert player.state.value.session is None
