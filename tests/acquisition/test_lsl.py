from __future__ import annotations

import time

import numpy as np
import pytest

from acquisition.clock import FakeClock, SteadyClock
from acquisition.liblsl import load_pylsl
from acquisition.lsl import LslSource, streams
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource
from protocols.errors import ChannelsUnknown, SourceAmbiguous, SourceLost, SourceNotFound
from protocols.geometry import Screen
from protocols.markers import Code


def _read_until(source, enough, timeout_s=10.0) -> GazeChunk:
    chunks, deadline = [], time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        chunks.append(source.read(0.05))
        joined = GazeChunk.joined([c for c in chunks if len(c)])
        if enough(joined):
            return joined
    raise AssertionError(f"only {len(joined)} samples")


@pytest.fixture
def opened():
    sources = []

    def build(**options) -> LslSource:
        source = LslSource(Screen(), **options)
        sources.append(source)
        source.open()
        return source

    yield build
    for source in sources:
        source.close()
        source.close()


def test_every_sample_of_another_process_arrives_once_and_in_order(outlet_process, opened):
    outlet_process("tobii-pro", "numbers", 1000.0, seconds=2.0)
    before_s = SteadyClock().now_s()
    source = opened()
    assert isinstance(source, GazeSource)
    got = _read_until(source, lambda chunk: len(chunk) >= 2000)
    assert got.raw[:, 0].tolist() == list(range(2000))
    assert (got.t_s >= before_s).all()
    assert (got.t_s <= SteadyClock().now_s()).all()
    assert np.abs(got.t_s - got.t_source_s - source.offset_s()).max() < 1e-3
    np.testing.assert_allclose(np.diff(got.t_source_s), 0.001, atol=1e-9)
    assert abs(source.offset_s()) < 0.005
    assert not source.foreign_clock


def test_info_is_complete_after_open_and_a_closed_source_says_so(outlet_process, opened):
    outlet_process("tobii-pro", "numbers", 60.0)
    source = opened(name="Tobii")
    info = source.info
    assert (info.kind, info.profile, info.source_id) == ("lsl", "tobii-pro", "Tobiiat_numbers")
    assert info.nominal_hz == 60.0
    assert info.channels == ("left_x", "left_y", "left_pupil", "right_x", "right_y", "right_pupil")
    source.close()
    with pytest.raises(SourceLost, match="not open"):
        source.read(0.0)


def test_no_stream_lists_what_was_found(outlet_process):
    outlet_process("gazepoint", "7", 60.0)
    source = LslSource(Screen(), name="Tobii", timeout_s=0.5)
    with pytest.raises(SourceNotFound, match=r"GazepointEyeTracker.*type 'gaze'"):
        source.open()
    assert source.info.name == "Tobii"


def test_gaze_of_another_type_is_not_called_absent(opened):
    """Its channels are described as gaze, so that nothing but its type speaks against it."""
    pylsl = load_pylsl()
    info = pylsl.StreamInfo("Odd one", "ET", 2, 60.0, "float32", "odd-1")
    channels = info.desc().append_child("channels")
    for axis in "XY":
        channel = channels.append_child("channel").append_child_value("label", axis)
        channel.append_child_value("eye", "both").append_child_value("type", f"Screen{axis}")
        channel.append_child_value("unit", "normalized")
    outlet = pylsl.StreamOutlet(info)
    for identity in ("Odd one", "odd-1"):
        with pytest.raises(ChannelsUnknown, match=r"is there, but it is of type 'ET', not 'Gaze'") as told:
            opened(identity=identity, timeout_s=0.3)
        assert "gazetwin pick 'Odd one'" in told.value.fix
    with pytest.raises(SourceNotFound, match=r"'Odd one' \(type 'ET'"):
        opened(identity="absent", timeout_s=0.3)
    del outlet


def test_a_lower_case_type_is_found(outlet_process, opened):
    outlet_process("gazepoint", "7", 60.0)
    assert opened().info.profile == "gazepoint"


def test_two_streams_need_a_name(outlet_process, opened):
    outlet_process("tobii-pro", "one", 60.0)
    outlet_process("titta", "two", 60.0)
    with pytest.raises(SourceAmbiguous, match=r"'Tobii'.*Tobiiat_one.*TittaLSL:Tobii_gaze@two"):
        opened()
    assert opened(source_id="TittaLSL:Tobii_gaze@two").info.profile == "titta"


def test_a_scene_camera_is_refused_with_the_reason_and_not_in_the_way_of_a_tracker(outlet_process, opened):
    outlet_process("pupil-core", "worn", 60.0)
    with pytest.raises(ChannelsUnknown, match="head-worn camera"):
        opened()
    outlet_process("pupil-core-pupillometry", "eyes", 60.0)
    outlet_process("tobii-pro", "desk", 60.0)
    assert opened().info.profile == "tobii-pro"


def test_streams_describes_every_gaze_stream(outlet_process):
    outlet_process("titta", "serial", 120.0)
    outlet_process("tobii-stream-engine", "consumer", 0.0)
    found = {stream.name: stream for stream in streams(1.0)}
    assert set(found) == {"Tobii_gaze", "TobiiStreamEngine"}
    assert found["Tobii_gaze"].channel_count == 37
    assert len(found["Tobii_gaze"].channels) == 36
    assert found["Tobii_gaze"].labels[-1] == "channel 36"
    assert found["TobiiStreamEngine"].channels == ()


def test_a_restarted_tracker_is_recorded_on(outlet_process, opened):
    first = outlet_process("tobii-pro", "restarts", 200.0, seconds=0.5)
    source = opened(source_id="Tobiiat_restarts")
    _read_until(source, lambda chunk: len(chunk) == 100)
    first.kill()
    outlet_process("tobii-pro", "restarts", 200.0, first=1000, seconds=0.5)
    got = _read_until(source, lambda chunk: len(chunk) == 100)
    assert got.raw[:, 0].tolist() == list(range(1000, 1100))
    assert np.abs(got.t_s - SteadyClock().now_s()).max() < 5.0


def test_a_restarted_tracker_without_source_id_is_found_again(outlet_process, opened):
    first = outlet_process("tobii-stream-engine", "", 200.0, seconds=0.5)
    source = opened()
    assert source.info.source_id == ""
    _read_until(source, lambda chunk: len(chunk) == 100)
    first.kill()
    outlet_process("tobii-stream-engine", "", 200.0, first=1000, seconds=0.5)
    got = _read_until(source, lambda chunk: len(chunk) == 100)
    assert got.raw[:, 0].tolist() == list(range(1000, 1100))


@pytest.mark.parametrize("profile", ["tobii-pro", "tobii-stream-engine"])
def test_a_stream_that_left_the_network_is_told_of_once_and_waited_for(profile, outlet_process, opened):
    tracker = outlet_process(profile, "leaves", 200.0, seconds=0.3)
    source = opened()
    tracker.wait_sent()
    tracker.kill()
    assert len(_read_until(source, lambda chunk: len(chunk) >= 60)) == 60
    since = time.monotonic()
    while time.monotonic() < since + 5.5:
        assert not len(source.read(0.1))
    (told,) = source.news()
    assert told.code is Code.SOURCE_LOST
    assert "Waiting until it comes back" in told.words
    outlet_process(profile, "leaves", 200.0, first=1000, seconds=0.3)
    got = _read_until(source, lambda chunk: len(chunk) == 60)
    assert got.raw[:, 0].tolist() == list(range(1000, 1060))
    (back,) = source.news()
    assert back.code is Code.SOURCE_RECONNECTED
    assert back.facts["away_s"] > 5.0


def test_a_silent_stream_that_is_still_there_is_not_lost(outlet_process, opened):
    tracker = outlet_process("tobii-pro", "pauses", 200.0, seconds=0.1)
    source = opened()
    tracker.wait_sent()
    since = time.monotonic()
    assert sum(len(source.read(0.1)) for _ in range(40)) == 20
    assert time.monotonic() - since > 3.5
    assert source.news() == []


@pytest.mark.parametrize("shift_s", [time.time() - time.monotonic(), -2e4], ids=["unix", "device"])
def test_a_foreign_clock_is_noticed_and_replaced_by_arrival(shift_s, outlet_process, opened):
    outlet_process("tobii-stream-engine", "", 100.0, seconds=1.0, shift_s=shift_s)
    source = opened()
    opened_s = SteadyClock().now_s()
    got = _read_until(source, lambda chunk: len(chunk) == 100)
    assert source.foreign_clock
    (told,) = source.news()
    link = source.link()
    assert told.code is Code.CLOCK_FOREIGN
    assert told.facts["clock"] == link.clock == ("unix" if shift_s > 1e9 else "device")
    assert link.offset_s == pytest.approx(-shift_s, abs=0.5)
    assert "arrival" in link.method
    assert opened_s - 1.0 < got.t_s.min()
    assert got.t_s.max() <= SteadyClock().now_s()
    assert got.t_s[-1] - got.t_s[0] == pytest.approx(0.99, abs=0.05)


def test_samples_that_waited_do_not_look_like_a_foreign_clock(outlet_process, opened):
    tracker = outlet_process("tobii-pro", "early", 100.0, seconds=0.2)
    source = opened()
    tracker.wait_sent()
    source._clock = FakeClock(SteadyClock().now_s() + 60.0)
    got = _read_until(source, lambda chunk: len(chunk) == 20)
    assert not source.foreign_clock
    assert got.t_s.max() < SteadyClock().now_s()
