"""From consent to report by mouse and keyboard: eight rooms, a simulated viewer over LSL, the real engine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import h5py
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from protocols.trial_events import Abort
from sessions.reader import Recording
from studio.app import Studio
from studio.inputs import Did
from studio.replay import Replayed, replay
from studio.report import Results, write_report
from studio.settings import Settings
from studio.windows.performing import application
from tests.journey.assistant import Assistant

pytestmark = [pytest.mark.engine, pytest.mark.timeout(360)]

STUDY = """
name = "evening"
title = "An evening of films"
version = "1"
inter_trial_s = 0.4
screens = { invented = { seed = 23, count = 10, kind = "rows", pool_seed = 1 } }

[[blocks]]
name = "browse"
kind = "free_browsing"
instruction = "Look around and click the film you would watch tonight."
screens = "all"

[questionnaire]
asks = ["top-genre", "ratings"]

[[questionnaire.questions]]
key = "streaming-hours"
text = "How many hours a week do you watch films or series?"
kind = "number"
least = 0
most = 168

[consent]
version = "2026-11"
text = "Your gaze and your clicks are recorded under a pseudonym. You may stop at any time."

[consent.scopes]
twin = "A model of how I look and choose (a twin) may be made from my recording."

[calibration]
targets = 5
validation = 4
"""


@pytest.fixture
def studio(qtbot: QtBot, tmp_path: Path) -> Iterator[Studio]:
    folder = tmp_path / "gazetwin"
    (folder / "studies").mkdir(parents=True)
    (folder / "studies" / "evening.toml").write_text(STUDY, encoding="utf-8")
    made = Studio(application(), Settings(data_folder=folder))
    made.show()
    made.window.activateWindow()
    yield made
    if (session := made.house.performance.value) is not None and session.running:  # the test has failed
        session.post(Did(Abort("the journey ended early")))
        qtbot.waitUntil(lambda: not session.running, timeout=30_000)
    made.window.close()
    QApplication.processEvents()


def test_a_session_from_consent_to_report(qtbot: QtBot, studio: Studio) -> None:
    assert len(QApplication.screens()) == 2, "run it before two monitors: scripts/two_screens.sh"
    me = Assistant(qtbot, studio.window)
    studio.window.resize(QApplication.primaryScreen().size())
    welcome(me, studio)
    consent(me, studio)
    devices(me, studio)
    calibrate(me, studio)
    recorded = watch(me, studio)
    fit(me, studio)
    play(me, studio, recorded)
    report(me, studio, recorded)
    past(me, studio, recorded)
    in_another_light(me, studio)


def room(studio: Studio, key: str) -> Any:
    """Return a room whose parts are pressed; mypy knows rooms by their common parts only."""
    return cast(Any, studio.window.room(cast(Any, key)))


def welcome(me: Assistant, studio: Studio) -> None:
    start = room(studio, "start")
    me.wait(lambda: start.studies.count() > 0)
    me.picture("1-start-empty")
    me.pick(start.studies, "evening")
    me.click(start.new_session)
    me.wait(lambda: studio.window.here == "participant")


def consent(me: Assistant, studio: Studio) -> None:
    form = room(studio, "participant")
    me.wait(lambda: form.questions is not None and bool(form.pseudonym.text()))
    me.click(form.questions.ratings.buttons["Comedy", 5])
    me.click(form.questions.ratings.buttons["Horror", 1])
    me.type(form.questions.fields["streaming-hours"], "7")
    me.click(form.consent.agree)
    me.click(form.consent.scopes["twin"])
    me.picture("2-participant")
    me.wait(form.go_on.isEnabled)
    me.click(form.go_on)
    me.wait(lambda: studio.window.here == "devices")


def devices(me: Assistant, studio: Studio) -> None:
    there = room(studio, "devices")
    me.wait(lambda: there.sources.entries.count() > 0)
    me.pick(there.sources.entries, "imulated")
    me.wait(there.go_on.isEnabled)
    me.picture("3-devices")
    assert studio.house.visit.value.display is not None
    assert studio.house.visit.value.display.name == "participant"
    me.key("Return")
    me.wait(lambda: studio.window.here == "calibration")


def calibrate(me: Assistant, studio: Studio) -> None:
    there = room(studio, "calibration")

    def stage() -> str:
        return str(there.controller.state.value.stage)

    me.wait(lambda: stage() == "ready")
    me.key("Return")
    me.wait(lambda: stage() == "positions")
    session = studio.house.performance.value
    assert session is not None
    shown = QApplication.screens()[1].geometry()
    assert session.window.geometry() == shown, "the participant's window fills the participant's monitor"
    me.wait(there.go_on.isEnabled)
    me.key("Return")
    me.wait(lambda: stage() == "deciding", 60)
    me.picture("4-calibration")
    assert there.attempts.count() == 1
    me.key("Ctrl+D")  # validate again
    me.wait(lambda: stage() == "targets")
    me.wait(lambda: stage() == "deciding", 60)
    assert there.attempts.count() == 2
    if there.reason.isVisible():
        me.type(there.reason, "only a rehearsal")
    me.wait(there.go_on.isEnabled)
    me.key("Return")
    me.wait(lambda: studio.window.here == "session")


def watch(me: Assistant, studio: Studio) -> Path:
    there = room(studio, "session")
    operator = there.operator
    me.wait(lambda: there.controller.live.page is not None, 60)
    me.type(operator.controls.note_text, "looks relaxed")
    me.key("Return")
    me.wait(lambda: there.controller.live.trials_over >= 2, 60)
    me.key("Ctrl+P")
    me.wait(lambda: there.controller.live.phase == "paused")
    me.key("Ctrl+P")
    me.wait(lambda: there.controller.live.phase == "running")
    me.wait(
        lambda: there.controller.live.trials_over >= 4 and there.controller.live.prediction is not None, 90
    )
    me.wait(lambda: there.controller.live.dwell_ms.sum() > 1500)
    session = studio.house.performance.value
    assert session is not None
    me.picture("5-session")
    me.picture("5-participant-window", session.window)
    me.wait(lambda: there.controller.state.value.stage == "over", 150)
    me.wait(lambda: studio.house.visit.value.recorded is not None)
    me.picture("5-session-over")
    recorded = studio.house.visit.value.recorded
    assert recorded is not None
    me.key("Return")
    me.wait(lambda: studio.window.here == "twin")
    return recorded


def fit(me: Assistant, studio: Studio) -> None:
    there = room(studio, "twin")
    me.wait(there.fitting.fit.isEnabled)
    me.click(there.fitting.fit)
    me.wait(
        lambda: (
            there.controller.state.value.shown.twin is not None
            and bool(there.controller.state.value.shown.pages)
        ),
        120,
    )
    for index in range(there.tabs.count()):
        me.tab(there.tabs, index)
        me.picture(f"6-twin-{index + 1}")
    me.click(there.on)
    me.wait(lambda: studio.window.here == "replay")


def play(me: Assistant, studio: Studio, recorded: Path) -> None:
    there = room(studio, "replay")
    me.wait(lambda: there.controller.state.value.session is not None, 60)
    assert there.controller.state.value.session.path == recorded
    me.key("Space")
    me.wait(lambda: there.controller.state.value.playing)
    me.key("Space")
    for _ in range(3):
        me.key("Right")
    me.picture("7-replay")
    me.click(there.report)
    me.wait(lambda: studio.window.here == "report")


def report(me: Assistant, studio: Studio, recorded: Path) -> None:
    there = room(studio, "report")
    me.wait(there.write.isEnabled, 60)
    me.click(there.write)
    me.wait(lambda: bool(there.controller.state.value.written), 120)
    me.picture("8-report")
    folder = studio.house.reports_folder
    assert list(folder.rglob("*.html"))
    assert list(folder.rglob("*.pdf"))
    with Recording.open(recorded) as recording:
        pseudonym = recording.participant.pseudonym
        assert recording.participant.ratings == {"Comedy": 5, "Horror": 1}
        assert recording.participant.answers == {"streaming-hours": 7}
    html = next(iter(folder.rglob("*.html"))).read_text(encoding="utf-8")
    assert pseudonym in html
    assert "The twin was not judged" not in html
    assert "mean KL" in html  # of the twin that was fitted, on held-out pages
    same_when_replayed(recorded, studio.house.settings.value.data_folder.parent)


def same_when_replayed(recorded: Path, folder: Path) -> None:
    """Slots, scores and every number of the report come out of the raw samples again, to the last bit."""
    (again,) = (said for said in replay(recorded, float("inf")) if isinstance(said, Replayed))
    assert again.identical, again.differences
    raw = folder / "raw.h5"  # not where the Studio lists sessions
    shutil.copy(recorded, raw)
    with h5py.File(raw, "r+") as file:
        del file["derived"]
    told = []
    for path in (recorded, raw):
        with Recording.open(path) as recording:
            write_report(folder / "again.html", Results(), recording)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        told.append(
            (folder / "again.html").read_text(encoding="utf-8").replace(digest, "").replace(path.name, "")
        )
    assert told[0] == told[1]


def past(me: Assistant, studio: Studio, recorded: Path) -> None:
    me.key("Alt+1")
    start = room(studio, "start")
    me.wait(lambda: len(start.controller.state.value.found) == 1 and not start.controller.state.value.doing)
    assert start.controller.state.value.found[0].path == recorded
    me.picture("1-start")


def in_another_light(me: Assistant, studio: Studio) -> None:
    """Look at every room once more in the light theme."""
    settings = studio.house.settings
    settings.put(settings.value.model_copy(update={"theme": "light"}))
    for number, key in enumerate(
        ("start", "participant", "devices", "calibration", "session", "twin", "replay"), 1
    ):
        me.key(f"Alt+{number}")
        me.wait(lambda key=key: studio.window.here == key)
        qt_breath()
        me.picture(f"light-{number}-{key}")


def qt_breath() -> None:
    """Let a room paint what it has just been given."""
    for _ in range(20):
        QApplication.processEvents()
