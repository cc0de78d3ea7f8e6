"""The calibration room: what it says and asks for, with a session that the test writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.calibration import Calibration, CalibrationPoint
from acquisition.clock import SteadyClock
from acquisition.eye_choice import Judged
from acquisition.quality import PointQuality, Validation, Verdict
from acquisition.samples import Eye
from acquisition.targets import calibration_targets, validation_targets
from protocols.errors import SetupError
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.study import load_study
from studio.attempts import place_words
from studio.background import Background
from studio.calibration_state import Attempt, CalibrationState, DriftLook, EyesSeen, Step
from studio.house import House
from studio.inputs import Input, Wished
from studio.observed import Observed
from studio.rooms.calibration.controller import CalibrationController, Shared
from studio.rooms.calibration.result_table import rows_of
from studio.rooms.calibration.view import CalibrationRoom
from studio.settings import Settings
from studio.sources import SourceChoice
from studio.state import LiveState, Notice
from studio.theme import DARK
from studio.visit import Visit
from studio.windows.appearance import dress
from studio.wishes import (
    Accept,
    CalibrateNow,
    CheckDriftNow,
    NextTarget,
    RedoTarget,
    ShowTargets,
    StopTargets,
    UseAttempt,
    ValidateAgain,
    Wish,
)

SCREEN = Screen()
SHOWN = tuple((float(x), float(y)) for x, y in calibration_targets(9, SCREEN))
TESTS = tuple((float(x), float(y)) for x, y in validation_targets(4, SCREEN))


def judged(eye: Eye, error_deg: float, verdict: Verdict, *, plain: bool = False) -> Judged:
    terms = ((0.0, 0.0),) * 6
    points = tuple(CalibrationPoint(xy, (xy[0] + 4.1, xy[1]), 0.1, 0.98, 60) for xy in SHOWN)
    fitted = Calibration("residual-quadratic-ridge", SCREEN.size_px, terms, points, 0.2, 0.1, eye)
    found = tuple(
        PointQuality(xy, 60, error_deg, error_deg, 0.05, 0.11, 0.02, 0.01, 0.01, (error_deg, 0.0))
        for xy in TESTS
    )
    validation = Validation(found, error_deg, error_deg, 0.05, 0.11, 0.013, 120.0, verdict)
    return Judged(Calibration.identity() if plain else fitted, validation)


def attempt(number: int, error_deg: float = 0.3, verdict: Verdict = "green") -> Attempt:
    maps = tuple(judged(eye, error_deg, verdict) for eye in ("both", "left", "right"))
    plain = judged("both", 1.4, "red", plain=True)
    return Attempt(number, "all targets", SHOWN, TESTS, verdict, "used", (*maps, plain), maps[0])


FAILED = Attempt(
    1,
    "all targets",
    SHOWN,
    TESTS,
    "red",
    "failed: 1 of 9 targets cannot be used.",
    missed=((SHOWN[0], "at (192, 108) px 0% of the gaze was valid"),),
)


def live(step: Step, *attempts: Attempt, in_force: int | None = None, **fields: object) -> LiveState:
    used = next((a for a in attempts if a.number == in_force), None)
    state = CalibrationState(
        step=step,
        attempts=attempts,
        in_force=in_force,
        verdict=used.verdict if used is not None else "red",
        accuracy_deg=used.accuracy_deg if used is not None else None,
    )
    calibration = replace(state, **fields)  # type: ignore[arg-type] # fields of the state
    phase = "running" if step == "over" else "calibrating"
    return LiveState(phase=phase, calibration=calibration, eyes=EyesSeen(1.0, 1.0, 0.2), elapsed_s=3.0)


class Session:
    """A session that says what the test wants and remembers what it is told."""

    def __init__(self, state: LiveState) -> None:
        self.told: list[Input] = []
        self.running = True
        self.now = state

    def post(self, item: Input) -> None:
        self.told.append(item)

    def state(self) -> LiveState:
        return self.now

    @property
    def wishes(self) -> list[Wish]:
        return [item.wish for item in self.told if isinstance(item, Wished)]


def visit(kind: str = "mock") -> Visit:
    source = SourceChoice(kind)  # type: ignore[arg-type] # one of the kinds
    return Visit(study=load_study("demo"), participant=Participant(pseudonym="P01"), source=source)


class Desk:
    """A controller and all that it reaches."""

    def __init__(self, decided: Visit) -> None:
        self.gone: list[str] = []
        self.notice: Observed[Notice | None] = Observed(None)
        self.begun = 0
        self.visit = Observed(decided)
        self.controller = CalibrationController(
            Shared(self.visit, self.notice, self._begin, self.gone.append)
        )

    def _begin(self) -> None:
        self.begun += 1

    @property
    def state(self):
        return self.controller.state.value

    def follow(self, state: LiveState) -> Session:
        session = Session(state)
        self.controller.session(session)
        return session


# ---- the controller


@pytest.mark.parametrize(
    ("field", "room", "words"),
    [
        ("study", "start", "Choose a study"),
        ("participant", "participant", "who takes part"),
        ("source", "devices", "where gaze comes from"),
    ],
)
def test_what_is_missing_is_said_and_the_button_leads_there(field: str, room: str, words: str) -> None:
    desk = Desk(replace(visit(), **{field: None}))
    assert desk.state.stage == "lacking"
    assert words in desk.state.headline
    desk.controller.main()
    assert (desk.gone, desk.begun) == ([room], 0)


@pytest.mark.parametrize("kind", ["mouse", "replay"])
def test_gaze_that_needs_no_calibration_lets_the_session_begin(kind: str) -> None:
    desk = Desk(visit(kind))
    assert desk.state.headline == "Nothing needs calibrating"
    desk.controller.main()
    assert (desk.begun, desk.gone) == (1, ["session"])


def test_a_session_that_cannot_begin_says_why() -> None:
    desk = Desk(visit())

    def refuse() -> None:
        raise SetupError("There is no display.", "It is needed.", "Connect one.")

    desk.controller = CalibrationController(Shared(desk.visit, desk.notice, refuse, desk.gone.append))
    desk.controller.main()
    assert desk.notice.value is not None
    assert "Connect one." in desk.notice.value.text
    assert desk.gone == []


def test_the_main_button_goes_through_the_calibration() -> None:
    desk = Desk(visit())
    desk.controller.main()
    assert desk.begun == 1
    session = desk.follow(live("positions"))
    assert "right one is lost" in desk.state.headline
    desk.controller.pace(True)
    desk.controller.main()
    desk.controller.render(live("validation", done=1, total=4, target_px=TESTS[1], by_key=True))
    assert desk.state.headline == "Validation target 2 of 4"
    assert "space" in desk.state.advice
    assert desk.state.why_not
    desk.controller.main()
    desk.controller.next_target()
    desk.controller.stop()
    desk.controller.render(live("deciding", attempt(0), in_force=0))
    assert "0.30° off on average, good" in desk.state.headline
    assert "Without calibration it would be 1.40°." in desk.state.advice
    desk.controller.main()
    assert session.wishes == [ShowTargets(True), NextTarget(), StopTargets(), Accept("")]
    assert desk.gone == []
    desk.controller.render(live("over", attempt(0), in_force=0))
    assert desk.gone == ["session"]


def test_below_the_limits_a_reason_is_asked_for() -> None:
    desk = Desk(visit())
    session = desk.follow(live("deciding", attempt(0, 2.3, "red"), in_force=0))
    assert desk.state.needs_reason
    assert "poor: below the limits" in desk.state.headline
    desk.controller.main(" thick glasses ")
    assert session.wishes == [Accept("thick glasses")]


def test_a_failed_attempt_is_named_and_nothing_older_counts() -> None:
    desk = Desk(visit())
    desk.follow(live("deciding", attempt(0), FAILED, since=1))
    state = desk.state
    assert state.attempt is FAILED
    assert (state.headline, state.needs_reason) == ("The last attempt failed", True)
    assert "1 of 9 targets cannot be used." in state.advice
    assert "Gaze is not calibrated" in state.advice
    desk.controller.use()
    desk.controller.look_at(0)
    desk.controller.use()
    assert desk.controller._session.wishes == [UseAttempt(0)]  # type: ignore[union-attr] # the test's own


def test_targets_and_attempts_are_redone_and_chosen() -> None:
    desk = Desk(visit())
    session = desk.follow(live("deciding", attempt(0), attempt(3, 0.4), in_force=0))
    assert desk.state.attempt is not None
    assert desk.state.attempt.number == 3
    assert "Attempt 4 is shown; attempt 1 is used." in desk.state.advice
    desk.controller.redo()
    desk.controller.select(SHOWN[4])
    desk.controller.redo()
    desk.controller.validate()
    desk.controller.use()
    desk.controller.show_again()
    redo = RedoTarget(3, SHOWN[4], by_key=False)
    assert session.wishes == [redo, ValidateAgain(3), UseAttempt(3), ShowTargets()]


def test_a_new_calibration_in_the_middle_of_a_session_brings_the_operator_here_and_back() -> None:
    desk = Desk(visit())
    session = desk.follow(live("over", attempt(0), in_force=0))
    desk.controller.check_drift()
    desk.controller.calibrate_anew()
    assert session.wishes == [CheckDriftNow(), CalibrateNow()]
    desk.controller.render(live("drift", attempt(0), in_force=0))
    desk.controller.render(live("over", attempt(0), in_force=0))
    assert desk.gone == [], "a drift check is over in a moment"
    desk.controller.render(live("positions", attempt(0)))
    desk.controller.render(live("deciding", attempt(0), attempt(1), in_force=1))
    desk.controller.render(live("over", attempt(0), attempt(1), in_force=1))
    assert desk.gone == ["calibration", "session"]


def test_the_table_has_totals_every_target_and_every_eye() -> None:
    rows = list(rows_of(attempt(0), SCREEN))
    assert rows[0].cells == ("All validation targets (best)", "both", "0.30°", "0.05°", "0.11°", "1.3 %")
    assert [r.cells[1] for r in rows[:4]] == ["both", "left", "right", "as delivered"]
    assert len(rows) == 4 + 4 * 4 + 9
    assert rows[-1].cells[2:] == ("0.10° fit", "–", "0.10°", "2.0 %")
    assert [r.cells[2] for r in rows_of(FAILED, SCREEN)] == ["missed"] + ["not fitted"] * 8


def test_places_are_named_apart() -> None:
    for count in (5, 9, 13):
        targets = [(float(x), float(y)) for x, y in calibration_targets(count, SCREEN)]
        words = [place_words(xy, SCREEN) for xy in targets]
        assert len(set(words)) == count, words


# ---- the view


@pytest.fixture
def house(tmp_path: Path, qapp: QApplication) -> Iterator[House]:
    dress(qapp, DARK)
    background = Background()
    gone: list[object] = []
    yield House(
        settings=Observed(Settings(data_folder=tmp_path)),
        visit=Observed(visit()),
        notice=Observed[Notice | None](None),
        background=background,
        clock=SteadyClock(),
        performance=Observed(None),
        go=lambda key, about: gone.append((key, about)),
    )
    background.close()


@pytest.fixture
def room(qtbot: QtBot, house: House) -> Iterator[CalibrationRoom]:
    made = CalibrationRoom(house)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    qtbot.waitExposed(made)
    made.enter(None)
    yield made
    made.close_down()


def test_each_step_shows_what_belongs_to_it(room: CalibrationRoom, house: House, qtbot: QtBot) -> None:
    assert room.go_on.text().startswith("Begin calibration")
    session = Session(live("positions"))
    house.performance.put(session)  # type: ignore[arg-type] # all that the room uses of it
    assert room.busy()
    assert room.eyes.isVisible()
    assert not room.table.isVisible()
    room.buttons.by_key.click()
    qtbot.keyClick(room, Qt.Key.Key_Return)
    assert session.wishes == [ShowTargets(True)]
    session.now = live("targets", total=9, target_px=SHOWN[0], by_key=True)
    qtbot.waitUntil(room.buttons.stop.isVisible)
    assert not room.go_on.isEnabled()
    qtbot.keyClick(room, Qt.Key.Key_Space)
    qtbot.mouseClick(room.buttons.stop, Qt.MouseButton.LeftButton)
    assert session.wishes[1:] == [NextTarget(), StopTargets()]
    session.now = live("deciding", attempt(0), in_force=0)
    qtbot.waitUntil(room.table.isVisible)
    assert room.table.rowCount() == 29
    assert "in use" in room.attempts.item(0).text()
    assert not room.reason.isVisible()
    qtbot.mouseClick(room.go_on, Qt.MouseButton.LeftButton)
    assert session.wishes[-1] == Accept("")


def test_red_needs_a_typed_reason(room: CalibrationRoom, house: House, qtbot: QtBot) -> None:
    session = Session(live("deciding", attempt(0, 2.3, "red"), in_force=0))
    house.performance.put(session)  # type: ignore[arg-type] # all that the room uses of it
    assert not room.go_on.isEnabled()
    assert "reason" in room.why_not.text()
    qtbot.keyClick(room, Qt.Key.Key_Return)
    assert session.wishes == []
    room.reason.setFocus()
    qtbot.keyClicks(room.reason, "squints")
    assert room.go_on.isEnabled()
    qtbot.keyClick(room.reason, Qt.Key.Key_Return)
    assert session.wishes == [Accept("squints")]


def test_a_target_is_chosen_in_the_picture_or_in_the_table(
    room: CalibrationRoom, house: House, qtbot: QtBot
) -> None:
    session = Session(live("deciding", attempt(0), in_force=0))
    house.performance.put(session)  # type: ignore[arg-type] # all that the room uses of it
    assert not room.buttons.redo.isEnabled()
    room.table.selectRow(28)
    assert room.controller.state.value.target_px == SHOWN[8]
    assert room.buttons.redo.isEnabled()
    small = room.picture._fit()
    x, y = small.to_device(np.asarray([SHOWN[1]]))[0]
    qtbot.mouseClick(room.picture, Qt.MouseButton.LeftButton, pos=QPointF(float(x), float(y)).toPoint())
    qtbot.mouseClick(room.buttons.redo, Qt.MouseButton.LeftButton)
    assert session.wishes == [RedoTarget(0, SHOWN[1], by_key=False)]


def test_drift_checks_are_listed_with_what_was_done(room: CalibrationRoom, house: House) -> None:
    looks = (
        DriftLook(
            "target", "gaze is shifted from now on", well=False, offset_deg=(0.6, -0.5), distance_deg=0.78
        ),
        DriftLook("click", "recorded", well=True, offset_deg=(0.1, 0.0), distance_deg=0.0, trial=2),
        DriftLook("click", "gaze was lost", well=False, offset_deg=None, distance_deg=None, trial=3),
    )
    session = Session(live("over", attempt(0), in_force=0, drifts=looks))
    house.performance.put(session)  # type: ignore[arg-type] # all that the room uses of it
    said = [room.drifts.item(i).text() for i in range(room.drifts.count())]
    assert said == [
        "At the click of trial 4: gaze was lost",
        "At the click of trial 3: 0.00° (x +0.10°, y +0.00°), recorded",
        "At a target: 0.78° (x +0.60°, y -0.50°), gaze is shifted from now on",
    ]
    assert room.buttons.check.isVisible()


def test_every_control_has_a_name_for_screen_readers(room: CalibrationRoom) -> None:
    parts = [room.picture, room.table, room.attempts, room.drifts, room.shown, room.reason, room.go_on]
    parts += [room.buttons.all, room.buttons.redo, room.buttons.use, room.buttons.next]
    assert all(part.accessibleName() for part in parts)
