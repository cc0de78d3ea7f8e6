"""Sessions in windows: when a picture counts as seen, a session with mouse and keys, and how windows end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEventLoop, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from acquisition.mouse import MouseSource
from protocols.errors import GazeTwinError, SetupError
from protocols.markers import Code
from protocols.participant import Participant
from protocols.stimulus import Page
from protocols.study import load_study
from sessions.reader import Recording
from studio.conductor import Conductor
from studio.recording import Order
from studio.sources import Rig
from studio.stage import Stage
from studio.state import LiveState
from studio.windows import demo, performing, stage
from studio.windows.participant import ParticipantWindow
from studio.windows.record import record_on_display
from studio.windows.stage import WindowStage

STUDY = """
name = "pair"
title = "Two pages"
version = "1"
screens = { invented = { seed = 11, count = 2, kind = "rows", pool_seed = 1 } }
[[blocks]]
name = "browse"
kind = "free_browsing"
instruction = "Look around."
screens = "all"
"""


def unwatched(conductor: Conductor) -> None:
    """Nobody looks at this session."""


@pytest.fixture
def window(qapp: QApplication) -> Iterator[ParticipantWindow]:
    made = ParticipantWindow((1920, 1080))
    made.resize(960, 540)
    made.show()
    yield made
    made.dismiss()
    made.deleteLater()
    qapp.processEvents()


def test_a_picture_counts_as_seen_when_it_was_painted(qtbot, window, page: Page):
    clock = SteadyClock()
    shown = WindowStage(window, clock)
    painted_s: list[float] = []
    window.presented.connect(lambda _: painted_s.append(clock.now_s()))
    told_s: list[float] = []
    thread = threading.Thread(target=lambda: told_s.append(shown.page(page, 0, None)))
    asked_s = clock.now_s()
    thread.start()
    qtbot.waitUntil(lambda: bool(told_s))
    thread.join()
    assert told_s[0] > asked_s
    assert told_s[0] == pytest.approx(painted_s[-1], abs=0.005)


def test_a_window_that_is_never_painted_is_an_error(window, page: Page, monkeypatch):
    monkeypatch.setattr(stage, "_PATIENCE_S", 0.05)
    shown, errors = WindowStage(window, SteadyClock()), list[GazeTwinError]()

    def show() -> None:
        try:
            shown.page(page, 0, None)
        except GazeTwinError as error:
            errors.append(error)

    thread = threading.Thread(target=show)
    thread.start()
    thread.join()  # the main thread is busy with this, so nothing is painted
    assert isinstance(errors[0], SetupError)


Deed = Callable[[ParticipantWindow], None]
When = Callable[[LiveState], bool]


class Hand:
    """Acts on the participant's window from the main thread, each time when the session is ready for it."""

    def __init__(self, qapp: QApplication) -> None:
        self._qapp = qapp
        self._timer = QTimer(interval=50)
        self._deeds: list[tuple[When, Deed]] = []
        self._conductor: Conductor | None = None
        self._timer.timeout.connect(self._act)

    def do(self, *deeds: tuple[When, Deed]) -> None:
        self._deeds = list(deeds)
        self._timer.start()

    def watch(self, conductor: Conductor) -> None:
        self._conductor = conductor

    def stop(self) -> None:
        self._timer.stop()

    def _act(self) -> None:
        windows = [
            w for w in self._qapp.topLevelWidgets() if isinstance(w, ParticipantWindow) and w.isVisible()
        ]
        if windows and self._deeds and self._conductor is not None:
            when, deed = self._deeds[0]
            if when(self._conductor.live_state()):
                del self._deeds[0]
                deed(windows[0])


@pytest.fixture
def hand(qapp: QApplication) -> Iterator[Hand]:
    made = Hand(qapp)
    yield made
    made.stop()


def instructed(state: LiveState) -> bool:
    return state.phase == "running" and state.page is None and state.trials[0].status == "waiting"


def paused(state: LiveState) -> bool:
    return state.phase == "paused"


def on_page(trial: int, scrolled: bool = False) -> When:
    def seen(state: LiveState) -> bool:
        page, running = state.page, state.trials[trial].status == "running"
        return page is not None and running and (page.viewport.scroll_px > 0) == scrolled

    return seen


def press(key: Qt.Key) -> Deed:
    return lambda window: QTest.keyClick(window, key)


def point(x_px: float, y_px: float, click: bool = False) -> Deed:
    def act(window: ParticipantWindow) -> None:
        where = window.placement
        at = QPointF(where.left_px + where.scale * x_px, where.top_px + where.scale * y_px).toPoint()
        QTest.mouseMove(window, at)
        if click:
            QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=at)

    return act


def order(folder: Path) -> Order:
    (folder / "pair.toml").write_text(STUDY)
    study = load_study(str(folder / "pair.toml"))
    return Order(study, Participant(pseudonym="P01"), folder / "session.h5", headless=False)


def recorded_with(qapp: QApplication, hand: Hand, folder: Path):
    clock = SteadyClock()
    source = MouseSource(clock)
    source.open()
    return record_on_display(qapp, order(folder), Rig(source), clock, hand.watch)


def test_a_session_with_mouse_and_keys(qapp, hand, tmp_path):
    on_poster = (600.0, 270.0)
    hand.do(
        (instructed, press(Qt.Key.Key_Space)),
        (on_page(0), point(*on_poster)),
        (on_page(0), press(Qt.Key.Key_PageDown)),
        (on_page(0, scrolled=True), point(*on_poster, click=True)),
        (on_page(1), press(Qt.Key.Key_Escape)),
        (paused, press(Qt.Key.Key_Space)),
        (on_page(1), point(590.0, 280.0)),
        (on_page(1), point(*on_poster, click=True)),
    )
    recorded = recorded_with(qapp, hand, tmp_path)
    assert recorded.ending.outcome == "complete"
    with Recording.open(recorded.path) as recording:
        codes = [m.code for m in recording.markers() if m.code is not Code.HOVER]
        views, cursor, gaze = recording.views(), recording.cursor(), recording.gaze()
    page = [Code.TRIAL_START, Code.PAGE_SHOWN]
    scrolled = [Code.PAGE_SHOWN, Code.VIEWPORT_CHANGED]
    pause = [Code.PAUSE, Code.RESUME, Code.PAGE_SHOWN]
    end = [Code.CLICK, Code.TRIAL_END]
    assert codes[2:-1] == [*page, *scrolled, *end, *page, *pause, *end]
    assert [v.viewport.scroll_px > 0 for v in views] == [False, True, False]  # a pause splits none
    assert [v.click is not None for v in views] == [False, True, True]
    assert len(cursor) >= 3
    assert len(gaze) > len(cursor)  # the resting pointer is gaze too


def test_escape_twice_ends_the_session(qapp, hand, tmp_path):
    escape = press(Qt.Key.Key_Escape)
    hand.do((instructed, press(Qt.Key.Key_Space)), (on_page(0), escape), (paused, escape))
    recorded = recorded_with(qapp, hand, tmp_path)
    assert recorded.ending.outcome == "aborted"
    assert "participant's display" in recorded.ending.why
    next_loop = QEventLoop()
    QTimer.singleShot(0, lambda: next_loop.exit(7))
    assert next_loop.exec() == 7, "the session's end is not that of what comes after it"


class Pretended:
    """A demonstration that only shows one page, or fails."""

    def __init__(self, page: Page, failure: GazeTwinError | None = None) -> None:
        self.study = load_study("demo")
        self._page, self._failure = page, failure

    def run(self, stage: Stage, watch: object) -> str:
        del watch
        stage.page(self._page, 0, None)
        if self._failure is not None:
            raise self._failure
        return "done"


def test_windows_of_the_demonstration_close_by_themselves(qapp, page: Page, monkeypatch):
    monkeypatch.setattr(demo, "_LAST_LOOK_MS", 50)
    windows = demo._Windows(qapp, Pretended(page), unwatched, stay=False)
    assert windows.run() == "done"
    assert not any(w.isVisible() for w in qapp.topLevelWidgets())


def test_a_failed_demonstration_closes_its_windows_and_says_why(qapp, page: Page):
    failure = SetupError("The cat sat on it.", "It is warm.", "Get a second cat bed.")
    windows = demo._Windows(qapp, Pretended(page, failure), unwatched, stay=True)
    with pytest.raises(SetupError, match="cat"):
        windows.run()
    assert not any(w.isVisible() for w in qapp.topLevelWidgets())


def test_without_a_display_there_is_advice_and_no_crash(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(performing.sys, "platform", "linux")
    with pytest.raises(SetupError, match="no display"):
        performing.application()
