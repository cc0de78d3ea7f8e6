from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.clock import FakeClock
from acquisition.fixations import IvtParameters
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource
from protocols.errors import SessionError, SourceLost
from protocols.raster import render
from protocols.wire import Done, Failed, Progress, decode
from sessions.agreement import fixation_differences, view_differences
from sessions.cache import store, stored
from sessions.derive import derive
from sessions.reader import Recording
from sessions.replay import ReplaySource, replayed
from sessions.slots import SlotParameters, Slots, measured

CLOSE = SlotParameters(within_px=60.0)


def identical(one: Slots, other: Slots) -> bool:
    different = [
        *fixation_differences(one.fixations, other.fixations),
        *view_differences(one.views, other.views),
    ]
    return one.digest == other.digest and not different


@pytest.fixture
def own(tmp_path: Path, recorded: Path) -> Path:
    """A copy of the recording to write into."""
    path = tmp_path / "s.h5"
    path.write_bytes(recorded.read_bytes())
    return path


def drained(source: GazeSource) -> GazeChunk:
    source.open()
    chunks = []
    try:
        while True:
            chunks.append(source.read(0.05))
    except SourceLost:
        return GazeChunk.joined(chunks)
    finally:
        source.close()


def same(a: GazeChunk, b: GazeChunk) -> bool:
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in a.__slots__)


def test_views_tell_what_was_shown_when_and_looked_at_how_long(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        views = recording.views()
    assert [(v.trial, v.t_on_s, v.t_off_s, v.click) for v in views] == [
        (0, 10.0, 12.0, None),
        (0, 12.0, 13.5, None),
        (0, 13.5, 15.0, 2),
        (1, 17.0, 18.25, None),
        (1, 18.25, 20.5, None),
    ]
    assert views[-1].showings == ((18.25, 19.0), (19.5, 20.5))
    assert views[-1].duration_s == 1.75
    for view in views:
        assert view.asked == scene.trials[view.trial]
        assert 0.6 < view.fixation_ms.sum() / 1000 / view.duration_s <= 1.0
        assert view.cursor_ms.sum() <= view.duration_s * 1000 + 1e-6
        assert len(view.films) == len(view.layout) == len(view.fixation_ms)


def test_a_view_can_be_drawn_again_from_what_it_carries(recorded) -> None:
    with Recording.open(recorded) as recording:
        view = recording.views()[1]
    again = render(view.screen, view.viewport)
    assert np.array_equal(again.image, view.page.image)
    assert again.digest == view.digest


def test_fixation_time_agrees_with_where_the_eyes_were(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        view = recording.views()[0]
    on = (scene.gaze.t_s >= view.t_on_s) & (scene.gaze.t_s < view.t_off_s)
    slot = view.layout.locate(scene.gaze.xy_px[on])
    truth_ms = np.bincount(slot[slot >= 0], minlength=len(view.layout)) * 1000 / 120
    assert np.abs(view.fixation_ms - truth_ms).sum() < 0.2 * truth_ms.sum()


def test_derived_slots_are_stored_once_and_read_back_exactly(own) -> None:
    with Recording.open(own) as recording:
        fresh = recording.slots(CLOSE)
        assert not recording.has_slots(CLOSE)
    assert identical(derive(own, CLOSE), fresh)
    size = own.stat().st_size
    assert identical(derive(own, CLOSE), fresh)
    assert own.stat().st_size == size
    with Recording.open(own) as recording:
        assert recording.has_slots(CLOSE)
        assert not recording.has_slots()
        assert identical(recording.slots(CLOSE), fresh)
    assert [p.name for p in own.parent.iterdir()] == ["s.h5"]


def test_other_settings_have_another_digest_and_are_kept_beside(own) -> None:
    one, other = derive(own, CLOSE), derive(own, SlotParameters(IvtParameters(min_s=0.1)))
    assert one.digest != other.digest
    with h5py.File(own) as h5:
        assert set(h5["derived"]) == {f"slots@{one.digest}", f"slots@{other.digest}"}
    assert not identical(one, other)


def test_derived_data_may_be_deleted_and_rebuilt(own) -> None:
    before = derive(own)
    with h5py.File(own, "r+") as h5:
        del h5["derived"][f"slots@{before.digest}"]
    assert identical(derive(own), before)


def test_a_recording_that_is_open_elsewhere_is_not_written(own) -> None:
    with Recording.open(own), pytest.raises(SessionError, match="another program"):
        derive(own)


def test_replay_through_the_live_pipeline_equals_offline_in_any_chunks(recorded) -> None:
    with Recording.open(recorded) as recording:
        offline = recording.slots(CLOSE)

    @settings(max_examples=8, deadline=None)
    @given(st.sampled_from([1, 7, 64, 500, 10_000]))
    def holds(rows: int) -> None:
        assert identical(replayed(recorded, CLOSE, rows).slots(), offline)

    holds()


def test_what_was_found_live_is_kept_and_equals_replay(tmp_path, scene, begun, filled, recorded) -> None:
    live = replayed(recorded).slots()
    writer = begun(tmp_path / "s.h5", scene)
    filled(writer, scene)
    writer.live_slots(live)
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        kept = recording.live_slots()
        assert kept is not None
        assert identical(kept, live)
        assert identical(kept, recording.slots())


def test_what_was_kept_with_a_view_per_showing_reads_as_one_view(tmp_path, scene, begun, filled) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    filled(writer, scene)
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        new = recording.slots()
        layout = recording.page_description(new.views[-1].view.change.page).layout
        cursor = recording.cursor()
    whole = new.views[-1].view
    each = [replace(whole, t_on_s=on_s, t_off_s=off_s, pauses=()) for on_s, off_s in whole.showings]
    apart = [measured(view, new.fixations, cursor, layout, 0.0) for view in each]
    with h5py.File(tmp_path / "old.h5", "w") as h5:
        store(h5, "old", replace(new, views=(*new.views[:-1], *apart)))
        assert len(stored(h5, "old").views) == len(new.views) + 1
        del h5["old/views/pauses"]
        assert identical(stored(h5, "old"), new)


def test_replay_delivers_the_same_samples_bit_for_bit(scene, recorded) -> None:
    source = ReplaySource(recorded, speed=float("inf"))
    assert isinstance(source, GazeSource)
    assert same(drained(source), scene.gaze)
    source.open()
    assert source.info.kind == "replay"
    assert source.info.channels == scene.source.channels
    assert source.offset_s() == 0.0
    source.read(0.0)
    assert source.offset_s() == -1234.5
    source.close()
    source.close()


def test_replay_keeps_the_pace_it_is_asked_for(scene, recorded) -> None:
    source = ReplaySource(recorded, speed=40.0)
    began_s = time.monotonic()
    assert same(drained(source), scene.gaze)
    assert 0.25 < time.monotonic() - began_s < 2.0


def test_replay_onto_another_clock_moves_session_stamps_only(scene, recorded) -> None:
    moved = drained(ReplaySource(recorded, speed=float("inf"), clock=FakeClock(5000.0)))
    assert moved.t_s[0] == pytest.approx(5000.0)
    assert np.allclose(np.diff(moved.t_s), np.diff(scene.gaze.t_s))
    assert np.array_equal(moved.t_source_s, scene.gaze.t_source_s)


def job(*arguments: str) -> tuple[int, list]:
    command = [sys.executable, "-P", "-m", "sessions", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, [decode(line, Progress | Done | Failed) for line in ended.stdout.splitlines()]


def test_jobs_speak_json_lines(own) -> None:
    status, said = job("derive", str(own), "--within-px", "60")
    assert status == 0
    assert isinstance(said[-1], Done)
    assert said[-1].result["views"] == 5
    status, said = job("check", str(own))
    assert [m.done for m in said[:-1]] == [1, 2, 3, 4]
    assert said[-1].result["counts"]["gaze"] == 1560
    assert json.dumps(said[-1].result)


def test_a_failed_job_says_why_and_what_to_do(tmp_path) -> None:
    status, (*_, failed) = job("recover", str(tmp_path / "none.h5"))
    assert status == 2
    assert (failed.kind, failed.code) == ("failed", "SessionMissing")
    assert failed.fix
