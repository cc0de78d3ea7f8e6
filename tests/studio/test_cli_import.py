"""``gazetwin import`` as a user runs it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sessions.reader import Recording
from studio.cli import app
from studio.report.evidence import gather
from studio.report.methods import methods
from studio.report.results import Results

GAZETWIN = Path(sys.executable).with_name("gazetwin")
DATA = Path(__file__).parents[1] / "data" / "gaze"
DISPLAY = ("--display", "1920x1080 px, 531x299 mm, 650 mm")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_the_table_accounts_for_every_row(tmp_path):
    result = run("tobii-tsv", DATA / "tobii300.tsv", "--out", tmp_path / "out", *DISPLAY)
    assert result.exit_code == 0
    assert "samples" in result.output
    assert "dropped" in result.output
    (session,) = (tmp_path / "out").iterdir()
    assert session.name in result.output.replace("\n", "")


def test_json_holds_the_sessions_and_their_accounts(tmp_path):
    arguments = (DATA / "tobii300.tsv", "--out", tmp_path, *DISPLAY, "--participant", "P07", "--json")
    result = json.loads(run("tobii-tsv", *arguments).stdout)
    (session,) = result["sessions"]
    assert Path(session["session"]).name.startswith("P07-tobii-tsv-")
    assert session["ledger"][0] == {
        "what": "samples",
        "read": 25,
        "placed": 25,
        "kept": 0,
        "dropped": 0,
        "note": session["ledger"][0]["note"],
    }


def test_scene_camera_gaze_says_why_it_is_not_on_the_screen(tmp_path):
    result = run("pupil-cloud", DATA, "--out", tmp_path)
    assert result.exit_code == 0
    assert "head-worn camera" in result.output
    (session,) = tmp_path.iterdir()
    slots = subprocess.run([GAZETWIN, "slots", session], capture_output=True, text=True, timeout=60)
    assert slots.returncode == 2
    assert "head-worn camera" in slots.stderr


@pytest.mark.parametrize("display", ["1920x1080", "1920x1080px,0x299mm,650mm", "big", "1.5x2px,1x1mm,1mm"])
def test_a_display_that_cannot_be_read_shows_how_to_write_it(tmp_path, display):
    result = run("tobii-tsv", DATA / "tobii300.tsv", "--out", tmp_path, "--display", display)
    assert result.exit_code == 2
    assert "1920x1080px,531x299mm,650mm" in result.output


@pytest.mark.parametrize("display", ["1920x1080px,531x299mm,65mm", "1920x1080px,53.1x29.9mm,650mm"])
def test_a_display_that_cannot_be_real_is_questioned(tmp_path, display):
    result = run("tobii-tsv", DATA / "tobii300.tsv", "--out", tmp_path / "out", "--display", display)
    assert result.exit_code == 2
    assert "cannot be right" in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("format_name", "file", "message"),
    [
        ("edf", "tobii300.tsv", "There is no format 'edf'"),
        ("tobii-tsv", "gaze.csv", "no column 'Time'"),
    ],
)
def test_what_cannot_be_imported_ends_in_a_message_of_three_parts(tmp_path, format_name, file, message):
    command = [GAZETWIN, "import", format_name, DATA / file, "--out", tmp_path / "out", *DISPLAY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert message in done.stderr
    assert "why:" in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_recgaze_becomes_a_session_whose_slots_can_be_read(tmp_path):
    columns = ["UserID", "TaskID", "Timestamp", "Fixation_Duration"]
    places = ("type", "Movie_position_in_carousel", "Carousel_position")
    columns += [f"{kind}_AOI_{what}" for kind in ("Fixation", "Click") for what in places]
    rows = [
        ["UvA_3", 5, 1.0, 300, "Movie", 4, 2, "NA", "NA", "NA"],
        ["UvA_3", 5, 1.4, "NA", "NA", "NA", "NA", "Movie", 4, 2],
    ]
    with (tmp_path / "summary_feedback.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    assert run("recgaze", tmp_path, "--out", tmp_path / "out").exit_code == 0
    (session,) = (tmp_path / "out").iterdir()
    found = CliRunner().invoke(app, ["slots", str(session), "--json"])
    (view,) = json.loads(found.stdout)["views"]
    assert view["click"] == 8
    assert [round(ms) for ms in view["fixation_ms"]] == [0] * 8 + [300] + [0] * 6


def test_a_report_names_who_found_imported_fixations(tmp_path):
    (tmp_path / "summary_feedback.csv").write_text(
        "UserID,TaskID,Timestamp,Fixation_Duration,"
        "Fixation_AOI_type,Fixation_AOI_Movie_position_in_carousel,Fixation_AOI_Carousel_position,"
        "Click_AOI_type,Click_AOI_Movie_position_in_carousel,Click_AOI_Carousel_position\n"
        "UvA_3,5,1.0,300,Movie,4,2,NA,NA,NA\n"
    )
    run("recgaze", tmp_path, "--out", tmp_path / "out")
    (session,) = (tmp_path / "out").iterdir()
    with Recording.open(session) as recording:
        assert "RecGaze" in recording.fixations_by
        text = str(methods(gather(recording), Results()))
    assert "Fixations are those of the RecGaze data set" in text
    assert "I-VT" not in text
