from __future__ import annotations

import contextlib
import gzip
import json
import math
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from deno import find_deno_bin
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.wire_formats import GAZETWIN
from protocols.errors import ExportError, SessionError
from protocols.participant import Participant
from sessions.exporters.bids import export_bids
from sessions.exporters.bids_names import free_label, label
from sessions.exporters.tsv import cell, extended, read_tsv, write_tsv
from sessions.foreign import Foreign, GivenFixations
from sessions.reader import Recording

# What only the people who publish the data can add, or what belongs to other kinds of data.
ACCEPTED = {
    "HEDVersion",
    "License",
    "SourceDatasets",
    "Authors",
    "TOO_FEW_AUTHORS",
    "CogAtlasID",
    "CogPOID",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    # In the sidecars of the samples: validators before BIDS 1.11 take them for columns in those of events.
    "TaskName",
    "TaskDescription",
    "Instructions",
}


def found(root: Path) -> tuple[set[str], set[str]]:
    """Return the errors and warnings of the official validator, which has no access to the network."""
    spec = find_spec("bids_validator_deno")
    assert spec is not None
    assert spec.origin is not None
    script = Path(spec.origin).with_name("bids-validator.js")
    options = ["run", "--no-prompt", "--no-remote", "--allow-read", "--allow-env"]
    command = [find_deno_bin(), *options, script, "--format", "json", "--max-rows", "-1", root]
    environment = {**os.environ, "DENO_NO_UPDATE_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)
    assert done.stdout, done.stderr
    issues = json.loads(done.stdout)["issues"]["issues"]
    told = {kind: {_code(i) for i in issues if i["severity"] == kind} for kind in ("error", "warning")}
    assert bool(done.returncode) == bool(told["error"])
    return told["error"], told["warning"]


def _code(issue: dict) -> str:
    return str(issue.get("subCode") or issue["code"])


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


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def one_eyed(made, scene) -> Path:
    """A device that never finds the right eye; the pseudonym looks like that of somebody else."""
    labels = tuple(channel.label for channel in GAZETWIN.channels)
    raw = np.full((len(scene.gaze), len(labels)), np.nan)
    raw[:, :2] = scene.gaze.xy_px / [1920.0, 1080.0]
    raw[:, 3] = scene.gaze.valid
    return made(
        source=replace(scene.source, channels=labels, units=("",) * len(labels)),
        gaze=replace(scene.gaze, raw=raw),
        participant=Participant(pseudonym="P01.A"),
    )


@pytest.fixture(scope="module")
def newcomer(scene, begun, tmp_path_factory) -> Path:
    """Another participant, who left at once."""
    someone = replace(scene, participant=Participant(pseudonym="NEW"))
    writer = begun(tmp_path_factory.mktemp("newcomer") / "s.h5", someone)
    writer.close("aborted")
    return writer.path


@pytest.fixture(scope="module")
def exported(complete, recorded, one_eyed, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bids") / "data"
    assert [e.session for e in export_bids([complete, recorded, one_eyed], root)] == [
        complete,
        recorded,
        one_eyed,
    ]
    return root


@pytest.fixture
def copy(exported, tmp_path) -> Path:
    return shutil.copytree(exported, tmp_path / "data")


BEH = Path("sub-P01a/ses-01/beh")
STEM = "sub-P01a_ses-01_task-demo"


def test_the_official_validator_finds_no_error_and_only_warnings_that_are_explained(
    copy, bare, channelless
) -> None:
    list(export_bids([bare, channelless], copy))
    errors, warnings = found(copy)
    assert errors == set()
    assert warnings <= ACCEPTED


def test_the_official_validator_finds_what_is_broken(copy) -> None:
    _forget(copy / BEH / f"{STEM}_recording-eye1_physio.json", "RecordedEye")
    _forget(copy / BEH / f"{STEM}_recording-eye2_physio.json", "SampleCoordinateSystem")
    _forget(copy / BEH / f"{STEM}_recording-eye3_physioevents.json", "OnsetSource")
    events = Path("sub-P01/ses-01/beh/sub-P01_ses-01_task-demo_events.json")
    facts = json.loads((copy / events).read_text(encoding="utf-8"))
    del facts["StimulusPresentation"]["ScreenOrigin"]
    (copy / events).write_text(json.dumps(facts), encoding="utf-8")
    _forget(copy / "dataset_description.json", "BIDSVersion")
    next((copy / "stimuli").iterdir()).unlink()
    (copy / "sub-nobody" / "beh").mkdir(parents=True)
    (copy / "sub-nobody" / "beh" / "sub-nobody_task-demo_events.tsv").write_text("onset\tduration\n1.0\t0\n")
    errors, _ = found(copy)
    assert errors >= {
        "RecordedEye",
        "SampleCoordinateSystem",
        "OnsetSource",
        "INCOMPLETE_STIMULUS_PRESENTATION",
        "BIDSVersion",
        "STIMULUS_FILE_MISSING",
        "PARTICIPANT_ID_MISMATCH",
    }


def _forget(path: Path, key: str) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))
    del facts[key]
    path.write_text(json.dumps(facts), encoding="utf-8")


def test_gaze_as_one_is_calibrated_and_what_was_delivered_lies_beside_it(complete, exported) -> None:
    facts, columns = samples(exported / BEH, f"{STEM}_recording-eye3_physio")
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
def test_each_eye_has_its_own_file_with_its_pupil(complete, exported, name: str, eye: str, k: int) -> None:
    facts, columns = samples(exported / BEH, f"{STEM}_recording-{name}_physio")
    with Recording.open(complete) as recording:
        gaze = recording.gaze()
    assert facts["RecordedEye"] == eye
    assert np.array_equal(columns["pupil_size"].astype(float), gaze.pupil_mm[:, k])
    assert np.array_equal(columns["x_delivered"].astype(float), gaze.eyes_px[:, k, 0], equal_nan=True)
    assert "AverageCalibrationError" not in facts  # it was measured for both eyes together


def test_fixations_count_time_as_the_samples_do(complete, exported) -> None:
    facts, columns = samples(exported / BEH, f"{STEM}_recording-eye3_physioevents")
    _, physio = samples(exported / BEH, f"{STEM}_recording-eye3_physio")
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


def test_the_display_is_described_in_metres_and_pixels(exported, scene) -> None:
    facts = json.loads((exported / BEH / f"{STEM}_events.json").read_text(encoding="utf-8"))
    presentation = facts["StimulusPresentation"]
    assert presentation["ScreenDistance"] == scene.screen.distance_mm / 1000.0
    assert presentation["ScreenSize"] == [0.531, 0.299]
    assert presentation["ScreenResolution"] == [1920, 1080]
    assert presentation["ScreenOrigin"] == ["top", "left"]


def test_events_hold_every_marker_and_every_view_with_its_page(complete, exported, scene) -> None:
    columns, rows = read_tsv(exported / BEH / f"{STEM}_events.tsv")
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
            assert (exported / "stimuli" / row["stim_file"]).read_bytes() == recording.page_png(view.digest)
    assert [row["slot"] for row in shown].count("2") == 1


def test_a_single_eye_is_not_called_cyclopean(exported) -> None:
    beh = exported / "sub-P01An2" / "ses-01" / "beh"
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


def test_pseudonyms_are_mapped_to_labels_that_nobody_shares(exported) -> None:
    _, rows = read_tsv(exported / "participants.tsv")
    assert {row["pseudonym"]: row["participant_id"] for row in rows} == {
        "P-01.a": "sub-P01a",
        "P01": "sub-P01",
        "P01.A": "sub-P01An2",
    }


def test_more_recordings_are_added_and_nothing_that_was_there_changes(copy, bare, channelless) -> None:
    _, people = read_tsv(copy / "participants.tsv")
    write_tsv(copy / "new.tsv", [*people[0], "age"], [[*row.values(), 30] for row in people])
    (copy / "new.tsv").replace(copy / "participants.tsv")  # as a researcher would add a column
    before = contents(copy)
    added = list(export_bids([bare, channelless], copy))
    assert [str(e.target.relative_to(copy)) for e in added] == ["sub-P01/ses-02", "sub-P01/ses-03"]
    after = contents(copy)
    tables = {"participants.tsv", "sub-P01/sub-P01_sessions.tsv"}
    assert {name: after[name] for name in before if name not in tables} == {
        name: before[name] for name in before if name not in tables
    }
    for name in tables:
        assert after[name].startswith(before[name])
    _, rows = read_tsv(copy / "participants.tsv")
    assert [row["age"] for row in rows] == ["30"] * 3
    _, rows = read_tsv(copy / "sub-P01" / "sub-P01_sessions.tsv")
    assert [(row["session_id"], row["state"]) for row in rows] == [
        ("ses-01", "sealed"),
        ("ses-02", "aborted"),
        ("ses-03", "sealed"),
    ]


def test_a_recording_is_in_a_data_set_only_once(copy, complete, bare) -> None:
    before = contents(copy)
    with pytest.raises(ExportError, match="in the data set already"):
        list(export_bids([bare, complete], copy))
    assert contents(copy) == before
    with pytest.raises(ExportError, match="in the data set already"):
        list(export_bids([bare, bare], copy.parent / "new"))
    assert [path.name for path in copy.parent.iterdir()] == ["data"]


def test_somebody_elses_folder_is_left_alone(tmp_path, complete) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    (tmp_path / "dataset_description.json").write_text('{"GeneratedBy": [{"Name": "another"}]}')
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    (tmp_path / "dataset_description.json").write_text("{")
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_folder_becomes_the_data_set(tmp_path, bare) -> None:
    (tmp_path / "data").mkdir()
    inode = (tmp_path / "data").stat().st_ino
    (exported,) = export_bids([bare], tmp_path / "data")
    assert (tmp_path / "data").stat().st_ino == inode  # somebody may be in it
    assert (tmp_path / "data" / "dataset_description.json").exists()
    assert exported.target.is_dir()
    assert "There is no gaze sample." in exported.notes
    assert not list(exported.target.rglob("*physio*"))


def test_the_current_folder_can_become_the_data_set(tmp_path, bare, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (exported,) = export_bids([bare], Path())
    assert exported.target == tmp_path / "sub-P01" / "ses-01"


def test_an_interrupted_export_adds_nothing(copy, bare, channelless) -> None:
    before = contents(copy)
    half: Iterator[object] = export_bids([bare, channelless], copy)
    next(half)
    half.close()
    assert contents(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["data"]


def test_an_export_that_died_while_moving_files_can_be_repeated(copy, bare) -> None:
    list(export_bids([bare], copy))
    shutil.rmtree(copy / "sub-P01" / "ses-02")  # named in the table, and not there yet
    (exported,) = export_bids([bare], copy)
    assert exported.target == copy / "sub-P01" / "ses-02"
    _, rows = read_tsv(copy / "sub-P01" / "sub-P01_sessions.tsv")
    assert [row["session_id"] for row in rows] == ["ses-01", "ses-02"]


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


@given(st.lists(st.text(max_size=8), max_size=8, unique=True))
@settings(max_examples=100)
def test_labels_are_letters_and_digits_and_all_different(texts: list[str]) -> None:
    taken: set[str] = set()
    for text in texts:
        given_label = free_label(text, taken)
        assert given_label.isascii()
        assert given_label.isalnum()
        assert given_label.startswith(label(text))
        assert given_label.lower() not in taken
        taken.add(given_label.lower())


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_text_fits_a_cell(tmp_path_factory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("tsv") / "t.tsv"
    clean = [[text.encode("utf-8", "replace").decode() for text in row] for row in rows]
    write_tsv(path, ("a", "b"), clean)
    columns, back = read_tsv(path)
    assert columns == ["a", "b"]
    assert [[row["a"], row["b"]] for row in back] == [[cell(text) for text in row] for row in clean]


class Died(Exception):
    pass


@pytest.mark.parametrize("begun_before", [True, False])
def test_whenever_an_export_dies_the_data_set_is_consistent_and_the_rest_can_follow(
    exported, bare, newcomer, tmp_path, monkeypatch, begun_before: bool
) -> None:
    wanted = [bare, newcomer]
    for moves in range(20):
        root = tmp_path / str(moves)
        if begun_before:
            shutil.copytree(exported, root, copy_function=os.link)
        else:
            root.mkdir()
        _die_after(moves, monkeypatch)
        try:
            targets = [e.target for e in export_bids(wanted, root)]
        except Died:
            targets = []
        monkeypatch.undo()
        subjects = {row["participant_id"] for row in read_tsv(root / "participants.tsv")[1]}
        assert {path.name for path in root.glob("sub-*")} <= subjects
        for subject in root.glob("sub-*"):
            sessions = {row["session_id"] for row in read_tsv(subject / f"{subject.name}_sessions.tsv")[1]}
            assert {path.name for path in subject.glob("ses-*")} <= sessions
        if targets:
            break
        for path in wanted:
            with contextlib.suppress(ExportError):  # this one had come through
                targets += [e.target for e in export_bids([path], root)]
        assert len(list(root.glob("sub-*/ses-*"))) == (5 if begun_before else 2)
    assert moves == (4 if begun_before else 6)


def _die_after(moves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range(moves))

    def dying(real: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def move(path: Path, target: Path) -> Path:
            if next(left, None) is None:
                raise Died
            return real(path, target)

        return move

    monkeypatch.setattr(Path, "rename", dying(Path.rename))
    monkeypatch.setattr(Path, "replace", dying(Path.replace))


def test_a_table_that_lost_its_pseudonyms_is_not_guessed_at(copy, bare) -> None:
    text = (copy / "participants.tsv").read_text(encoding="utf-8")
    (copy / "participants.tsv").write_text(text.replace("pseudonym", "alias"), encoding="utf-8")
    with pytest.raises(ExportError, match="Whose gaze is there"):
        list(export_bids([bare], copy))


def test_a_number_that_a_researcher_took_is_not_given_again(copy, bare) -> None:
    table = copy / "sub-P01" / "sub-P01_sessions.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("ses-01", "ses-02"), encoding="utf-8")
    (copy / "sub-P01" / "ses-01").rename(copy / "sub-P01" / "ses-02")
    (exported,) = export_bids([bare], copy)
    assert exported.target.name == "ses-03"


def test_a_row_that_is_there_is_not_added_again(tmp_path) -> None:
    write_tsv(tmp_path / "t.tsv", ("id", "x"), [("a", 1)])
    columns, rows = extended(tmp_path / "t.tsv", [{"id": "a", "y": 2}, {"id": "b", "y": 3}])
    assert columns == ["id", "x", "y"]
    assert rows == [["a", "1", None], ["b", None, 3]]
