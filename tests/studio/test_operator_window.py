from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from protocols.slots import SlotDistribution, SlotLayout
from protocols.stimulus import Page
from protocols.trial_events import Abort, Event, Pause, Repeat, Resume, Skip
from studio.inputs import Did, Input, Noted
from studio.live import LivePump
from studio.state import LiveState, Notice, Quality, Score, Trail, TrialLine
from studio.theme import DARK, LIGHT
from studio.widgets.controls import AbortQuestion
from studio.widgets.header import clock
from studio.widgets.page_picture import PagePicture
from studio.widgets.score_plot import ScorePlot
from studio.widgets.slot_map import SlotMap, wrapped
from studio.widgets.trial_list import TrialList
from studio.windows.appearance import dress
from studio.windows.operator import OperatorWindow

NAN = float("nan")


@pytest.fixture
def busy(page: Page) -> LiveState:
    n = len(page.layout)
    xy = np.column_stack([np.linspace(100, 1800, 60), np.full(60, 300.0)])
    xy[20:25] = np.nan
    return LiveState(
        phase="running",
        line="Free browsing",
        elapsed_s=193.4,
        page=page,
        trail=Trail(xy, np.linspace(0.5, 0.0, 60)),
        dwell_ms=np.arange(n, dtype=np.float64) * 100,
        prediction=SlotDistribution.of(np.ones(n), "model"),
        scores=tuple(Score(i, 0.5, 0.6, 0.7, 0.9) for i in range(4)),
        quality=Quality(119.5, 120.0, 0.02, 0.4, 4000),
        trials=tuple(
            TrialLine(i, "Free browsing", f"{i:02}", "done" if i < 3 else "waiting") for i in range(30)
        ),
        notices=(Notice("Sit closer."),),
        simulated=True,
    )


@pytest.fixture
def window(qtbot: QtBot) -> OperatorWindow:
    window = OperatorWindow(DARK)
    qtbot.addWidget(window, before_close_func=lambda w: w.render_state(LiveState()))
    window.show()
    return window


def child(window: QWidget, kind: type, name: str) -> QWidget:
    found = [w for w in window.findChildren(kind) if w.accessibleName().startswith(name)]
    assert len(found) == 1, [w.accessibleName() for w in window.findChildren(kind)]
    return found[0]


def picture(widget: QWidget) -> bytes:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return bytes(image.constBits())


def test_shows_what_the_state_says(window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(busy)
    texts = {w.text() for w in window.findChildren(QWidget) if hasattr(w, "text") and callable(w.text)}
    assert {
        "Recording",
        "Free browsing",
        "3:13",
        "Sit closer.",
        "119.5 Hz",
        "2.0 %",
        "0.40°",
        "0.50",
    } <= texts
    assert child(window, QTableWidget, "Trials").rowCount() == 30


EXTREMES: dict[str, Callable[[LiveState], LiveState]] = {
    "nothing": lambda _: LiveState(),
    "no gaze": lambda s: dataclasses.replace(s, trail=Trail.none(), dwell_ms=np.zeros(len(s.dwell_ms))),
    "no dwell at all": lambda s: dataclasses.replace(s, dwell_ms=np.empty(0)),
    "only lost gaze": lambda s: dataclasses.replace(s, trail=Trail(np.full((9, 2), NAN), np.zeros(9))),
    "gaze far off": lambda s: dataclasses.replace(s, trail=Trail(np.full((9, 2), -1e6), np.zeros(9))),
    "one sample": lambda s: dataclasses.replace(s, trail=Trail(np.asarray([[5.0, 5.0]]), np.zeros(1))),
    "no prediction": lambda s: dataclasses.replace(s, prediction=None, prediction_note="Not yet."),
    "unknown quality": lambda s: dataclasses.replace(s, quality=Quality()),
    "unknown scores": lambda s: dataclasses.replace(s, scores=(Score(0), Score(1, uniform=0.3))),
    "no trials": lambda s: dataclasses.replace(s, trials=()),
    "no posters": lambda s: dataclasses.replace(
        s,
        page=dataclasses.replace(s.page, layout=SlotLayout((), (1920, 1080)), films=(), digest="0"),
        dwell_ms=np.empty(0),
        prediction=None,
    ),
    "long words": lambda s: dataclasses.replace(
        s, line="word " * 200, notices=(Notice("more " * 60, "bad"), Notice("x"))
    ),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda p: p.name)
def test_extremes_are_drawn(qtbot: QtBot, busy: LiveState, name: str, palette: object) -> None:
    window = OperatorWindow(LIGHT if palette is LIGHT else DARK)
    qtbot.addWidget(window, before_close_func=lambda w: w.render_state(LiveState()))
    window.show()
    for state in (busy, EXTREMES[name](busy), busy):
        window.render_state(state)
        assert not window.grab().isNull()
    assert window.width() <= 1280


def test_the_same_state_gives_the_same_picture(qtbot: QtBot, busy: LiveState) -> None:
    slots = SlotMap(DARK)
    qtbot.addWidget(slots)
    slots.resize(900, 320)
    slots.render_state(busy)
    before = picture(slots)
    slots.render_state(dataclasses.replace(busy, prediction=None))
    assert picture(slots) != before
    slots.render_state(busy)
    assert picture(slots) == before


def test_the_trail_can_be_hidden(qtbot: QtBot, window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(busy)
    real = child(window, PagePicture, "Page with the real gaze")
    shown = picture(real)
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not child(window, QCheckBox, "Gaze trail").isChecked())
    assert picture(real) != shown
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: child(window, QCheckBox, "Gaze trail").isChecked())
    assert picture(real) == shown


@pytest.mark.parametrize(
    ("key", "event"),
    [(Qt.Key.Key_P, Pause()), (Qt.Key.Key_K, Skip()), (Qt.Key.Key_R, Repeat())],
)
def test_shortcuts_ask_for_something(
    qtbot: QtBot, window: OperatorWindow, busy: LiveState, key: Qt.Key, event: Event
) -> None:
    window.render_state(busy)
    with qtbot.waitSignal(window.asked, timeout=1000) as asked:
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert asked.args == [Did(event)]


def test_pause_becomes_resume(qtbot: QtBot, window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(dataclasses.replace(busy, phase="paused"))
    button = child(window, QPushButton, "Resume")
    with qtbot.waitSignal(window.asked) as asked:
        qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert asked.args == [Did(Resume())]
    window.render_state(busy)
    assert button.text().startswith("Pause")


def test_a_note_is_sent_once_and_blank_ones_never(
    qtbot: QtBot, window: OperatorWindow, busy: LiveState
) -> None:
    window.render_state(busy)
    notes: list[Input] = []
    window.asked.connect(notes.append)
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    field = child(window, QLineEdit, "Text of the note")
    qtbot.keyClicks(field, " coughed ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert notes == [Noted("coughed")]


def question(window: OperatorWindow) -> AbortQuestion:
    return window.findChildren(AbortQuestion)[0]


def test_abort_asks_first_and_enter_keeps_going(
    qtbot: QtBot, window: OperatorWindow, busy: LiveState
) -> None:
    window.render_state(busy)
    with qtbot.assertNotEmitted(window.asked):
        qtbot.mouseClick(child(window, QPushButton, "Abort session"), Qt.MouseButton.LeftButton)
        assert question(window).isVisible()
        qtbot.keyClick(question(window).reason, Qt.Key.Key_Return)
        assert not question(window).isVisible()
        window.ask_abort()
        qtbot.keyClick(question(window), Qt.Key.Key_Escape)
        assert not question(window).isVisible()


def test_abort_carries_the_reason(qtbot: QtBot, window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(busy)
    window.ask_abort()
    qtbot.keyClicks(question(window).reason, "fire alarm")
    with qtbot.waitSignal(window.asked) as abort:
        qtbot.keyClick(question(window).end, Qt.Key.Key_Space)
    assert abort.args == [Did(Abort("fire alarm"))]


def test_closing_asks_during_a_session_only(window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(busy)
    assert not window.close()
    assert question(window).isVisible()
    question(window).reject()
    window.render_state(dataclasses.replace(busy, phase="finished"))
    assert window.close()


@pytest.mark.parametrize("phase", ["waiting", "finished", "aborted", "failed"])
def test_nothing_can_be_asked_when_there_is_no_session(window: OperatorWindow, phase: str) -> None:
    window.render_state(LiveState(phase=phase))
    assert not any(b.isEnabled() for b in window.findChildren(QPushButton) if b.window() is window)
    window.ask_abort()
    assert not question(window).isVisible()


def test_the_tab_key_reaches_everything(qtbot: QtBot, window: OperatorWindow, busy: LiveState) -> None:
    window.render_state(busy)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    reached: set[str] = set()
    for _ in range(30):
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        reached.add(focused.accessibleName())
    wanted = {
        "Pause",
        "Skip trial",
        "Repeat trial",
        "Note",
        "Text of the note",
        "Abort session",
        "Gaze trail",
        "Heat",
        "Trials",
    }
    assert wanted | {"Trials"} <= reached


def test_controls_have_names_for_screen_readers(window: OperatorWindow) -> None:
    controls = [*window.findChildren(QAbstractButton), *window.findChildren(QLineEdit)]
    nameless = [c for c in controls if c.isVisible() and not (c.accessibleName() or c.text())]
    assert not nameless


def test_the_running_trial_is_in_view(qtbot: QtBot) -> None:
    trials = TrialList(DARK)
    qtbot.addWidget(trials)
    trials.resize(300, 150)
    trials.show()
    lines = [TrialLine(i, "t", "s", "running" if i == 40 else "waiting") for i in range(60)]
    trials.render_trials(tuple(lines))
    assert trials.rowAt(trials.viewport().height() // 2) in range(38, 43)


def test_the_legend_tells_the_latest_means(qtbot: QtBot) -> None:
    plot = ScorePlot(DARK)
    qtbot.addWidget(plot)
    plot.render_scores((Score(0, twin=0.2, uniform=0.8), Score(1, twin=0.4)))
    values = {w.accessibleName(): w.text() for w in plot.findChildren(QWidget) if w.accessibleName()}
    assert values["Mean KL in nats: Twin, predicted beforehand"] == "0.30"
    assert values["Mean KL in nats: Every poster the same"] == "0.80"
    assert values["Mean KL in nats: Average of earlier participants"] == "–"


def test_titles_are_wrapped_and_shortened(qapp: QApplication) -> None:
    metrics = QFontMetrics(qapp.font())
    width = metrics.horizontalAdvance("of Cinder Street")
    assert wrapped("The Falcon of Cinder Street", 2, width, metrics) == ["The Falcon of", "Cinder Street"]
    assert wrapped("The Falcon of Cinder Street", 1, width, metrics)[0].endswith("…")
    assert wrapped("Unbreakablelongwordwithoutanyspace", 3, 40, metrics)[0].endswith("…")
    assert wrapped("", 2, 40, metrics) == [""]


@pytest.mark.parametrize(
    ("elapsed_s", "text"), [(-1.0, "0:00"), (59.9, "0:59"), (600.0, "10:00"), (3725.0, "1:02:05")]
)
def test_clock(elapsed_s: float, text: str) -> None:
    assert clock(elapsed_s) == text


def test_the_typeface_is_shipped(qapp: QApplication) -> None:
    before = qapp.font(), qapp.palette(), qapp.styleSheet()
    try:
        dress(qapp, DARK)
        assert qapp.font().family() == "Open Sans"
    finally:
        qapp.setFont(before[0])
        qapp.setPalette(before[1])
        qapp.setStyleSheet(before[2])


def test_the_pump_pulls_thirty_times_a_second(qtbot: QtBot) -> None:
    seen: list[float] = []
    pump = LivePump(lambda: LiveState(elapsed_s=len(seen)), lambda state: seen.append(state.elapsed_s))
    pump.start()
    qtbot.waitUntil(lambda: len(seen) >= 4, timeout=2000)
    pump.stop()
    count = len(seen)
    qtbot.wait(80)
    assert len(seen) == count
    assert seen == sorted(seen)


@pytest.mark.usefixtures("qapp")
def test_the_pump_draws_a_state_once() -> None:
    state, drawn = LiveState(), []
    pump = LivePump(lambda: state, drawn.append)
    for _ in range(3):
        pump.beat()
    assert drawn == [state]


@pytest.mark.usefixtures("qapp")
def test_the_pump_stops_when_pulling_fails() -> None:
    def fail() -> LiveState:
        raise RuntimeError("no state")

    pump = LivePump(fail, lambda _: None)
    with pytest.raises(RuntimeError, match="no state"):
        pump.start()
    assert not pump.running
