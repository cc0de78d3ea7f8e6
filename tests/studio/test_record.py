"""``gazetwin record`` as a program: a simulated participant in its own process, real LSL, a real file."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from protocols.markers import Code
from sessions.agreement import fixation_differences, view_differences
from sessions.check import check
from sessions.reader import Recording
from sessions.recover import recover
from sessions.schema import State

GAZETWIN = Path(sys.executable).with_name("gazetwin")
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
[calibration]
targets = 5
validation = 4
drift_check = "trials"
"""


def command(out: Path, *more: object, source: str = "mock", study: object = "demo") -> list[str]:
    said = ("--study", study, "--participant", "P01", "--source", source, "--out", out, "--headless", *more)
    return [str(part) for part in (GAZETWIN, "record", *said)]


def finished(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def started(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A session recorded from calibration to the last click, and what the command said about it."""
    folder = tmp_path_factory.mktemp("whole")
    study = folder / "pair.toml"
    study.write_text(STUDY)
    told = finished(command(folder / "out", "--seed", 7, "--json", study=study))
    assert told.returncode == 0, told.stderr
    return folder / "out" / "session.h5", json.loads(told.stdout)


def test_no_sample_is_lost(whole):
    path, said = whole
    assert said["samples"]["lost"] == 0
    with Recording.open(path) as recording:
        assert recording.state is State.SEALED
        assert recording.samples == said["samples"]["sent"] == said["samples"]["recorded"]
        assert np.diff(recording.gaze().t_s).max() < 0.05


def test_gaze_is_calibrated_and_stays_raw(whole):
    path, said = whole
    assert said["calibration"]["verdict"] == "green"
    with Recording.open(path) as recording:
        (attempt,) = recording.calibrations()
        points = [m for m in recording.markers() if m.code is Code.CALIBRATION_POINT]
        raw, calibrated = recording.gaze().xy_px, recording.calibrated_xy()
        after = recording.gaze().t_s >= attempt.from_s
    assert len(points) == 5
    assert attempt.used
    assert attempt.validation is not None
    assert attempt.validation.accuracy_mean_deg == said["calibration"]["accuracy_deg"]
    np.testing.assert_array_equal(raw[~after], calibrated[~after])
    assert np.nanmedian(np.linalg.norm(raw[after] - calibrated[after], axis=1)) > 10.0


def test_drift_is_checked_at_a_target_and_at_every_click(whole):
    path, _ = whole
    report = check(path)
    assert (report.drift.targets, report.drift.clicks, report.drift.left) == (1, 2, 0)
    assert report.drift.worst_deg is not None
    assert report.drift.worst_deg < 0.5
    assert {e.eye for e in report.eyes} == {"both", "left", "right"}
    assert report.verdict == "good"


def test_the_participant_acts_and_answers_the_questionnaire(whole):
    path, _ = whole
    with Recording.open(path) as recording:
        markers, views = recording.markers(), recording.views()
        assert len(recording.participant.preferred) == 3
        assert len(recording.cursor()) > 10
        assert {trial.screen.id for trial in recording.trials()} == {v.screen.id for v in views}
        assert {v.digest for v in views} == set(recording.page_digests())
    assert [m.trial for m in markers if m.code is Code.CLICK] == [0, 1]
    assert sum(v.click is not None for v in views) == 2
    assert all(v.fixation_ms.sum() > 500 for v in views)
    assert [m.t_s for m in markers] == sorted(m.t_s for m in markers)


def test_what_was_found_live_equals_what_the_file_gives(whole):
    path, _ = whole
    with Recording.open(path) as recording:
        live, derived = recording.live_slots(), recording.slots()
    assert live is not None
    assert fixation_differences(live.fixations, derived.fixations) == []
    assert view_differences(live.views, derived.views) == []
    assert len(derived.fixations) > 20


@pytest.mark.parametrize("attempt", range(2))
def test_a_killed_recording_keeps_all_but_the_last_second(tmp_path, attempt):
    program = started(command(tmp_path / "out"))
    path = tmp_path / "out" / "session.h5"
    wait_for(path)
    time.sleep(random.Random(time.time_ns() + attempt).uniform(1.5, 4.0))
    viewers = psutil.Process(program.pid).children(recursive=True)
    program.kill()
    killed_s = time.monotonic()  # the clock that stamps gaze, on Linux
    program.communicate()

    report = recover(path)
    assert report.after is State.RECOVERED
    with Recording.open(path) as recording:
        t_s = recording.gaze().t_s
    assert killed_s - t_s[-1] < 1.0
    assert len(t_s) == pytest.approx((t_s[-1] - t_s[0]) * 120 + 1, abs=2)
    assert psutil.wait_procs(viewers, timeout=5)[1] == []


def test_ctrl_c_ends_a_session_in_order_and_loses_nothing(tmp_path):
    program = started(command(tmp_path / "out", "--json"))
    path = tmp_path / "out" / "session.h5"
    wait_for(path)
    time.sleep(1.5)
    program.send_signal(signal.SIGINT)
    said, errors = program.communicate(timeout=15)
    told = json.loads(said)
    assert program.returncode == 1, errors
    assert (told["outcome"], told["why"]) == ("aborted", "interrupted by SIGINT")
    assert told["samples"]["lost"] == 0
    assert told["samples"]["sent"] > 100
    with Recording.open(path) as recording:
        assert recording.state is State.ABORTED
        assert recording.samples == told["samples"]["sent"]
        assert [m.code for m in recording.markers()][-2:] == [Code.ABORT, Code.SESSION_END]


def test_a_duration_ends_it_as_planned_and_a_replay_is_value_exact(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    told = finished(command(first, "--duration", 1.5, "--json", study="free-gaze"))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["outcome"] == "complete"
    again = finished(command(second, "--json", study="free-gaze", source=f"replay:{first / 'session.h5'}"))
    assert again.returncode == 0, again.stderr
    with Recording.open(first / "session.h5") as a, Recording.open(second / "session.h5") as b:
        assert (a.state, b.state) == (State.SEALED, State.SEALED)
        assert a.samples > 150
        for column in ("t_source_s", "xy_px", "valid", "pupil_mm", "raw"):
            np.testing.assert_array_equal(getattr(a.gaze(), column), getattr(b.gaze(), column))
        assert (a.source.kind, b.source.kind) == ("lsl", "replay")


def test_a_tracker_is_recorded_to_its_last_sample(tmp_path):
    eye = ("GazePos2dx", "GazePos2dy", "PupilDm", "Validity")
    header = ["Time", *(f"L{name}" for name in eye), *(f"R{name}" for name in eye)]
    rows = [[i * 3333, *(2 * [i / 400, 0.5, 3.5, 0])] for i in range(400)]
    numbered = tmp_path / "numbered.tsv"
    numbered.write_text("\n".join("\t".join(map(str, row)) for row in [header, *rows]) + "\n")
    tracker = started([str(GAZETWIN), "tracker", "--as", "tobii-pro", "--replay", str(numbered), "--json"])
    told = finished(command(tmp_path / "out", study="free-gaze", source="lsl"))
    said, _ = tracker.communicate(timeout=15)
    assert told.returncode == 0, told.stderr
    with Recording.open(tmp_path / "out" / "session.h5") as recording:
        gaze = recording.gaze()
        assert recording.state is State.SEALED
        assert recording.source.profile == "tobii-pro"
    assert len(gaze) == json.loads(said)["sent"] == 400
    np.testing.assert_array_equal(np.round(gaze.raw[:, 0] * 400), np.arange(400))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"study": "nope"}, "no study 'nope'"),
        ({"source": "telepathy"}, "no gaze source 'telepathy'"),
        ({"source": "replay:absent.h5"}, "no file absent.h5"),
        ({"source": "mouse"}, "nobody can see them with --headless"),
    ],
)
def test_bad_input_is_explained_and_nothing_is_started(tmp_path, more, complaint):
    told = finished(command(tmp_path / "out", **more))
    assert told.returncode == 2
    assert complaint in told.stderr
    assert "fix:" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


def test_a_recording_is_never_overwritten(tmp_path):
    (tmp_path / "session.h5").write_bytes(b"precious")
    told = finished(command(tmp_path))
    assert told.returncode == 2
    assert "exists already" in told.stderr
    assert (tmp_path / "session.h5").read_bytes() == b"precious"
