"""Tobii Pro Lab exports written by their headers, old and new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protocols.errors import ForeignFileError
from protocols.geometry import Screen
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options

NEW = "\t".join(
    (
        "Recording timestamp [ms]",
        "Sensor",
        "Participant name",
        "Recording resolution width",
        "Recording resolution height",
        "Event",
        "Event value",
        "Gaze point left X [DACS mm]",
        "Gaze point left X [DACS px]",
        "Gaze point left Y [DACS px]",
        "Gaze point right X [DACS px]",
        "Gaze point right Y [DACS px]",
        "Pupil diameter left [mm]",
        "Pupil diameter right [mm]",
        "Validity left",
        "Validity right",
    )
)
OLD = NEW.replace(" [ms]", "").replace(" [DACS px]", "").replace("[DACS mm]", "(DACSmm)").replace(" [mm]", "")
ROWS = (
    "1000\t\tJane Doe\t1920\t1080\tRecordingStart\t\t\t\t\t\t\t\t\t\t",
    "1008\tEye Tracker\tJane Doe\t1920\t1080\t\t\t1,5\t960,25\t540,5\t980,75\t541\t3,1\t3,2\tValid\tValid",
    "1012\tMouse\tJane Doe\t1920\t1080\t\t\t\t\t\t\t\t\t\t\t",
    "1017\tEye Tracker\tJane Doe\t1920\t1080\t\t\t\t\t\t970,5\t530,5\t\t3,3\tInvalid\tValid",
    "1025\tEye Tracker\tJane Doe\t1920\t1080\t\t\t\t\t\t\t\t\t\tInvalid\tInvalid",
    "1030\t\tJane Doe\t1920\t1080\tURLStart\thttp://x\t\t\t\t\t\t\t\t\t",
)


def written(path: Path, header: str = NEW, rows=ROWS) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-16")
    return path


@pytest.mark.parametrize("header", [NEW, OLD])
@pytest.mark.parametrize("scale", [1, 1000])
def test_samples_are_those_of_the_eye_tracker_in_either_unit(import_one, tmp_path, header, scale):
    rows = [f"{int(row.split(chr(9))[0]) * scale}\t{row.split(chr(9), 1)[1]}" for row in ROWS]
    if scale == 1000:
        header = header.replace("[ms]", "[μs]")
    recording = import_one("tobii-pro-lab", written(tmp_path / "lab.tsv", header, rows))
    gaze = recording.gaze()
    nan = np.nan
    np.testing.assert_array_equal(
        gaze.raw,
        [
            [960.25, 540.5, 980.75, 541.0, 1, 1, 3.1, 3.2],
            [nan, nan, 970.5, 530.5, 0, 1, nan, 3.3],
            [nan, nan, nan, nan, 0, 0, nan, nan],
        ],
    )
    np.testing.assert_array_equal(gaze.xy_px, [[970.5, 540.75], [970.5, 530.5], [nan, nan]])
    assert gaze.t_s.tolist() == [0.008, 0.017, 0.025]
    assert gaze.t_source_s.tolist() == [1.008, 1.017, 1.025]
    assert gaze.pupil_mm[0].tolist() == [3.1, 3.2]
    np.testing.assert_array_equal(gaze.eyes_px[0], [[960.25, 540.5], [980.75, 541.0]])


def test_events_are_notes_and_no_name_is_kept(import_one, tmp_path):
    recording = import_one("tobii-pro-lab", written(tmp_path / "lab.tsv"))
    notes = [(m.t_s, m.payload["tobii"], m.payload["value"]) for m in recording.markers()]
    assert notes == [(0.0, "RecordingStart", ""), (0.03, "URLStart", "http://x")]
    (table,) = recording.source_tables()
    assert table.columns == tuple(c for c in NEW.split("\t") if c != "Participant name")
    assert table.column("Gaze point left X [DACS mm]")[1] == "1,5"
    assert b"Jane" not in recording.path.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.replace("960,25", "x"),
            r"line 3, column 'Gaze point left X \[DACS px\]': 'x' is not a number",
        ),
        (
            lambda t: t.replace("Valid\tValid", "Valid\tOk"),
            "line 3, column 'Validity right': 'Ok' is not Valid",
        ),
        (lambda t: t.replace("1025\t", "1001\t"), "line 6, .*time goes backwards"),
        (
            lambda t: t.replace("[DACS px]", "[MCS px]"),
            "no column 'Gaze point left X'.* in px of the display",
        ),
        (lambda t: t.replace("Eye Tracker", "Gyroscope"), "no row is a sample"),
        (lambda t: t.replace("1920", "2560"), r"2560 x 1080 px, --display says \(1920, 1080\)"),
    ],
)
def test_damage_is_named(tmp_path, change, message):
    path = tmp_path / "lab.tsv"
    path.write_text(change("\n".join([NEW, *ROWS]) + "\n"), encoding="utf-8")
    with pytest.raises(ForeignFileError, match=message):
        list(reader_of("tobii-pro-lab")(path, Options(Screen())))
