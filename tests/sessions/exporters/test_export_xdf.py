from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from protocols.errors import ExportError
from protocols.markers import Code, Marker
from sessions.exporters.blocks import gaze_blocks
from sessions.exporters.xdf import export_xdf
from sessions.exporters.xdf_streams import GAZE
from sessions.reader import Recording


def streams(path: Path, **options: object) -> dict[str, dict]:
    found, _ = pyxdf.load_xdf(path, **options)
    return {stream["info"]["name"][0]: stream for stream in found}


@pytest.fixture(scope="module")
def exported(complete, tmp_path_factory) -> Path:
    return export_xdf(complete, tmp_path_factory.mktemp("xdf")).target


def test_raw_gaze_is_as_the_device_sent_it_with_its_own_stamps(complete, exported) -> None:
    as_written = streams(exported, synchronize_clocks=False, dejitter_timestamps=False)
    raw = as_written["Test tracker"]
    with Recording.open(complete) as recording:
        gaze, source, offsets = recording.gaze(), recording.source, recording.offsets()
    assert np.array_equal(raw["time_series"], gaze.raw, equal_nan=True)
    assert np.array_equal(raw["time_stamps"], gaze.t_source_s)
    channels = raw["info"]["desc"][0]["channels"][0]["channel"]
    assert tuple(channel["label"][0] for channel in channels) == source.channels
    assert tuple(channel["unit"][0] for channel in channels) == source.units
    assert raw["info"]["source_id"] == ["id-1"]
    assert raw["info"]["desc"][0]["acquisition"][0]["claimed_rate_hz"] == ["120.0"]
    assert np.array_equal(raw["clock_values"], offsets[:, 1])
    assert np.array_equal(raw["clock_times"], offsets[:, 0] - offsets[:, 1])


def test_gaze_on_the_session_clock_is_exact_even_with_every_default_of_the_importer(
    complete, exported
) -> None:
    gaze_stream = streams(exported)["P-01.a gaze"]
    with Recording.open(complete) as recording:
        (block,) = gaze_blocks(recording)
    expected = {
        "x_px": block.gaze.xy_px[:, 0],
        "calibrated_y_px": block.xy_px[:, 1],
        "left_x_px": block.gaze.eyes_px[:, 0, 0],
        "left_calibrated_x_px": block.eyes_px[:, 0, 0],
        "right_y_px": block.gaze.eyes_px[:, 1, 1],
        "right_calibrated_y_px": block.eyes_px[:, 1, 1],
        "valid": block.gaze.valid,
        "right_pupil_mm": block.gaze.pupil_mm[:, 1],
    }
    labels = [channel.label for channel in GAZE]
    assert np.array_equal(gaze_stream["time_stamps"], block.gaze.t_s)
    for label, values in expected.items():
        found = gaze_stream["time_series"][:, labels.index(label)]
        assert np.array_equal(found, values, equal_nan=True), label


def test_default_settings_bring_raw_gaze_onto_the_session_clock(complete, exported) -> None:
    with Recording.open(complete) as recording:
        t_s = recording.gaze().t_s
    assert np.abs(streams(exported)["Test tracker"]["time_stamps"] - t_s).max() < 2e-4  # offsets drift 0.1 ms


def test_markers_cursor_and_viewports_are_exact(exported, scene) -> None:
    found = streams(exported)
    markers, cursor, viewport = (found[f"P-01.a {name}"] for name in ("markers", "cursor", "viewport"))
    assert markers["time_stamps"].tolist() == [marker.t_s for marker in scene.markers]
    payloads = [json.loads(text) for (text,) in markers["time_series"]]
    assert [p["code"] for p in payloads] == [marker.code.value for marker in scene.markers]
    assert [p["payload"] for p in payloads] == [dict(marker.payload) for marker in scene.markers]
    assert np.array_equal(cursor["time_stamps"], scene.cursor.t_s)
    assert np.array_equal(cursor["time_series"][:, :2], scene.cursor.xy_px)
    seen = [json.loads(text) for (text,) in viewport["time_series"]]
    assert [view["scroll_px"] for view in seen] == [change.viewport.scroll_px for change in scene.changes]
    assert [view["page"] for view in seen] == [change.page for change in scene.changes]


def test_a_gap_is_not_smeared_by_the_importer(made, scene, tmp_path) -> None:
    keep = (scene.gaze.t_s < 12.0) | (scene.gaze.t_s > 12.9)
    path = made(gaze=scene.gaze.rows(keep))
    found = streams(export_xdf(path, tmp_path).target)
    assert np.array_equal(found["P01 gaze"]["time_stamps"], scene.gaze.t_s[keep])
    assert np.abs(found["Test tracker"]["time_stamps"] - scene.gaze.t_s[keep]).max() < 1e-9


def test_a_footer_tells_how_many_samples_there_are(exported, scene) -> None:
    footer = streams(exported)["P-01.a gaze"]["footer"]["info"]
    assert footer["sample_count"] == [str(len(scene.gaze))]
    assert float(footer["first_timestamp"][0]) == scene.gaze.t_s[0]
    assert float(footer["last_timestamp"][0]) == scene.gaze.t_s[-1]


def test_without_raw_channels_there_is_no_stream_of_them(channelless, tmp_path, scene) -> None:
    result = export_xdf(channelless, tmp_path)
    assert "Test tracker" not in streams(result.target)
    assert any("raw channels are not in the recording" in note for note in result.notes)
    assert np.array_equal(streams(result.target)["P01 gaze"]["time_stamps"], scene.gaze.t_s)


def test_without_the_devices_stamps_raw_gaze_has_those_of_the_session(made, scene, tmp_path) -> None:
    unknown = replace(scene.gaze, t_source_s=np.full(len(scene.gaze), np.nan))
    raw = streams(export_xdf(made(gaze=unknown), tmp_path).target)["Test tracker"]
    assert np.array_equal(raw["time_stamps"], scene.gaze.t_s)


def test_an_empty_recording_has_streams_without_samples(bare, tmp_path) -> None:
    result = export_xdf(bare, tmp_path)
    found = streams(result.target)
    assert {name: len(stream["time_stamps"]) for name, stream in found.items()} == dict(result.counts)
    assert set(result.counts.values()) == {0}


def test_any_text_survives_in_the_description_and_in_markers(made, scene, tmp_path) -> None:
    name = "Träcker <&> \x01\u4e2d"
    marker = Marker(20.9, Code.NOTE, -1, {"text": "\x00 </info> \u4e2d\U0001f600"})
    path = made(source=replace(scene.source, name=name), markers=(*scene.markers, marker))
    found = streams(export_xdf(path, tmp_path).target)
    assert name.replace("\x01", "") in found
    note = json.loads(found["P01 markers"]["time_series"][-1][0])
    assert note["payload"] == dict(marker.payload)


def test_a_file_is_not_written_over(complete, exported) -> None:
    before = exported.read_bytes()
    with pytest.raises(ExportError, match="exists already"):
        export_xdf(complete, exported.parent)
    assert exported.read_bytes() == before


def test_an_interrupted_export_leaves_no_file(complete, tmp_path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sessions.exporters.xdf.footer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_xdf(complete, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_recording(made, scene, tmp_path, monkeypatch) -> None:
    def peak(times: int) -> int:
        gaze = scene.gaze
        n = len(gaze) * times
        spread = replace(
            gaze.rows(np.arange(n) % len(gaze)), t_s=8.0 + np.arange(n) / 1e4, t_source_s=np.arange(n) / 1e4
        )
        path = made(gaze=spread)
        tracemalloc.start()
        export_xdf(path, tmp_path / str(times))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    monkeypatch.setattr("sessions.exporters.blocks.gaze_blocks.__defaults__", (1000,))
    monkeypatch.setattr("sessions.exporters.blocks.chunks.__defaults__", (1000,))
    small, large = peak(10), peak(60)
    assert large < small * 1.5
