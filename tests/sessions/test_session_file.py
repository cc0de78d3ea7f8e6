from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.calibration import Calibration
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SampleSink
from protocols.errors import (
    SchemaUnsupported,
    SessionCorrupt,
    SessionError,
    SessionMissing,
    SessionUnsealed,
)
from protocols.geometry import Rect
from protocols.slots import Slot, SlotLayout
from protocols.stimulus import Film, Viewport
from sessions.pages import PageDescription
from sessions.reader import Recording
from sessions.schema import TABLES, State


def same(a: object, b: object) -> bool:
    """Compare frozen arrays-of-columns bit for bit, NaN equal to NaN."""
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in a.__slots__)


def test_a_sealed_recording_gives_back_what_was_written(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        assert recording.state is State.SEALED
        assert recording.study.snapshot() == scene.study.snapshot()
        assert recording.study_digest == scene.study.digest
        assert recording.participant == scene.participant
        assert recording.screen == scene.screen
        assert recording.source == scene.source
        assert recording.trials() == scene.trials
        assert recording.viewports() == scene.changes
        assert recording.markers() == scene.markers
        assert same(recording.gaze(), scene.gaze)
        assert same(recording.cursor(), scene.cursor)
        assert recording.clock_pairs().tolist() == [[7.0, 1.7e9]]
        assert recording.offsets().tolist() == [[9.0, -1234.5]]
        assert recording.consent == {"given_utc": "2026-01-01T00:00:00+00:00"}
        assert len(recording.session_id) == 36


def test_pages_come_back_pixel_for_pixel(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        assert set(recording.page_digests()) == {page.digest for page in scene.pages}
        for page in scene.pages:
            back = recording.page(page.digest)
            assert np.array_equal(back.image, page.image)
            assert (back.layout, back.films, back.screen_id) == (page.layout, page.films, page.screen_id)
            assert (back.viewport, back.digest) == (page.viewport, page.digest)


def test_part_of_the_gaze_can_be_read(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        part = recording.gaze(10, 25)
    assert np.array_equal(part.t_s, scene.gaze.t_s[10:25])


def test_the_writer_is_a_sample_sink(tmp_path, scene, begun) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    sink: SampleSink = writer
    sink.flush()
    sink.close("aborted")
    with Recording.open(writer.path) as recording:
        assert recording.state is State.ABORTED
    sink.close("complete")
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]


def test_every_column_carries_its_unit(recorded) -> None:
    with h5py.File(recorded) as h5:
        for name, columns in TABLES.items():
            for column in columns:
                assert h5[name][column.name].attrs["unit"] == column.unit
        assert {name: h5["gaze"][name].attrs["unit"] for name in h5["gaze"]} == {
            "t_s": "s",
            "t_source_s": "s",
            "xy_px": "px",
            "valid": "",
            "pupil_mm": "mm",
            "raw": "see channel_units",
        }


def test_calibrations_apply_from_when_they_took_over(tmp_path, scene, begun) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    writer.gaze(scene.gaze)
    writer.calibration(Calibration.identity(), False)
    assert writer.calibration(Calibration.identity(), True, from_s=12.0) == "01"
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        attempts = recording.calibrations()
        assert [(a.used, a.from_s) for a in attempts] == [(False, -np.inf), (True, 12.0)]
        assert attempts[1].calibration == Calibration.identity()
        assert np.array_equal(recording.calibrated_xy(), scene.gaze.xy_px, equal_nan=True)


def test_rows_that_do_not_fit_are_refused_and_leave_the_columns_equal(tmp_path, scene, begun) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    narrow = GazeChunk(
        np.zeros(1), np.zeros(1), np.zeros((1, 2)), np.ones(1, bool), np.zeros((1, 2)), np.zeros((1, 3))
    )
    with pytest.raises(SessionError, match="raw"):
        writer.gaze(narrow)
    with pytest.raises(SessionError, match="do not fit"):
        writer.cursor(CursorChunk(np.zeros(2), np.zeros((1, 2)), np.zeros(2)))
    writer.gaze(scene.gaze)
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        assert same(recording.gaze(), scene.gaze)


def test_a_recording_never_overwrites_another(recorded, scene, begun) -> None:
    before = recorded.read_bytes()
    with pytest.raises(SessionError, match="exists already"):
        begun(recorded, scene)
    with pytest.raises(SessionError, match="cannot be created"):
        begun(recorded.parent / "no" / "folder.h5", scene)
    assert recorded.read_bytes() == before


def test_a_recording_that_cannot_begin_leaves_no_file(tmp_path, scene, begun) -> None:
    with pytest.raises(TypeError):
        begun(tmp_path / "s.h5", replace(scene, source=replace(scene.source, nominal_hz=object())))
    assert not list(tmp_path.iterdir())


def test_missing_and_foreign_files_are_refused(tmp_path, recorded) -> None:
    with pytest.raises(SessionMissing):
        Recording.open(tmp_path / "none.h5")
    text = tmp_path / "text.h5"
    text.write_text("hello")
    with pytest.raises(SessionCorrupt, match="not an HDF5 file"):
        Recording.open(text)
    cut = tmp_path / "cut.h5"
    cut.write_bytes(recorded.read_bytes()[:-5000])
    with pytest.raises(SessionCorrupt, match="damaged"):
        Recording.open(cut)


def test_other_schemas_are_refused(tmp_path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as h5:
        h5.attrs["schema"] = "gazetwin-session/99"
    with pytest.raises(SchemaUnsupported, match="gazetwin-session/99"):
        Recording.open(path)
    with h5py.File(path, "w"):
        pass
    with pytest.raises(SchemaUnsupported, match="None"):
        Recording.open(path)


@pytest.mark.parametrize("link", [h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/gaze/t_s")])
def test_links_are_refused(tmp_path, recorded, link) -> None:
    path = tmp_path / "linked.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as h5:
        h5["derived/elsewhere"] = link
    with pytest.raises(SessionCorrupt, match="/derived/elsewhere"):
        Recording.open(path)


def test_external_storage_is_refused(tmp_path, recorded) -> None:
    path = tmp_path / "linked.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as h5:
        h5["derived"].create_dataset("out", (4,), "u1", external=[(str(tmp_path / "other"), 0, 4)])
    with pytest.raises(SessionCorrupt, match="external storage"):
        Recording.open(path)


def test_a_recording_in_progress_is_refused_and_locked(tmp_path, scene, begun) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    with pytest.raises(SessionError, match="another program"):
        Recording.open(writer.path)
    writer.close("complete")
    with h5py.File(writer.path, "r+") as h5:
        h5.attrs["state"] = "recording"
    with pytest.raises(SessionUnsealed, match="gazetwin recover"):
        Recording.open(writer.path)


def test_a_page_that_is_not_there_is_an_error(recorded) -> None:
    with Recording.open(recorded) as recording, pytest.raises(SessionError, match="no page abc"):
        recording.page("abc")


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
@given(box=st.tuples(finite, finite, finite, finite), title=words, scroll_px=finite)
def test_page_descriptions_survive_json_exactly(box, title, scroll_px) -> None:
    slot = Slot(Rect(*box), Rect(*box), 1, 2, title, "Drama")
    film = Film(title, 1999, ("Drama", "Comedy"))
    description = PageDescription(
        layout=SlotLayout((slot,), (1920, 1080)),
        films=(film,),
        screen_id="s",
        viewport=Viewport(scroll_px, (0, 2)),
    )
    assert PageDescription.model_validate_json(description.model_dump_json()) == description
