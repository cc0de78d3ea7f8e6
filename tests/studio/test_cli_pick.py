"""``gazetwin pick`` and what it remembers, and head-worn trackers, over real LSL."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from acquisition.liblsl import load_pylsl
from acquisition.lsl import LslSource
from acquisition.profile_file import read_profile
from acquisition.surface import Surface, read_surface
from protocols.geometry import Screen
from sessions.reader import Recording
from studio.cli import app
from studio.remembered import profiles_folder, remembered_formats

GAZETWIN = Path(sys.executable).with_name("gazetwin")

# A lab's own stream: vertical coordinate first and upwards, percent, valid at code 0, hardly described.
LAB = """
import sys, time
import numpy as np, pylsl
info = pylsl.StreamInfo("Lab's tracker", "ET", 3, 0, "float32", "lab-7")
channels = info.desc().append_child("channels")
for label in ("vertical", "horizontal", "state"):
    channels.append_child("channel").append_child_value("label", label)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
for k in range(100_000):
    t = k / 100
    outlet.push_sample([50 + 30 * np.sin(t), 25 + 20 * np.cos(1.3 * t), float(k % 5 == 0)])
    time.sleep(0.01)
"""
SOON = ("--listen", "0.4", "--wait", "0.5")
RECORD = ("record", "--study", "free-gaze", "--participant", "P01", "--headless")
RIGHT = ("--both", "1,0,2", "--unit", "percent", "--origin", "bottom-left", "--valid", "0..0")


def gazetwin(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def failed(result: Result) -> str:
    assert result.exit_code != 0
    return str(result.exception) + result.output


@pytest.fixture
def lab() -> Iterator[None]:
    program = subprocess.Popen([sys.executable, "-P", "-c", LAB], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    program.stdout.readline()
    yield
    program.kill()
    program.communicate()
    for path in profiles_folder().glob("*.toml"):
        path.unlink()


@pytest.mark.usefixtures("lab")
def test_an_unknown_stream_is_said_once_and_then_recorded(tmp_path: Path) -> None:
    undecided = failed(gazetwin("pick", "Lab's tracker", "--listen", "0.4", "--wait", "0.5"))
    assert "Nobody has said yet" in undecided
    assert "gazetwin pick 'Lab'" in undecided
    assert "it only holds 0, 1" in undecided.replace("\n", " ")

    wrong = gazetwin(
        "pick", "lab-7", "--both", "1,0", "--unit", "px", "--listen", "0.4", "--wait", "0.5", "--json"
    )
    assert wrong.exit_code == 2
    told = json.loads(wrong.stdout)
    assert (told["kept"], told["file"]) == (False, None)
    assert told["concerns"]
    refused = failed(gazetwin("pick", "lab-7", "--both", "1,0", "--unit", "px", *SOON))
    assert "All gaze lies in the top left 100 px" in refused
    assert "add --despite if it is meant so" in refused

    unsaid = failed(gazetwin(*RECORD, "--source", "lsl:lab-7", "--out", tmp_path / "none"))
    assert "is there, but it is of type 'ET'" in unsaid
    assert "not understood" in unsaid
    assert "firewall" not in unsaid
    assert "gazetwin pick 'Lab'" in unsaid
    around = gazetwin("streams", "--wait", "0.5", "--listen", "0")
    assert "Further streams that may be gaze" in around.stdout
    assert "Lab's tracker (type ET, 3 channels): gazetwin pick 'Lab'" in around.stdout
    (further,) = json.loads(gazetwin("streams", "--wait", "0.5", "--listen", "0", "--json").stdout)["further"]
    assert (further["source_id"], further["type"], further["channel_count"]) == ("lab-7", "ET", 3)

    shared = tmp_path / "lab.toml"
    assert (
        gazetwin(
            "pick", "lab-7", *RIGHT, "--as", "lab", "--out", shared, "--listen", "0.4", "--wait", "0.5"
        ).exit_code
        == 0
    )
    listed = json.loads(
        gazetwin("streams", "--json", "--wait", "0.5", "--listen", "0", "--profile", shared).stdout
    )["streams"]
    assert [(one["name"], one["profile"]) for one in listed] == [("Lab's tracker", "lab")]
    assert [channel["role"] for channel in listed[0]["channels"]] == [
        "gaze y, both",
        "gaze x, both",
        "validity, both",
    ]
    assert not list(profiles_folder().glob("*.toml"))
    written = shared.read_bytes()
    again = failed(gazetwin("pick", "lab-7", *RIGHT, "--as", "other", "--out", shared, *SOON))
    assert "lab.toml is there already" in again
    assert shared.read_bytes() == written

    assert gazetwin("pick", "lab-7", *RIGHT, "--as", "lab", "--listen", "0.4", "--wait", "0.5").exit_code == 0
    done = gazetwin(
        *("record", "--study", "free-gaze", "--participant", "P01", "--source", "lsl:lab-7"),
        *("--headless", "--duration", "1.5", "--out", tmp_path / "session", "--json"),
    )
    assert done.exit_code == 0, done.output
    with Recording.open(tmp_path / "session" / "session.h5") as recording:
        gaze, source = recording.gaze(), recording.source
    assert source.profile == "lab"
    assert source.read_by == shared.read_text(encoding="utf-8")
    vertical, horizontal, state = gaze.raw.T
    expected = np.column_stack([horizontal / 100 * 1920, (1 - vertical / 100) * 1080])
    assert len(gaze) > 50
    np.testing.assert_array_equal(gaze.valid, state == 0)
    np.testing.assert_allclose(gaze.xy_px[gaze.valid], expected[gaze.valid], atol=1e-3)


@pytest.mark.usefixtures("lab")
def test_at_a_terminal_it_asks_and_checks_the_directions() -> None:
    keyboard, terminal = pty.openpty()
    program = subprocess.Popen(
        [str(GAZETWIN), "pick", "lab-7", "--listen", "0.4", "--wait", "0.5", "--as", "asked"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        # One gaze for both; bad channels, channels; bad ranges, a range; unit, misspelt; origin; no number,
        # and none, for a lost eye; look at two corners; keep it.
        answers = ("perhaps", "both", "-", "0,9", "1", "1,0,2", "high", "6..1", "0..0", "per cent", "percent")
        answers = (*answers, "bottom-left", "nothing", "-", "y", "", "", "y")
        os.write(keyboard, "".join(f"{answer}\n" for answer in answers).encode())
        told, _ = program.communicate(timeout=40)
    finally:
        program.kill()
        os.close(keyboard)
        os.close(terminal)
    assert program.returncode == 0, told
    assert "Let somebody look at the bottom right corner" in told
    assert "One gaze for both eyes, or one for each eye?" in told
    for reason in (
        "has no channel '9'",
        "'1' is not two or three",
        "'high' is no range",
        "begins above its end",
    ):
        assert reason in told
    (path,) = profiles_folder().glob("*.toml")
    profile = read_profile(path)
    assert (profile.profile, profile.unit.value, profile.origin.value) == ("asked", "percent", "bottom-left")
    assert [(point.x, point.y, point.quality) for point in profile.point] == [
        ("horizontal", "vertical", "state")
    ]


@pytest.mark.usefixtures("lab")
def test_a_choice_that_replaces_an_earlier_one_says_so_and_keeps_it() -> None:
    first = gazetwin("pick", "lab-7", *RIGHT, "--as", "lab", *SOON, "--json")
    before = (profiles_folder() / "lab.toml").read_bytes()
    assert json.loads(first.stdout)["replaced"] is None
    assert (
        json.loads(gazetwin("pick", "lab-7", *RIGHT, "--as", "lab", *SOON, "--json").stdout)["replaced"]
        is None
    )
    second = gazetwin("pick", "lab-7", *RIGHT, "--missing", "-7", "--as", "lab", *SOON)
    assert second.exit_code == 0
    assert "replaces the earlier one" in second.stdout
    kept = profiles_folder() / "lab.toml.bak"
    assert kept.read_bytes() == before
    assert (profiles_folder() / "lab.toml").read_bytes() != before
    assert len(remembered_formats()) == 1
    kept.unlink()


def test_a_missing_tag_stream_is_named_with_its_file(tmp_path: Path) -> None:
    surface = tmp_path / "surface.toml"
    surface.write_text(SURFACE, encoding="utf-8")
    told = failed(gazetwin(*RECORD, "--source", "lsl", "--surface", surface, "--out", tmp_path / "session"))
    assert f"No tag stream (named in {surface}) with name 'Tag corners' answered" in told


def test_a_broken_file_among_the_remembered_is_named_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    profiles_folder().mkdir(parents=True, exist_ok=True)
    broken = profiles_folder() / "broken.toml"
    broken.write_text("format = 7", encoding="utf-8")
    assert remembered_formats() == ()
    assert "broken.toml is no profile file" in caplog.text
    broken.unlink()


def test_files_for_a_tracker_are_refused_with_another_source(tmp_path: Path) -> None:
    told = failed(
        gazetwin(
            *("record", "--study", "free-gaze", "--participant", "P01", "--source", "mouse", "--headless"),
            *("--out", tmp_path, "--surface", tmp_path / "surface.toml"),
        )
    )
    assert "without effect" in told


def test_a_tracker_with_a_clock_of_its_own_is_imitated() -> None:
    arguments = ("tracker", "--as", "tobii-stream-engine", "--clock-shift", "5000", "--rate", "250", "--json")
    program = subprocess.Popen([str(GAZETWIN), *arguments], stdout=subprocess.PIPE, text=True)
    source = LslSource(Screen(), timeout_s=10.0)
    try:
        source.open()
        chunks = [source.read(0.1) for _ in range(8)]
        foreign = source.foreign_clock
    finally:
        source.close()
        program.terminate()
        told, _ = program.communicate(timeout=10)
    stamps = np.concatenate([chunk.t_source_s for chunk in chunks])
    assert foreign
    assert np.median(np.diff(stamps)) == pytest.approx(1 / 250, rel=0.05)
    assert json.loads(told)["first_t_s"] > 5000


def test_a_stream_that_is_not_there_or_cannot_be_gaze_is_refused() -> None:
    assert "answered in 0.3 s" in failed(gazetwin("pick", "absent", "--wait", "0.3"))
    text = load_pylsl().StreamOutlet(load_pylsl().StreamInfo("words", "Gaze", 2, 0, "string", "w"))
    assert "cannot be gaze" in failed(gazetwin("pick", "words", "--wait", "1"))
    del text


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--both", "0,1,2", "--unit", "px", "--valid", "high"), "no range"),
        (("--both", "0,1,2", "--unit", "px"), "valid = "),
        (("--both", "0,7", "--unit", "px"), "no channel '7'"),
        (("--both", "0", "--unit", "px"), "two or three channels"),
        (("--both", "0,1", "--unit", "px", "--screen", "big"), "no size in px"),
    ],
)
def test_what_cannot_be_said_of_a_stream_is_refused(options: tuple[str, ...], complaint: str) -> None:
    assert complaint in failed(gazetwin("pick", "lab-7", *options, "--listen", "0.1", "--wait", "0.5"))


SURFACE = """
format = "gazetwin-surface/1"
scene_size_px = [1280, 720]
[tags]
stream = "Tag corners"
[[tags.tag]]
id = 0
corners_px = [[-150, -150], [-30, -150], [-30, -30], [-150, -30]]
[[tags.tag]]
id = 1
corners_px = [[1950, -150], [2070, -150], [2070, -30], [1950, -30]]
[[tags.tag]]
id = 2
corners_px = [[900, 1110], [1020, 1110], [1020, 1230], [900, 1230]]
"""


def test_a_head_worn_tracker_is_recorded_on_the_screen_by_its_tags(tmp_path: Path) -> None:
    surface = tmp_path / "surface.toml"
    surface.write_text(SURFACE, encoding="utf-8")
    eye = ("GazePos2dx", "GazePos2dy", "PupilDm", "Validity")
    header = ["Time", *(f"L{name}" for name in eye), *(f"R{name}" for name in eye)]
    k = np.arange(300)
    x, y = 0.5 + 0.4 * np.sin(k / 40), 0.5 + 0.4 * np.cos(k / 55)
    rows = [[i * 8000, *(2 * [x[i], y[i], 3.5, 4 if i % 50 == 49 else 0])] for i in k]
    replay = tmp_path / "gaze.tsv"
    replay.write_text("\n".join("\t".join(map(str, row)) for row in [header, *rows]) + "\n", encoding="utf-8")

    plain = failed(gazetwin("tracker", "--as", "pupil-core", "--replay", replay))
    assert "--surface" in plain
    arguments = ("tracker", "--as", "pupil-core", "--replay", replay, "--surface", surface, "--json")
    tracker = subprocess.Popen([str(GAZETWIN), *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    try:
        done = gazetwin(
            *("record", "--study", "free-gaze", "--participant", "P01", "--source", "lsl", "--headless"),
            *("--surface", surface, "--out", tmp_path / "session", "--json"),
        )
        assert done.exit_code == 0, done.output
        sent = json.loads(tracker.communicate(timeout=20)[0])["sent"]
    finally:
        tracker.kill()
        tracker.communicate()
    with Recording.open(tmp_path / "session" / "session.h5") as recording:
        gaze, read_by = recording.gaze(), recording.source.read_by
        profile = recording.source.profile
    assert (profile, len(gaze), sent) == ("pupil-core+surface", 300, 300)
    assert Surface.model_validate_json(read_by) == read_surface(surface)
    lost = k % 50 == 49
    assert not gaze.valid[lost].any()
    assert gaze.valid[~lost].mean() > 0.9
    truth = np.column_stack([x, y]) * Screen().size_px
    # Before the first and after the last picture of the tags one map has to do, for up to 150 ms.
    between = gaze.valid & (gaze.t_s > gaze.t_s[0] + 0.15) & (gaze.t_s < gaze.t_s[-1] - 0.15)
    error_px = np.linalg.norm(gaze.xy_px - truth, axis=1)[between]
    assert np.percentile(error_px, 99) < 0.5
