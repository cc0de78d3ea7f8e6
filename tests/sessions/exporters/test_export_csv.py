from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ExportError, SessionMissing
from sessions.exporters.blocks import gaze_blocks
from sessions.exporters.csv_folder import export_csv
from sessions.exporters.provenance import file_digest
from sessions.exporters.table import Column, Table, harmless, numbers, write_csv
from sessions.exporters.view_lookup import view_at
from sessions.reader import Recording

FORMULA = '=HYPERLINK("evil", "Click the film you want")'


def table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table; numbers by Python itself, which is exact whatever pandas does."""
    frame = pd.read_csv(folder / f"{name}.csv", dtype=str)
    for column in frame:
        cells = frame[column]
        if cells.dropna().str.fullmatch(r"-?[0-9.]+(e[-+][0-9]+)?").all():
            frame[column] = [float(cell) for cell in cells]
    return frame


@pytest.fixture(scope="module")
def exported(complete, tmp_path_factory) -> Path:
    return export_csv(complete, tmp_path_factory.mktemp("csv")).target


def test_gaze_comes_back_to_the_last_bit_as_delivered_and_calibrated(complete, exported) -> None:
    found = table(exported, "gaze")
    with Recording.open(complete) as recording:
        gaze, calibrated_px = recording.gaze(), recording.calibrated_xy()
        map_px = recording.calibrations()[1].calibration.map_px
    assert np.array_equal(found["t_s"], gaze.t_s)
    assert np.array_equal(found["t_source_s"], gaze.t_source_s)
    assert np.array_equal(found["valid"], gaze.valid)
    assert np.array_equal(found[["x_px", "y_px"]], gaze.xy_px, equal_nan=True)
    assert np.array_equal(found[["calibrated_x_px", "calibrated_y_px"]], calibrated_px, equal_nan=True)
    assert np.array_equal(found[["left_pupil_mm", "right_pupil_mm"]], gaze.pupil_mm)
    later = gaze.t_s >= 9.0
    for k, eye in enumerate(("left", "right")):
        assert np.array_equal(found[[f"{eye}_x_px", f"{eye}_y_px"]], gaze.eyes_px[:, k], equal_nan=True)
        mapped = found[[f"{eye}_calibrated_x_px", f"{eye}_calibrated_y_px"]]
        assert np.array_equal(mapped[later], map_px(gaze.eyes_px[:, k])[later], equal_nan=True)
        assert np.array_equal(mapped[~later], gaze.eyes_px[~later, k], equal_nan=True)
    assert found["left_x_px"].isna().sum() > found["right_x_px"].isna().sum() > 0


def test_raw_channels_keep_their_labels_units_and_values(complete, exported) -> None:
    found = table(exported, "gaze_raw")
    with Recording.open(complete) as recording:
        raw = recording.gaze().raw
    assert found.columns[2] == "left_x [normalized]"
    assert found.columns[4] == "left_pupil [mm]"
    assert np.array_equal(found.iloc[:, 2:], raw, equal_nan=True)


def test_fixations_slots_and_clicks_agree_with_the_recording(complete, exported) -> None:
    with Recording.open(complete) as recording:
        slots, views = recording.slots(), recording.views()
    fixations, posters = table(exported, "fixations"), table(exported, "slots")
    assert np.array_equal(fixations["onset_s"], slots.fixations.onset_s)
    assert np.array_equal(fixations["x_px"], slots.fixations.x_px)
    for number, view in enumerate(views):
        rows = posters[posters["view"] == number]
        assert rows["film"].tolist() == [slot.film for slot in view.layout.slots]
        assert np.array_equal(rows["fixation_ms"], view.fixation_ms)
        if view.fixation_ms.sum():
            assert math.isclose(rows["fixation_share"].sum(), 1.0)
    on_posters = fixations.dropna(subset=["slot"]).groupby(["view", "slot"])["duration_ms"].sum()
    assert len(on_posters) > 5
    for (number, slot), total_ms in on_posters.items():  # no fixation spans the end of a view
        assert math.isclose(views[int(number)].fixation_ms[int(slot)], total_ms, abs_tol=1e-6)
    (click,) = table(exported, "clicks").to_dict("records")
    film = views[int(click["view"])].layout.slots[2].film
    assert (click["t_s"], click["slot"], click["film"], click["x_px"]) == (15.0, 2, film, 900.0)


def test_saccades_and_losses_lie_between_the_fixations(exported) -> None:
    fixations, saccades = table(exported, "fixations"), table(exported, "saccades")
    losses = table(exported, "losses")
    assert len(saccades) > 5
    assert set(saccades["onset_s"]) <= set(fixations["offset_s"])
    assert set(saccades["offset_s"]) <= set(fixations["onset_s"])
    assert (saccades["amplitude_deg"] > 0).all()
    assert set(losses["blink"]) <= {0, 1}


def test_markers_and_viewports_are_all_there(exported, scene) -> None:
    markers, viewports = table(exported, "markers"), table(exported, "viewports")
    assert markers["code"].tolist() == [m.code.value for m in scene.markers]
    assert [json.loads(p) for p in markers["payload"]] == [dict(m.payload) for m in scene.markers]
    assert viewports["t_s"].tolist() == [change.t_s for change in scene.changes]
    assert [tuple(json.loads(s)) for s in viewports["swipes"]] == [c.viewport.swipes for c in scene.changes]


def test_every_calibration_attempt_is_there_with_its_targets(exported) -> None:
    attempts, targets = table(exported, "calibrations"), table(exported, "calibration_targets")
    assert attempts["used"].tolist() == [0, 1]
    assert attempts["accuracy_mean_deg"].isna().tolist() == [True, False]
    assert math.isnan(attempts["from_s"][0])
    assert targets["kind"].tolist() == ["calibration"] * 4 + ["validation"]
    assert targets["accuracy_deg"].tolist()[-1] == 0.3


def test_the_dictionary_explains_exactly_the_columns_that_are_there(exported) -> None:
    dictionary = table(exported, "data_dictionary")
    files = {path.stem for path in exported.glob("*.csv")} - {"data_dictionary"}
    assert set(dictionary["table"]) == files
    for name in files:
        with (exported / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert header == dictionary[dictionary["table"] == name]["column"].tolist()
    assert not dictionary["meaning"].isna().any()


def test_units_end_the_names_of_columns(exported) -> None:
    dictionary = table(exported, "data_dictionary")
    for unit in ("s", "ms", "px", "mm", "deg"):
        own = dictionary[(dictionary["unit"] == unit) & (dictionary["table"] != "gaze_raw")]["column"]
        assert own.str.endswith(f"_{unit}").all()


def test_provenance_names_the_file_and_the_settings(complete, exported) -> None:
    facts = json.loads((exported / "provenance.json").read_text(encoding="utf-8"))
    assert facts["recording"]["sha256"] == file_digest(complete)
    assert facts["fixations"]["parameters"]["within_px"] == 0.0
    assert facts["calibrations in force"] == [1]


def test_text_that_a_spreadsheet_would_run_is_made_harmless(exported) -> None:
    assert table(exported, "trials")["instruction"][0] == f"'{FORMULA}"


def test_trials_that_were_never_shown_say_so(exported, begun, scene, tmp_path) -> None:
    shown = table(exported, "trials")
    assert shown["shown"].tolist() == [1, 1]
    assert shown[["started_s", "ended_s"]].to_numpy().tolist() == [[9.98, 15.0], [17.0, 20.5]]
    writer = begun(tmp_path / "s.h5", scene)
    writer.trial(scene.trials[0])
    writer.close("aborted")
    with (export_csv(writer.path, tmp_path).target / "trials.csv").open(encoding="utf-8") as file:
        (never,) = csv.DictReader(file)
    assert (never["shown"], never["started_s"], never["ended_s"]) == ("0", "", "")


def test_the_readme_explains_events_outside_views(exported) -> None:
    assert "calibration and between pages have an empty `view`" in (exported / "README.md").read_text()


@given(st.text(max_size=20))
@settings(max_examples=100)
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert harmless(text).endswith(text)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(CELL, st.floats(allow_nan=False, allow_infinity=False)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_text_and_number_comes_back(tmp_path_factory, rows: list[tuple[str, float]]) -> None:
    folder = tmp_path_factory.mktemp("cells")
    columns = (Column("text", "", ""), Column("number", "", ""))
    assert write_csv(Table("t", "", columns, lambda: rows), folder) == len(rows)
    with (folder / "t.csv").open(newline="", encoding="utf-8") as file:
        back = list(csv.reader(file))[1:]
    assert [(text, float(number)) for text, number in back] == [(harmless(t), n) for t, n in rows]


def test_missing_numbers_are_empty_and_flags_are_digits() -> None:
    assert numbers(np.array([1.5, np.nan])) == [1.5, None]
    assert numbers(np.array([True, False])) == [1, 0]


def test_the_same_recording_gives_the_same_bytes(complete, exported, tmp_path) -> None:
    again = export_csv(complete, tmp_path).target
    names = sorted(path.name for path in exported.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert all((exported / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_a_recording_is_not_exported_twice_to_the_same_place(complete, exported) -> None:
    before = (exported / "gaze.csv").stat().st_mtime_ns
    with pytest.raises(ExportError, match="exists already"):
        export_csv(complete, exported.parent)
    assert (exported / "gaze.csv").stat().st_mtime_ns == before
    assert [path.name for path in exported.parent.iterdir()] == [exported.name]


def test_an_interrupted_export_leaves_nothing(complete, tmp_path, monkeypatch) -> None:
    def interrupted(_: Table, folder: Path) -> int:
        assert any(folder.iterdir())  # half of it was there
        raise KeyboardInterrupt

    def first_then_interrupted(table: Table, folder: Path) -> int:
        monkeypatch.setattr("sessions.exporters.csv_folder.write_csv", interrupted)
        return write_csv(table, folder)

    monkeypatch.setattr("sessions.exporters.csv_folder.write_csv", first_then_interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_csv(complete, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_recording_leaves_nothing(tmp_path) -> None:
    with pytest.raises(SessionMissing):
        export_csv(tmp_path / "none.h5", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_aborted_recording_with_nothing_in_it_is_told_about_in_words(bare, tmp_path) -> None:
    result = export_csv(bare, tmp_path)
    assert result.counts["gaze"] == result.counts["fixations"] == 0
    told = " ".join(result.notes)
    for words in ("stopped before its end", "no gaze sample", "No fixation", "No page"):
        assert words in told
    readme = (result.target / "README.md").read_text(encoding="utf-8")
    assert all(note in readme for note in result.notes)


def test_without_raw_channels_gaze_is_exported_and_the_rest_said(channelless, tmp_path) -> None:
    result = export_csv(channelless, tmp_path)
    assert "gaze_raw" not in result.counts
    assert result.counts["gaze"] > 1000
    assert any("raw channels are not in the recording" in note for note in result.notes)
    assert any("not told apart" in note for note in result.notes)
    assert table(result.target, "gaze")["t_source_s"].isna().all()


def test_blocks_are_the_recording_whatever_their_size(complete) -> None:
    with Recording.open(complete) as recording:
        whole = recording.calibrated_xy()
        for rows in (7, 100, 10**6):
            parts = [block.xy_px for block in gaze_blocks(recording, rows)]
            assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)


def test_a_moment_at_which_a_view_begins_belongs_to_it(complete) -> None:
    with Recording.open(complete) as recording:
        views = recording.views()
    assert view_at(views, views[1].t_on_s) == 1
    assert view_at(views, views[0].t_on_s - 0.001) is None
    assert view_at(views, views[-1].t_off_s) == len(views) - 1
    assert view_at(views, views[-1].t_off_s + 0.001) is None
    assert view_at([], 1.0) is None
