"""The participant room: pseudonym, questionnaire, consent."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from acquisition.clock import SteadyClock
from protocols.consent import Consent
from protocols.study import StudyProtocol, load_study
from studio.background import Background
from studio.house import House
from studio.observed import Observed
from studio.rooms.participant.controller import ParticipantController
from studio.rooms.participant.identifying import identifying
from studio.rooms.participant.state import next_pseudonym
from studio.rooms.participant.view import ParticipantRoom
from studio.settings import Settings
from studio.visit import Visit

QUESTIONS = [
    {"key": "hours", "text": "Hours?", "kind": "number", "least": 0, "most": 168, "needed": True},
    {"key": "job", "text": "What do you do?"},
    {"key": "glasses", "text": "Glasses?", "kind": "yes-no"},
]


def at_once(job, then, failed):  # noqa: ARG001 (nothing fails here)
    then(job())


@pytest.fixture
def study():
    told = load_study("demo").model_dump(mode="json")
    told["questionnaire"]["questions"] = QUESTIONS
    return StudyProtocol.model_validate(told)


@pytest.fixture
def gone():
    return []


@pytest.fixture
def house(tmp_path, gone, study, qapp):
    assert qapp
    background = Background()
    yield House(
        settings=Observed(Settings(data_folder=tmp_path / "data")),
        visit=Observed(Visit(study=study)),
        notice=Observed(None),
        background=background,
        clock=SteadyClock(),
        performance=Observed(None),
        go=lambda key, about: gone.append((key, about)),
    )
    background.close()


def job(*_):
    people = (("P01", "demo"), ("P02", "demo"), ("P03", "other"), ("", ""))
    return {"sessions": [{"participant": who, "study": what} for who, what in people]}


@pytest.fixture
def controller(house):
    made = ParticipantController(house, at_once, job, unix_s=lambda: 1.7e9)
    made.enter()
    return made


def why(controller):
    return controller.state.value.cannot_go_on()


@pytest.mark.parametrize(
    "text",
    [
        "write to anna.k@uni-mainz.de",
        "Anna Schmidt",
        "my name is anna",
        "born 12.03.1998",
        "1998-03-12",
        "on 3 March 1998",
        "0171 2345678",
        "+49 (0)6131 39-12345",
        "@anna_watches",
        "see www.anna.example",
        "Lindenstraße 5",
        "12 Baker Street",
    ],
)
def test_texts_that_tell_who_somebody_is_are_found(text):
    assert identifying(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "student of psychology",
        "About 20 hours a week, mostly thrillers.",
        "I liked the one from 1999",
        "between 3 and 5 films",
        "Netflix, 2-3 times",
        "yes",
    ],
)
def test_harmless_texts_are_left_alone(text):
    assert identifying(text) == ()


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(1, 200)), st.sets(st.integers(1, 200)))
def test_the_next_pseudonym_is_free_everywhere_and_above_those_of_the_study(mine, others):
    names = {f"P{n:02d}" for n in mine}
    taken = names | {f"P{n:02d}" for n in others}
    free = next_pseudonym(names, taken)
    assert free not in taken
    assert int(free[1:]) > max(mine, default=0)


def test_the_pseudonym_is_the_next_free_one(controller):
    form = controller.state.value
    assert form.pseudonym == "P04"  # P03 is somebody in another study
    assert form.pseudonym_note().mood == "good"


@pytest.mark.parametrize(
    ("typed", "mood", "told"),
    [("P01", "warn", "same person"), ("Anna", "warn", "a name"), ("Ä 1", "bad", "Only"), ("", "bad", "Type")],
)
def test_a_pseudonym_is_judged_while_it_is_typed(controller, typed, mood, told):
    controller.type_pseudonym(typed)
    note = controller.state.value.pseudonym_note()
    assert note.mood == mood
    assert told in note.words


def test_what_is_missing_is_said_one_after_the_other(controller, house, gone):
    assert "needs an answer" in why(controller)
    controller.answer("hours", "many")
    assert "needs a number" in why(controller)
    controller.answer("hours", "169")
    assert "cannot be more than 168" in why(controller)
    controller.answer("hours", "12,5")
    assert "not agreed" in why(controller)
    controller.go_on()
    assert gone == []
    assert house.visit.value.participant is None
    controller.agree(True)
    assert why(controller) == ""


def test_a_text_that_was_warned_about_needs_a_look(controller):
    controller.answer("hours", "3")
    controller.agree(True)
    controller.answer("job", "ask anna@example.org")
    assert "e-mail" in controller.state.value.warnings()["job"]
    assert "tick" in why(controller)
    controller.check(True)
    assert why(controller) == ""
    controller.answer("job", "ask bob@example.org")
    controller.go_on()
    assert "tick" in controller.state.value.problem
    controller.answer("job", "teacher")
    assert why(controller) == controller.state.value.problem == ""


def test_the_visit_gets_answers_and_consent(controller, house, gone, study):
    controller.rate("Drama", 5)
    controller.rate("Comedy", 4)
    controller.rate("Horror", 1)
    controller.rate("Crime", 3)
    controller.rate("Crime", 0)
    controller.prefer("Comedy")
    controller.answer("hours", "12")
    controller.answer("glasses", "yes")
    controller.agree(True)
    controller.agree_to("twin", True)
    controller.agree_to("export", True)
    controller.agree_to("export", False)
    controller.go_on()
    visit = house.visit.value
    assert gone == [("devices", None)]
    assert visit.participant.preferred == ("Comedy", "Drama")
    assert visit.participant.ratings == {"Drama": 5, "Comedy": 4, "Horror": 1}
    assert visit.participant.answers == {"hours": 12, "glasses": True}
    assert Consent.model_validate(visit.consent) == Consent(
        version=study.consent.version,
        digest=study.consent.digest,
        given_unix_s=1.7e9,
        scopes=("recording", "twin"),
    )


def test_the_form_stays_until_another_visit_begins(controller, house):
    controller.answer("hours", "12")
    controller.enter()
    assert controller.state.value.answers == {"hours": "12"}
    controller.agree(True)
    controller.go_on()
    controller.enter()
    assert controller.state.value.answers == {"hours": "12"}
    house.visit.put(house.visit.value.begun_with(house.visit.value.study))
    controller.enter()
    assert controller.state.value.answers == {}
    assert not controller.state.value.agreed


def test_without_a_study_one_is_asked_for(house, gone):
    house.visit.put(Visit())
    made = ParticipantController(house, at_once, job)
    made.enter()
    assert why(made) == "Choose a study."
    made.go_on()
    assert gone == []
    made.choose_study("free-gaze")
    assert house.visit.value.study.name == "free-gaze"
    assert made.state.value.key == "free-gaze"
    made.agree(True)
    made.go_on()
    assert house.visit.value.participant.pseudonym == "P04"


@pytest.fixture
def room(house, qtbot):
    made = ParticipantRoom(house, ParticipantController(house, at_once, job))
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    made.enter(None)
    qtbot.waitUntil(lambda: made.questions.ratings.buttons["Drama", 4].y() > 0)  # laid out
    yield made
    made.close_down()


def test_a_participant_is_entered_by_mouse_and_keyboard(room, house, qtbot, gone):
    assert room.pseudonym.text() == "P04"
    assert not room.go_on.isEnabled()
    drama = room.questions.ratings.buttons["Drama", 4]
    room.activateWindow()
    qtbot.waitUntil(room.isActiveWindow)
    qtbot.mouseClick(drama, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(drama.hasFocus)
    qtbot.keyClick(drama, Qt.Key.Key_Right)
    qtbot.keyClicks(room.questions.top_genre, "Dr")
    qtbot.keyClicks(room.questions.fields["hours"], "7")
    qtbot.keyClicks(room.questions.fields["job"], "Anna Schmidt")
    assert room.checked.isVisible()
    room.questions.fields["job"].clear()
    assert not room.checked.isVisible()
    qtbot.keyClick(room.consent.agree, Qt.Key.Key_Space)
    qtbot.keyClick(room.consent.scopes["export"], Qt.Key.Key_Space)
    assert room.go_on.isEnabled()
    qtbot.keyClick(room.pseudonym, Qt.Key.Key_Return)
    assert gone == [("devices", None)]
    participant = house.visit.value.participant
    assert (participant.ratings, participant.top_genre) == ({"Drama": 5}, "Drama")
    assert participant.answers == {"hours": 7}
    assert house.visit.value.consent["scopes"] == ["recording", "export"]


def test_what_was_typed_survives_another_theme(room, house, qtbot):
    qtbot.keyClicks(room.questions.fields["hours"], "7")
    house.settings.put(house.settings.value.model_copy(update={"theme": "light", "font_scale": 1.5}))
    assert room.redress()
    assert room.questions.fields["hours"].text() == "7"


def test_every_control_has_a_name(room):
    named = [room.study, room.pseudonym, room.questions.top_genre, *room.questions.fields.values()]
    named += [*room.questions.ratings.buttons.values(), *room.consent.scopes.values(), room.consent.text]
    assert all(control.accessibleName() for control in named)


def test_a_participant_withdraws(house, session_path, qtbot):
    house.sessions_folder.mkdir(parents=True)
    shutil.copy2(session_path, house.sessions_folder / "x.h5")
    made = ParticipantRoom(house)
    qtbot.addWidget(made)
    made.show()
    made.enter(None)
    qtbot.waitUntil(lambda: made.pseudonym.text() == "P02", timeout=20_000)
    made.pseudonym.clear()
    qtbot.keyClicks(made.pseudonym, "P01")
    qtbot.mouseClick(made.erase, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made.question is not None and made.question.isVisible(), timeout=20_000)
    qtbot.mouseClick(made.question.erase, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "P01" not in made.controller.state.value.taken, timeout=20_000)
    assert not (house.sessions_folder / "x.h5").exists()
    made.close_down()
