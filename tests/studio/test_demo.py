"""The whole loop on a short study, with a stand-in for the engine; and what happens to earlier results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acquisition.clock import SteadyClock
from protocols.markers import Code
from protocols.wire import Progress
from sessions.reader import Recording
from studio.cli.output import jsonable
from studio.conductor import Conductor
from studio.demo import PERSONA, REPORT, RESULTS, Demonstration, DemoOrder, _make_room
from studio.engine import running
from studio.programs import Program
from studio.recording import FILE_NAME
from studio.stage import HeadlessStage
from tuning.events import Event

STUDY = """
name = "handful"
title = "A handful of pages"
version = "1"
inter_trial_s = 0.2
screens = { invented = { seed = 11, count = 3, kind = "rows", pool_seed = 1 } }
[[blocks]]
name = "browse"
kind = "free_browsing"
screens = "all"
[calibration]
targets = 5
validation = 4
"""


def test_earlier_results_are_moved_aside_not_overwritten(tmp_path: Path):
    for run in range(2):
        (tmp_path / FILE_NAME).write_text(f"session {run}")
        (tmp_path / REPORT).write_text(f"report {run}")
        (tmp_path / "notes.txt").write_text("mine")
        _make_room(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["earlier-1", "earlier-2", "notes.txt"]
    assert (tmp_path / "earlier-1" / FILE_NAME).read_text() == "session 0"
    assert (tmp_path / "earlier-2" / REPORT).read_text() == "report 1"


@pytest.mark.slow
def test_the_whole_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    (tmp_path / "handful.toml").write_text(STUDY)
    folder, told, watched = tmp_path / "out", list[Progress](), list[Conductor]()
    order = DemoOrder(folder, seed=3, study=str(tmp_path / "handful.toml"))
    demonstration = Demonstration(
        order, told.append, lambda: running(lambda: Program("engine", "fake_engine", [], Event))
    )
    result = demonstration.run(HeadlessStage(SteadyClock()), watched.append)

    said = json.loads(json.dumps(jsonable(result.summary()), allow_nan=False))
    assert said["samples"]["lost"] == 0
    assert said["samples"]["recorded"] > 2000
    assert said["fixations"]["precision"] > 0.95
    assert said["fixations"]["recall"] > 0.95
    assert said["slots"]["accuracy"] > 0.97
    assert said["live_equals_file"]
    assert said["heldout"]["uniform"]["kl"] > 0
    assert {"session", "slots", "fit", "report", "total"} == set(said["seconds"])
    assert any(progress.unit == "steps" for progress in told)
    assert watched[0].live_state().phase == "finished"
    assert {path.name for path in folder.iterdir()} == {FILE_NAME, PERSONA, REPORT, RESULTS}
    assert json.loads((folder / RESULTS).read_text())["samples"] == said["samples"]
    assert "stand-in beats nobody" in (folder / REPORT).read_text()

    with Recording.open(folder / FILE_NAME) as recording:
        markers = recording.markers()
        assert len(recording.participant.preferred) == 3
    shown = {m.trial: m.t_s for m in reversed(markers) if m.code is Code.PAGE_SHOWN}
    predicted = {m.trial: m.t_s for m in markers if m.code is Code.PREDICTION}
    assert set(predicted) == set(shown) == {0, 1, 2}
    assert all(predicted[trial] < shown[trial] for trial in shown)
    assert [score.trial for score in result.running] == [0, 1, 2]
