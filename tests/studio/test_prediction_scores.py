"""Scores of predictions made before each page, from the recording alone, and the jump to a trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acquisition.clock import SteadyClock
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Viewport
from protocols.study import load_study
from sessions.reader import Recording
from sessions.writer import SessionWriter
from studio.jump import jump_when_loaded
from studio.recorded_predictions import prediction_scores
from studio.rooms.replay.controller import ReplayController

RATE_HZ = 100.0


@pytest.fixture
def predicted_session(tmp_path: Path) -> Path:
    """Three trials with one second on the first poster each: foreseen, not foreseen, evenly only."""
    path, study = tmp_path / "s.h5", load_study("demo")
    source = SourceInfo("viewer", "lsl", "gazetwin", "id", RATE_HZ, (), ())
    writer = SessionWriter.create(
        path,
        study=study,
        participant=Participant(pseudonym="P01"),
        screen=Screen(),
        source=source,
        clock_pair=(0.0, 1.7e9),
        software="gazetwin 0.1.0",
        consent={},
    )
    for trial in study.trials(0, 1)[:3]:
        page = render(trial.screen, Viewport.top_of(trial.screen))
        t_s, n = 10.0 + 2.0 * trial.index, len(page.layout)
        even = {"attention": [1 / n] * n, "choice": [1 / n] * n}
        twin = {"attention": [0.5, *[0.5 / (n - 1)] * (n - 1)], "choice": [1 / n] * n}
        views = {0: {"twin": twin, "uniform": even}, 2: {"uniform": even}}.get(trial.index)
        writer.trial(trial)
        writer.page(page)
        if views is not None:
            writer.marker(Marker(t_s - 0.1, Code.PREDICTION, trial.index, {"views": views, "observed": 0}))
        writer.marker(Marker(t_s, Code.TRIAL_START, trial.index))
        writer.viewport(t_s, page.screen_id, page.viewport, page.digest)
        count = int(RATE_HZ)
        t = t_s + 0.2 + np.arange(count) / RATE_HZ
        xy = np.tile(page.layout.slots[0].box.centre, (count, 1)).astype(np.float64)
        valid, pupil = np.ones(count, dtype=bool), np.full((count, 2), 3.0)
        writer.gaze(GazeChunk(t, t, xy, valid, pupil, np.empty((count, 0))))
        writer.marker(Marker(t_s + 1.5, Code.TRIAL_END, trial.index, {"reason": "click"}))
    writer.close("complete")
    return path


def test_scores_are_those_of_the_first_view_of_each_predicted_trial(predicted_session: Path):
    with Recording.open(predicted_session) as recording:
        scores = prediction_scores(recording)
        slots = [len(view.layout) for view in recording.views()]
    assert [s.trial for s in scores] == [0, 2]
    assert scores[0].twin == pytest.approx(math.log(1 / 0.5), abs=1e-6)
    assert scores[0].uniform == pytest.approx(math.log(slots[0]), abs=1e-5)
    assert math.isnan(scores[1].twin)
    assert scores[1].uniform == pytest.approx(math.log(slots[2]), abs=1e-5)


def test_a_session_without_predictions_has_no_scores(session_path: Path):
    with Recording.open(session_path) as recording:
        assert prediction_scores(recording) == ()


def test_a_jump_waits_until_the_session_is_there(qtbot, predicted_session: Path):
    waiting: list[Callable[[], None]] = []

    def later(job, then, failed) -> None:  # noqa: ARG001 (nothing fails here)
        waiting.append(lambda: then(job()))

    controller = ReplayController(later, SteadyClock(), lambda *_: pytest.fail("nothing is compared"))
    controller.open(predicted_session)
    jump_when_loaded(controller, predicted_session, 2)
    assert controller.state.value.moment is None
    while waiting:
        waiting.pop(0)()
    qtbot.waitUntil(lambda: controller.state.value.t_s == pytest.approx(14.0))
    jump_when_loaded(controller, predicted_session, 1)  # it is there already
    qtbot.waitUntil(lambda: controller.state.value.t_s == pytest.approx(12.0))
    jump_when_loaded(controller, predicted_session.with_name("other.h5"), 0)
    qtbot.wait(20)
    assert controller.state.value.t_s == pytest.approx(12.0)
