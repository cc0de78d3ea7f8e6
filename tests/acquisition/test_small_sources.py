from __future__ import annotations

import json
import math
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.clock import Clock, FakeClock, SteadyClock, unix_pair
from acquisition.liblsl import load_pylsl
from acquisition.live import LiveBuffer
from acquisition.marker_stream import NAME, MarkerStream
from acquisition.mouse import MouseSource
from acquisition.samples import GazeChunk
from acquisition.scripted import ScriptedSource
from acquisition.source import GazeSource
from acquisition.source_clock import SourceClock
from acquisition.stall import StallWatch, late_s
from protocols.errors import SetupError, SourceLost
from protocols.markers import Code, Marker


def test_session_time_is_the_clock_that_stamps_lsl_samples():
    clock: Clock = SteadyClock()
    before_s, now_s, after_s = load_pylsl().local_clock(), clock.now_s(), load_pylsl().local_clock()
    assert before_s <= now_s <= after_s


def test_without_liblsl_session_time_is_the_same_steady_clock(monkeypatch):
    with_lsl = SteadyClock()

    def missing() -> None:
        raise SetupError("no liblsl", "", "")

    monkeypatch.setattr("acquisition.clock.load_pylsl", missing)
    assert SteadyClock().now_s() == pytest.approx(with_lsl.now_s(), abs=0.05)


def test_a_missing_library_is_explained(monkeypatch):
    def broken(name: str) -> None:
        raise RuntimeError(f"LSL binary library file was not found, wanted by {name}")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(SetupError, match="PYLSL_LIB"):
        load_pylsl()


def test_a_fake_clock_moves_only_when_told():
    clock = FakeClock(3.0)
    assert unix_pair(clock)[0] == 3.0
    clock.advance(0.5)
    assert clock.now_s() == 3.5
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1.0)


def test_both_clocks_are_read_at_one_moment():
    clock_s, unix_s = unix_pair(SteadyClock())
    assert time.time() - unix_s == pytest.approx(SteadyClock().now_s() - clock_s, abs=1e-3)


@given(st.lists(st.integers(1, 5), max_size=20), st.floats(0.0, 3.0))
@settings(max_examples=40, deadline=None)
def test_the_live_buffer_holds_the_last_seconds(sizes, seconds):
    live, chunks, start = LiveBuffer(1.0), [], 0
    for n in sizes:
        t_s = np.arange(start, start + n) / 10.0
        none = np.full((n, 2), np.nan)
        chunks.append(GazeChunk(t_s, t_s, none, np.zeros(n, bool), none, t_s[:, None]))
        live.append(chunks[-1])
        start += n
    everything = GazeChunk.joined(chunks).t_s
    newest = everything[-1] if len(everything) else 0.0
    expected = everything[everything >= newest - min(seconds, 1.0)]
    np.testing.assert_array_equal(live.snapshot(seconds).t_s, expected)


def test_a_late_burst_is_shown_in_order_of_its_stamps(numbered):
    live = LiveBuffer(10.0)
    live.append(numbered(100))
    live.append(numbered(50))
    assert live.snapshot(10.0).raw[:, 0].tolist() == [50, 51, 52, 53, 100, 101, 102, 103]


def test_mouse_positions_are_read_as_gaze():
    clock = FakeClock(7.0)
    source = MouseSource(clock)
    assert isinstance(source, GazeSource)
    source.push(1.0, (1, 1))
    source.open()
    assert len(source.read(0.0)) == 0
    assert len(source.read(0.001)) == 0
    source.push(8.0, (10, 20))
    source.push(None, (11, 21))
    chunk = source.read(0.0)
    assert chunk.t_s.tolist() == [8.0, 7.0]
    assert chunk.xy_px.tolist() == [[10.0, 20.0], [11.0, 21.0]]
    assert chunk.valid.all()
    assert np.isnan(chunk.pupil_mm).all()
    assert len(source.info.channels) == chunk.raw.shape[1]


def test_a_resting_cursor_is_still_somewhere():
    clock = FakeClock(1.0)
    source = MouseSource(clock)
    source.open()
    source.push(1.0, (5, 6))
    source.read(0.0)
    clock.advance(2.0)
    assert len(source.read(0.0)) == 0
    resting = source.read(0.001)
    assert (resting.t_s.tolist(), resting.xy_px.tolist()) == ([3.0], [[5.0, 6.0]])
    source.close()
    source.close()
    with pytest.raises(SourceLost, match="not open"):
        source.read(0.0)


def test_a_waiting_read_gets_a_position_pushed_meanwhile():
    source = MouseSource()
    source.open()
    pusher = threading.Timer(0.05, source.push, (4.0, (1, 2)))
    pusher.start()
    assert source.read(2.0).t_s.tolist() == [4.0]
    pusher.join()


def test_a_script_is_played_with_its_faults(numbered):
    fault = SourceLost("gone", "", "")
    source = ScriptedSource([numbered(0), numbered(4)], {1: fault})
    assert isinstance(source, GazeSource)
    with pytest.raises(SourceLost, match="not open"):
        source.read(0.0)
    source.open()
    assert source.read(0.0).raw[0, 0] == 0
    with pytest.raises(SourceLost, match="gone"):
        source.read(0.0)
    assert source.read(0.0).raw[0, 0] == 4
    assert source.read(0.0).raw.shape == (0, 2)
    assert source.offset_s() == 0.0


def test_a_stall_is_noticed_once_and_its_end_too():
    watch = StallWatch(0.0)
    assert watch.update(1.9, 0) is None
    change = watch.update(2.1, 0)
    assert change is not None
    assert (change.stalled, change.silent_s) == (True, 2.1)
    assert watch.update(3.0, 0) is None
    change = watch.update(4.0, 3)
    assert change is not None
    assert (change.stalled, change.silent_s) == (False, 4.0)
    assert watch.update(4.5, 3) is None
    assert watch.heard_s == 4.5


@pytest.mark.parametrize(("hz", "seconds"), [(0.0, 0.25), (1000.0, 0.25), (60.0, 0.25), (30.0, 0.5)])
def test_a_slow_tracker_may_be_quiet_for_longer(hz, seconds):
    assert late_s(hz) == seconds


def test_a_known_clock_is_corrected_by_what_lsl_measured():
    times = SourceClock(opened_s=100.0, measured_s=40.0)
    assert times.to_session(np.array([61.0, 61.5]), 101.6).tolist() == [101.0, 101.5]
    times.measured(40.01)
    stamps_s = np.arange(62.0, 64.0, 0.01)
    t_s = times.to_session(stamps_s, 104.1)
    assert (np.diff(t_s) > 0).all()
    np.testing.assert_allclose(t_s[100:], stamps_s[100:] + 40.01, atol=1e-9)
    assert not times.foreign


def test_a_foreign_clock_is_placed_by_the_quickest_arrival():
    times = SourceClock(opened_s=100.0, measured_s=0.0)
    rng = np.random.default_rng(3)
    device_s, errors = 1.7e9, []
    for i in range(400):
        true_s = 100.0 + i / 100.0
        now_s = true_s + 0.004 + rng.exponential(0.02)
        errors.append(float(times.to_session(np.array([device_s + i / 100.0]), now_s)[0]) - true_s)
    assert times.foreign
    assert 0.003 < errors[-1] < 0.008
    assert times.offset_s == pytest.approx(100.0 - 1.7e9 + 0.004, abs=0.004)


def test_markers_are_published_with_their_own_time():
    stream = MarkerStream("s1")
    handle = load_pylsl().resolve_byprop("name", NAME, 1, 5.0)[0]
    assert (handle.type(), handle.source_id()) == ("Markers", "gazetwin-markers-s1")
    inlet = load_pylsl().StreamInlet(handle)
    inlet.open_stream(5.0)
    stream.push(Marker(12.25, Code.CLICK, 3, {"slot": 2, "title": "Amélie"}))
    sample, t_s = inlet.pull_sample(5.0)
    assert t_s == 12.25
    expected = {"v": 1, "code": "click", "trial": 3, "payload": {"slot": 2, "title": "Amélie"}}
    assert json.loads(sample[0]) == expected
    inlet.close_stream()
    stream.close()
    stream.close()
    stream.push(Marker(13.0, Code.NOTE))
    assert math.isfinite(t_s)
