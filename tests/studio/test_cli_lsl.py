"""``gazetwin tracker`` and ``gazetwin streams`` as programs, over real LSL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.lsl import LslSource
from acquisition.samples import GazeChunk
from protocols.geometry import Screen

GAZETWIN = Path(sys.executable).with_name("gazetwin")
SAMPLES = 90


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A Tobii recording whose horizontal position numbers its samples."""
    eye = ("GazePos2dx", "GazePos2dy", "PupilDm", "Validity")
    header = ["Time", *(f"L{name}" for name in eye), *(f"R{name}" for name in eye)]
    rows = [[i * 3333, *(2 * [i / SAMPLES, 0.5, 3.5, 0])] for i in range(SAMPLES)]
    path = tmp_path / "numbered.tsv"
    path.write_text("\n".join("\t".join(map(str, row)) for row in [header, *rows]) + "\n")
    return path


def started(*arguments: object) -> subprocess.Popen[str]:
    command = [str(argument) for argument in (GAZETWIN, *arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def tracker(recording: Path) -> Iterator[subprocess.Popen[str]]:
    program = started("tracker", "--as", "tobii-pro", "--replay", recording, "--json")
    yield program
    program.kill()
    program.communicate()


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(argument) for argument in (GAZETWIN, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def received(source: LslSource, wanted: int) -> GazeChunk:
    chunks: list[GazeChunk] = []
    for _ in range(200):
        chunks.append(source.read(0.05))
        if sum(map(len, chunks)) >= wanted:
            break
    return GazeChunk.joined(chunks)


def test_tracker_is_listed_and_every_sample_arrives(tracker):
    listed = run("streams", "--json", "--wait", "2", "--listen", "0")
    (stream,) = json.loads(listed.stdout)["streams"]
    assert (stream["name"], stream["profile"]) == ("Tobii", "tobii-pro")
    assert stream["channels"][0]["role"] == "gaze x, left"
    assert listed.returncode == 0

    source = LslSource(Screen(), name="Tobii", timeout_s=5.0)
    source.open()
    chunk = received(source, SAMPLES)
    source.close()
    said, _ = tracker.communicate(timeout=10)
    assert json.loads(said)["sent"] == SAMPLES == len(chunk)
    np.testing.assert_array_equal(np.round(chunk.raw[:, 0] * SAMPLES), np.arange(SAMPLES))
    assert tracker.returncode == 0


def test_tracker_that_nobody_listened_to_ends_in_order_and_says_no(recording):
    program = started("tracker", "--as", "tobii-pro", "--replay", recording)
    assert program.stderr is not None
    assert "as soon as someone listens" in program.stderr.readline()
    program.terminate()
    said, errors = program.communicate(timeout=10)
    assert said.startswith("0 samples sent as ")
    assert "Traceback" not in errors
    assert program.returncode == 1


def test_without_a_recording_a_simulated_viewer_looks_about():
    program = started("tracker", "--as", "titta", "--json")
    source = LslSource(Screen(), timeout_s=10.0)
    source.open()
    chunk = received(source, 60)
    source.close()
    program.terminate()
    said, errors = program.communicate(timeout=10)
    assert json.loads(said)["profile"] == source.info.profile == "titta"
    assert json.loads(said)["sent"] >= len(chunk) >= 60
    assert chunk.valid.mean() > 0.5
    assert np.nanstd(chunk.xy_px[:, 0]) > 0
    assert Screen().rect.left < np.nanmean(chunk.xy_px[:, 0]) < Screen().rect.right
    assert "Traceback" not in errors
    assert program.returncode == 0


def test_no_stream_is_a_negative_answer_with_advice():
    told = run("streams", "--wait", "0.2")
    assert told.returncode == 1
    assert "LSL bridge" in told.stdout


@pytest.mark.parametrize(
    ("profile", "name", "complaint"),
    [
        ("no-such-tracker", "numbered.tsv", "no stream profile 'no-such-tracker'."),
        ("neon", "numbered.tsv", "did you mean neon-app"),
        ("Tobii", "numbered.tsv", "did you mean tobii-"),
        ("pupil-core", "numbered.tsv", "head-worn camera"),
        ("tobii-pro", "absent.tsv", "absent.tsv is no Tobii recording"),
        ("tobii-pro", ".", "is no Tobii recording"),
    ],
)
def test_bad_input_is_explained(recording, profile, name, complaint):
    told = run("tracker", "--as", profile, "--replay", recording.parent / name)
    assert told.returncode == 2
    assert complaint in told.stderr
    assert "fix:" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
