"""What the files of one recording in a data set say."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ExportError, SessionError, SessionMissing
from sessions.exporters.bids import export_bids
from sessions.exporters.tsv import cell, extended, read_tsv, write_tsv
from sessions.foreign import Foreign, GivenFixations
from sessions.reader import Recording

BEH = Path("sub-P01a/ses-01/beh")


STEM = "sub-P01a_ses-01_task-demo"


def samples(root: Path, stem: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the sidecar and the columns of compressed samples."""
    facts = json.loads((root / f"{stem}.json").read_text(encoding="utf-8"))
    text = gzip.decompress((root / f"{stem}.tsv.gz").read_bytes()).decode("utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    columns = zip(*rows, strict=True)
    return facts, {
        name: np.asarray([float("nan") if value == "n/a" else value for value in column])
        for name, column in zip(facts["Columns"], columns, strict=True)
    }


def test_gaze_as_one_is_calibrated_and_what_was_delivered_lies_beside_it(complete, data_set) -> None:
    facts, columns = samples(data_set / BEH, f"{STEM}_recording-eye3_physio")
    with Recording.open(complete) as recording:
        gaze, calibrated_px = recording.gaze(), recording.calibrated_xy()
    xy = np.column_stack([columns["x_coordinate"], columns["y_coordinate"]]).astype(float)
    delivered = np.column_stack([columns["x_delivered"], columns["y_delivered"]]).astype(float)
    assert np.array_equal(xy, calibrated_px, equal_nan=True)
    assert np.array_equal(delivered, gaze.xy_px, equal_nan=True)
    assert np.array_equal(columns["device_timestamp"].astype(float), gaze.t_source_s)
    assert np.abs(columns["timestamp"].astype(float) - (gaze.t_s - gaze.t_s[0])).max() <= 5e-7 + 1e-12
    assert facts["RecordedEye"] == "cyclopean"
    assert "pupil_size" not in facts["Columns"]
    assert (facts["AverageCalibrationError"], facts["MaximalCalibrationError"]) == (0.3, 0.45)
    assert (facts["CalibrationCount"], facts["CalibrationType"]) == (1, "HV4")
    assert facts["CalibrationPosition"][0] == [200.0, 200.0]
    assert math.isclose(facts["SamplingFrequency"], 120.0, rel_tol=0.02)
    assert facts["SamplingFrequencyClaimed"] == 120.0


@pytest.mark.parametrize(("name", "eye", "k"), [("eye1", "left", 0), ("eye2", "right", 1)])
def test_each_eye_has_its_own_file_with_its_pupil(complete, data_set, name: str, eye: str, k: int) -> None:
    facts, columns = samples(data_set / BEH, f"{STEM}_recording-{name}_physio")
    with Recording.open(complete) as recording:
        gaze = recording.gaze()
    assert facts["RecordedEye"] == eye
    assert np.array_equal(columns["pupil_size"].astype(float), gaze.pupil_mm[:, k])
    assert np.array_equal(columns["x_delivered"].astype(float), gaze.eyes_px[:, k, 0], equal_nan=True)
    assert "AverageCalibrationError" not in facts  # it was measured for both eyes together


def test_fixations_count_time_as_the_samples_do(complete, data_set) -> None:
    facts, columns = samples(data_set / BEH, f"{STEM}_recording-eye3_physioevents")
    _, physio = samples(data_set / BEH, f"{STEM}_recording-eye3_physio")
    with Recording.open(complete) as recording:
        fixations = recording.slots().fixations
    assert facts["OnsetSource"] == "timestamp"
    assert set(columns["onset"]) <= set(physio["timestamp"])
    onsets = columns["onset"].astype(float)
    assert (np.diff(onsets) >= 0).all()
    resting = columns["trial_type"] == "fixation"
    assert np.array_equal(columns["x_coordinate"][resting].astype(float), fixations.x_px)
    assert np.allclose(columns["duration"][resting].astype(float), fixations.duration_ms / 1000.0, atol=1e-6)
    moving = columns["trial_type"] == "saccade"
    assert moving.any()
    assert (columns["amplitude"][moving].astype(float) > 0).all()
    assert set(columns["trial_type"]) <= set(facts["trial_type"]["Levels"])


def test_the_display_is_described_in_metres_and_pixels(data_set, scene) -> None:
    facts = json.loads((data_set / BEH / f"{STEM}_events.json").read_text(encoding="utf-8"))
    presentation = facts["StimulusPresentation"]
    assert presentation["ScreenDistance"] == scene.screen.distance_mm / 1000.0
    assert presentation["ScreenSize"] == [0.531, 0.299]
    assert presentation["ScreenResolution"] == [1920, 1080]
    assert presentation["ScreenOrigin"] == ["top", "left"]


def test_events_hold_every_marker_and_every_view_with_its_page(complete, data_set, scene) -> None:
    columns, rows = read_tsv(data_set / BEH / f"{STEM}_events.tsv")
    assert columns[:4] == ["onset", "duration", "trial_type", "stim_file"]
    onsets = [float(row["onset"]) for row in rows]
    assert onsets == sorted(onsets)
    codes = sorted(row["trial_type"] for row in rows if row["trial_type"] != "view")
    assert codes == sorted(marker.code.value for marker in scene.markers)
    with Recording.open(complete) as recording:
        views = recording.views()
        start_s = float(recording.gaze(0, 1).t_s[0])
        shown = [row for row in rows if row["trial_type"] == "view"]
        for row, view in zip(shown, views, strict=True):
            assert math.isclose(float(row["onset"]), view.t_on_s - start_s, abs_tol=1e-6)
            assert math.isclose(float(row["duration"]), view.duration_s, abs_tol=1e-6)
            assert (data_set / "stimuli" / row["stim_file"]).read_bytes() == recording.page_png(view.digest)
    assert [row["slot"] for row in shown].count("2") == 1


def test_a_single_eye_is_not_called_cyclopean(data_set) -> None:
    beh = data_set / "sub-P01An2" / "ses-01" / "beh"
    facts, _ = samples(beh, "sub-P01An2_ses-01_task-demo_recording-eye1_physio")
    assert facts["RecordedEye"] == "left"
    assert "x_delivered" not in facts["Columns"]
    assert not {
        "CalibrationCount",
        "AverageCalibrationError",
        "CalibrationType",
        "CalibrationPosition",
    } & set(facts)
    assert {p.name.split("recording-")[1] for p in beh.glob("*recording-*")} == {
        "eye1_physio.json",
        "eye1_physio.tsv.gz",
        "eye1_physioevents.json",
        "eye1_physioevents.tsv.gz",
    }


def test_fixations_without_samples_are_among_the_events(tmp_path, scene, begun) -> None:
    onset_s, offset_s = np.array([100.0, 101.0]), np.array([100.5, 101.25])
    spots = np.array([[10.0, 20.0], [np.nan, np.nan]])
    found = GivenFixations(onset_s, offset_s, spots, np.array([0, 0]), "another program")
    writer = begun(tmp_path / "s.h5", scene)
    writer.foreign(Foreign({"importer": "test"}, fixations=found))
    writer.close("complete")
    (exported,) = export_bids([writer.path], tmp_path / "data")
    _, rows = read_tsv(next(exported.target.rglob("*_events.tsv")))
    assert [(row["onset"], row["duration"], row["trial_type"]) for row in rows] == [
        ("0.0", "0.5", "fixation"),
        ("1.0", "0.25", "fixation"),
    ]
    assert [json.loads(row["detail"])["x_px"] for row in rows] == [10.0, None]
    assert any("found by another program" in note for note in exported.notes)


def test_gaze_that_is_not_on_the_screen_is_refused(tmp_path, complete, monkeypatch) -> None:
    def off_screen(*_: object) -> None:
        raise SessionError("The gaze is no gaze on the screen.", "Scene camera.", "Import it again.")

    monkeypatch.setattr("sessions.reader.refuse_off_screen", off_screen)
    with pytest.raises(SessionError, match="no gaze on the screen"):
        list(export_bids([complete], tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


def test_all_recordings_that_cannot_be_exported_are_named_before_anything_is_written(
    tmp_path, complete, recorded
) -> None:
    cut = tmp_path / "cut.h5"
    cut.write_bytes(recorded.read_bytes()[:20_000])
    missing, out = tmp_path / "none.h5", tmp_path / "out" / "data"
    with pytest.raises(ExportError) as refused:
        list(export_bids([cut, complete, missing, complete], out))
    assert "3 of 4 recordings" in refused.value.what
    assert all(str(path) in refused.value.what for path in (cut, complete, missing))
    assert not out.parent.exists()
    with pytest.raises(SessionMissing) as alone:
        list(export_bids([complete, missing], out))
    assert "leave this file out" in alone.value.fix


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_text_fits_a_cell(tmp_path_factory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("tsv") / "t.tsv"
    clean = [[text.encode("utf-8", "replace").decode() for text in row] for row in rows]
    write_tsv(path, ("a", "b"), clean)
    columns, back = read_tsv(path)
    assert columns == ["a", "b"]
    assert [[row["a"], row["b"]] for row in back] == [[cell(text) for text in row] for row in clean]


def test_a_row_that_is_there_is_not_added_again(tmp_path) -> None:
    write_tsv(tmp_path / "t.tsv", ("id", "x"), [("a", 1)])
    columns, rows = extended(tmp_path / "t.tsv", [{"id": "a", "y": 2}, {"id": "b", "y": 3}])
    assert columns == ["id", "x", "y"]
    assert rows == [["a", "1", None], ["b", None, 3]]
