from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from acquisition.clock import SteadyClock
from acquisition.connection import Link
from acquisition.live import LiveBuffer
from acquisition.lsl import LslSource
from acquisition.recorder import Recorder
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.scripted import ScriptedSource
from acquisition.source import SourceInfo
from acquisition.source_event import SourceEvent
from protocols.errors import ChannelsUnknown, SourceLost
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.stimulus import Viewport


def _lost() -> SourceLost:
    return SourceLost("The cable was pulled.", "No sample will come.", "Plug it in.")


def _until(condition, timeout_s=10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def recording(sink):
    """Starts a recorder on a scripted source; stops it whatever happens."""
    started = []

    def start(chunks, faults=None, **options) -> Recorder:
        source = ScriptedSource(chunks, faults)
        source.open()
        recorder = Recorder(source, sink, **options)
        started.append(recorder)
        recorder.start()
        return recorder

    yield start
    for recorder in started:
        recorder.stop("aborted")


def test_everything_is_written_in_order_and_sealed(recording, sink, numbered):
    recorder = recording([numbered(0), numbered(4), GazeChunk.empty(2), numbered(8)])
    _until(lambda: recorder.status().samples == 12)
    recorder.mark(Marker(0.2, Code.NOTE, payload={"text": "hello"}))
    recorder.viewport(0.3, "s1", Viewport(0.0, (0,)), "digest")
    recorder.cursor(CursorChunk(np.array([0.1]), np.array([[1.0, 2.0]]), np.array([0.0])))
    report = recorder.stop()
    assert sink.samples.raw[:, 0].tolist() == list(range(12))
    assert [m.code for m in sink.markers] == [Code.NOTE]
    assert sink.viewports == [(0.3, "s1", Viewport(0.0, (0,)), "digest")]
    assert len(sink.cursors) == 1
    assert sink.offsets[0][1] == 0.0
    assert sink.closed == "complete"
    assert sink.log[-2:] == ["flush", "close"]
    assert (report.samples, report.markers, report.unwritten) == (12, 1, 0)
    assert (report.first_t_s, report.last_t_s) == (0.0, pytest.approx(0.11))
    assert (report.lost, report.failure) == ("", "")
    assert recorder.stop() is report


def test_the_end_of_a_trial_is_flushed_at_once(recording, sink, numbered):
    recorder = recording([numbered(0)])
    _until(lambda: "gaze" in sink.log)
    before = sink.log.count("flush")
    recorder.mark(Marker(1.0, Code.TRIAL_END, 0))
    _until(lambda: sink.log.count("flush") > before, timeout_s=0.3)
    assert sink.log[sink.log.index(f"marker {Code.TRIAL_END}") + 1] == "flush"


def test_a_quiet_recording_is_flushed_twice_a_second(recording, sink):
    recording([])
    time.sleep(1.3)
    assert 2 <= sink.log.count("flush") <= 3


def test_a_lost_source_ends_the_recording_and_is_marked(recording, sink, numbered):
    recorder = recording([numbered(0), numbered(4)], faults={2: _lost()})
    assert recorder.wait_until_ended(5.0)
    assert recorder.status().ended
    report = recorder.stop()
    assert "cable" in report.lost
    assert report.failure == ""
    assert report.samples == len(sink.samples) == 8
    assert [m.code for m in sink.markers] == [Code.SOURCE_STALLED]
    assert "cable" in str(sink.markers[0].payload["lost"])


def test_a_broken_source_is_a_failure_in_the_report(recording, sink, numbered):
    fault = ChannelsUnknown("Seven channels.", "Six were expected.", "Check the tracker.")
    recorder = recording([numbered(0)], faults={1: fault})
    assert recorder.wait_until_ended(5.0)
    report = recorder.stop()
    assert "Seven channels" in report.failure
    assert len(sink.samples) == 4
    assert sink.closed == "complete"


def test_a_failing_sink_does_not_stop_reading_and_what_is_missing_is_counted(
    recording, sink, numbered, caplog
):
    sink.fail_on = {"gaze"}
    recorder = recording([numbered(4 * i) for i in range(25)])
    _until(lambda: recorder.status().samples == 100)
    _until(lambda: isinstance(recorder.failure, OSError))
    assert "no space left" in recorder.status().failure
    recorder.mark(Marker(1.0, Code.NOTE))
    report = recorder.stop()
    assert "no space left" in report.failure
    assert report.unwritten >= 26
    assert sink.closed == "aborted"
    assert len(sink.samples) == 0
    assert "writing failed" in caplog.text


def test_a_disk_that_refuses_is_asked_again_and_nothing_is_missing(recording, sink, numbered, monkeypatch):
    monkeypatch.setattr("acquisition.recorder._UNSAVED_S", 0.8)
    monkeypatch.setattr("acquisition.sink_writer._AGAIN_S", 0.1)
    sink.fail_on = {"flush"}
    recorder = recording([c for i in range(100) for c in (numbered(4 * i), GazeChunk.empty(2))])
    _until(lambda: recorder.status().unsaved_s > 0.85)
    _until(lambda: [e.code for e in recorder.status().events] == [Code.WRITING_LATE])
    sink.fail_on = set()
    _until(lambda: recorder.status().samples == 400)
    report = recorder.stop()
    assert (report.failure, report.unwritten) == ("", 0)
    assert sink.samples.raw[:, 0].tolist() == list(range(400))
    assert [m.code for m in sink.markers] == [Code.WRITING_LATE, Code.WRITING_RESUMED]
    assert sink.markers[0].payload["errno"] == 28
    assert "no space left" in str(sink.markers[0].payload["words"])


def test_a_disk_that_refuses_for_too_long_is_a_failure(recording, sink, numbered, monkeypatch):
    monkeypatch.setattr("acquisition.sink_writer._PATIENCE_S", 0.3)
    monkeypatch.setattr("acquisition.sink_writer._AGAIN_S", 0.1)
    sink.fail_on = {"flush"}
    recorder = recording([numbered(0)])
    _until(lambda: isinstance(recorder.failure, OSError))
    assert "no space left" in recorder.stop().failure


def test_a_sink_that_does_not_close_is_reported(recording, sink, numbered):
    sink.fail_on = {"close"}
    recorder = recording([numbered(0)])
    assert "closing failed" in recorder.stop().failure


def test_a_failing_live_view_never_stops_writing(recording, sink, numbered, caplog):
    class Broken:
        def append(self, chunk: GazeChunk) -> None:
            raise RuntimeError(f"no pixels for {len(chunk)} samples")

    recorder = recording([numbered(0), numbered(4)], live=Broken())
    _until(lambda: recorder.status().samples == 8)
    assert "no pixels" in recorder.status().live_failure
    assert recorder.stop().failure == ""
    assert len(sink.samples) == 8
    assert "live view failed" in caplog.text


def test_the_live_view_sees_what_is_written(recording, sink, numbered):
    live = LiveBuffer(10.0)
    recorder = recording([numbered(0), numbered(4)], live=live)
    _until(lambda: recorder.status().samples == 8)
    recorder.stop()
    np.testing.assert_array_equal(live.snapshot(10.0).raw, sink.samples.raw)


def test_stopping_takes_what_the_source_still_holds(sink, numbered):
    source = ScriptedSource([numbered(4 * i) for i in range(500)])
    source.open()
    recorder = Recorder(source, sink)
    recorder.start()
    assert recorder.stop().samples == 2000
    assert sink.samples.raw[:, 0].tolist() == list(range(2000))


def test_a_recorder_that_never_started_can_be_stopped(sink):
    source = ScriptedSource([])
    recorder = Recorder(source, sink)
    recorder.mark(Marker(0.0, Code.NOTE))
    report = recorder.stop("aborted")
    assert (report.samples, report.unwritten, sink.closed) == (0, 1, "aborted")


def test_threads_are_named_and_gone_after_stop(recording, numbered):
    recorder = recording([numbered(0)])
    assert {"gaze-read", "recorder"} <= {thread.name for thread in threading.enumerate()}
    recorder.stop()
    assert not {"gaze-read", "recorder"} & {thread.name for thread in threading.enumerate()}


def test_markers_from_many_threads_all_arrive_in_their_own_order(recording, sink):
    recorder = recording([])

    def mark(trial: int) -> None:
        for i in range(200):
            recorder.mark(Marker(float(i), Code.NOTE, trial))

    threads = [threading.Thread(target=mark, args=(trial,)) for trial in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.stop().markers == 800
    for trial in range(4):
        assert [m.t_s for m in sink.markers if m.trial == trial] == list(range(200))


def test_what_a_source_notices_is_marked_in_words_and_every_connection_has_its_account(sink, numbered):
    event = SourceEvent(Code.SOURCE_RECONNECTED, 7.0, "The tracker is back.", {"away_s": 3.0})
    first, second = Link(0, 0.0, "lsl", "measured", 1.5), Link(1, 7.0, "lsl", "measured", 2.5)
    source = ScriptedSource(
        [numbered(0, n=50), numbered(60, n=40), numbered(700, n=30)],
        links={0: first, 2: second},
        events={2: event},
    )
    source.open()
    recorder = Recorder(source, sink)
    recorder.start()
    _until(lambda: recorder.status().samples == 120)
    assert recorder.status().lost == 10
    report = recorder.stop()
    assert report.events == recorder.status().events == (event,)
    (marker,) = sink.markers
    assert (marker.t_s, marker.code) == (7.0, Code.SOURCE_RECONNECTED)
    assert marker.payload == {"away_s": 3.0, "words": "The tracker is back."}
    one, two = report.connections
    assert (one.link, one.received, one.expected, one.lost) == (first, 90, 100, 10)
    assert (two.link, two.first_sample, two.received, two.lost) == (second, 90, 30, 0)
    assert report.lost_samples == 10
    assert [sink.connections[n].received for n in (0, 1)] == [90, 30]
    assert sink.log.index(f"marker {Code.SOURCE_RECONNECTED}") < len(sink.log) - sink.log[::-1].index("gaze")


def test_how_long_a_silence_is_worth_a_warning_follows_from_the_measured_rate(sink, numbered):
    claimed = SourceInfo("s", "scripted", "", "", 600.0, ("a", "b"), ("", ""))
    source = ScriptedSource([numbered(0, n=40, rate_hz=20.0)], info=claimed)
    source.open()
    recorder = Recorder(source, sink)
    recorder.start()
    _until(lambda: recorder.status().silent_s > 0.4)
    status = recorder.status()
    assert status.late == (status.silent_s > 0.75)
    _until(lambda: recorder.status().late, timeout_s=2.0)
    assert not recorder.status().stalled
    recorder.stop()


def test_a_killed_and_restarted_tracker_is_marked_and_recorded_on(outlet_process, sink):
    first = outlet_process("tobii-pro", "dies", 1000.0, seconds=1.0)
    source = LslSource(Screen(), source_id="Tobiiat_dies")
    source.open()
    recorder = Recorder(source, sink)
    recorder.start()
    try:
        _until(lambda: recorder.status().samples == 1000)
        first.kill()
        _until(lambda: recorder.status().late, timeout_s=2.0)
        _until(lambda: any(m.code is Code.SOURCE_STALLED for m in sink.markers))
        outlet_process("tobii-pro", "dies", 1000.0, first=5000, seconds=1.0)
        _until(lambda: recorder.status().samples == 2000)
        _until(lambda: any(m.code is Code.SOURCE_RESUMED for m in sink.markers))
        assert not recorder.status().ended
    finally:
        report = recorder.stop()
    assert sink.samples.raw[:, 0].tolist() == [*range(1000), *range(5000, 6000)]
    expected = [Code.SOURCE_STALLED, Code.SOURCE_RECONNECTED, Code.SOURCE_RESUMED]
    markers = [m for m in sink.markers if m.code is not Code.SOURCE_LOST]  # told of when it took long enough
    assert [m.code for m in markers] == expected
    said = [event.words for event in report.events if event.code is not Code.SOURCE_LOST]
    assert len(said) == 2
    gap = int(np.flatnonzero(np.diff(sink.samples.raw[:, 0]) > 1)[0])
    away_s = sink.samples.t_s[gap + 1] - sink.samples.t_s[gap]
    assert f"; {away_s:.2f} s of gaze are missing." in said[1]
    assert (report.stalls, report.lost, report.failure) == (1, "", "")
    stalled, _, resumed = markers
    assert sink.samples.t_s[gap] < stalled.t_s < resumed.t_s <= SteadyClock().now_s()
    assert resumed.payload["silent_s"] > 2.0
