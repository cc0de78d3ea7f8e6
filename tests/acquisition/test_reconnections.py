"""Trackers in other processes that are killed, restarted, suspended and doubled while they are recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from acquisition.clock import SteadyClock
from acquisition.lsl import LslSource, streams
from acquisition.recorder import Recorder
from protocols.errors import SourceAmbiguous
from protocols.geometry import Screen
from protocols.markers import Code

# Once someone listens, publishes numbered samples for ever, each when its stamp is due, and says every
# 50 ms how many it has pushed. After 200 samples its clock may be set. Arguments: profile, device, rate in
# Hz, first number, by how many s the clock is set.
PROGRAM = """
import sys, time
import numpy as np
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
profile, device, rate, first = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
jump = float(sys.argv[5])
outlet = GazeOutlet(format_named(profile), device, rate)
print("ready", flush=True)
outlet.wait_for_consumer()
width = len(format_named(profile).channels)
start, sent, told = outlet.now_s(), 0, 0.0
while True:
    due = int((outlet.now_s() - start) * rate)
    numbers = np.arange(first + sent, first + due, dtype=float)
    values = np.full((len(numbers), width), 0.5)
    values[:, 0] = numbers
    index = np.arange(sent, due)
    outlet.push(values, start + index / rate + jump * (index >= 200))
    sent = max(sent, due)
    if time.monotonic() > told + 0.05:
        told = time.monotonic()
        print(first + sent, flush=True)
    time.sleep(0.004)
"""


class Tracker:
    """A numbered outlet that runs until it is killed."""

    def __init__(
        self, profile: str, device: str, rate_hz: float = 500.0, first: int = 0, jump_s: float = 0.0
    ) -> None:
        arguments = [profile, device, str(rate_hz), str(first), str(jump_s)]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> list[int]:
        """Kill it without warning; return how many samples it said it had pushed, time after time."""
        if self.process.poll() is not None:
            return []
        self.process.kill()
        out, _ = self.process.communicate()
        return [int(line) for line in out.splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def tracker() -> Iterator[Callable[..., Tracker]]:
    started: list[Tracker] = []

    def start(*args: object, **kwargs: object) -> Tracker:
        started.append(Tracker(*args, **kwargs))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def recording(sink):
    """Starts recording a stream; stops whatever happens."""
    started = []

    def start(**options) -> Recorder:
        source = LslSource(Screen(), **options)
        source.open()
        recorder = Recorder(source, sink)
        started.append(recorder)
        recorder.start()
        return recorder

    yield start
    for recorder in started:
        recorder.stop("aborted")


def _until(condition, timeout_s=15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def _killed_and_restarted(tracker, recording, profile: str, sink):
    """Record a tracker over two lives; return the report and what each life said it had pushed."""
    first = tracker(profile, "lives")
    recorder = recording()
    _until(lambda: recorder.status().samples > 300)
    said = [first.kill()]
    second = tracker(profile, "lives", first=100_000)
    _until(lambda: recorder.status().samples > len(sink.samples) and len(recorder.status().events) > 0)
    _until(lambda: sink.samples.raw[-1, 0] > 100_300)
    said.append(second.kill())
    return recorder.stop(), said


def _check_two_lives(report, said, sink) -> None:
    numbers, t_s = sink.samples.raw[:, 0], sink.samples.t_s
    lives = [numbers[numbers < 100_000], numbers[numbers >= 100_000]]
    np.testing.assert_array_equal(numbers, np.concatenate(lives))
    for life, pushed, first in zip(lives, said, (0, 100_000), strict=True):
        # Every sample once and in order; what was pushed 0.1 s before the kill had left the process.
        assert life.tolist() == list(range(first, first + len(life)))
        assert pushed[-3] <= first + len(life)
    gone_s, back_s = t_s[len(lives[0]) - 1], t_s[len(lives[0])]
    assert gone_s + 0.2 < back_s <= SteadyClock().now_s()
    (event,) = [m for m in sink.markers if m.code is Code.SOURCE_RECONNECTED]
    assert gone_s < event.t_s
    assert event.payload["connection"] == 1
    assert event.payload["away_s"] == pytest.approx(back_s - gone_s, abs=0.001)
    assert "back" in str(event.payload["words"])
    one, two = report.connections
    kept = [sink.connections[number] for number in (0, 1)]
    assert [replace(c, drift_ppm=0.0) for c in kept] == [replace(c, drift_ppm=0.0) for c in (one, two)]
    assert [c.link.number for c in report.connections] == [0, 1]
    assert [c.received for c in report.connections] == [len(life) for life in lives]
    assert [c.lost for c in report.connections] == [0, 0]
    assert two.first_sample == len(lives[0])
    assert one.link.uid != two.link.uid
    assert (report.lost, report.failure) == ("", "")
    assert {c.link.clock for c in report.connections} == {"lsl"}
    since = [c.link.from_s for c in report.connections]
    per_connection = [[o for t, o in sink.offsets if t >= s] for s in since]
    assert all(per_connection)


@pytest.mark.parametrize("profile", ["tobii-pro", "tobii-stream-engine"])
def test_a_killed_and_restarted_tracker_loses_nothing_it_sent(profile, tracker, recording, sink):
    report, said = _killed_and_restarted(tracker, recording, profile, sink)
    _check_two_lives(report, said, sink)


def test_a_stream_that_liblsl_gives_up_is_connected_anew(tracker, recording, sink, monkeypatch):
    monkeypatch.setattr("acquisition.lsl_inlet._recoverable", lambda handle: handle)
    report, said = _killed_and_restarted(tracker, recording, "tobii-stream-engine", sink)
    _check_two_lives(report, said, sink)


def test_a_suspended_tracker_comes_with_a_late_burst(tracker, recording, sink):
    suspended = tracker("tobii-pro", "sleeps")
    recorder = recording()
    _until(lambda: recorder.status().samples > 100)
    os.kill(suspended.process.pid, signal.SIGSTOP)
    time.sleep(1.6)
    assert recorder.status().late
    os.kill(suspended.process.pid, signal.SIGCONT)
    _until(lambda: any(event.code is Code.SOURCE_LATE for event in recorder.status().events))
    report = recorder.stop()
    numbers = sink.samples.raw[:, 0]
    assert numbers.tolist() == list(range(len(numbers)))
    (event,) = [m for m in sink.markers if m.code is Code.SOURCE_LATE]
    assert 1.0 < float(str(event.payload["late_s"])) < 3.0
    assert 100 < int(str(event.payload["samples"])) < 900
    assert report.lost_samples == 0
    assert len(report.connections) == 1


@pytest.mark.parametrize("profile", ["tobii-pro", "tobii-stream-engine"])
def test_a_second_stream_that_passes_for_the_first_is_marked(profile, tracker, recording, sink, monkeypatch):
    monkeypatch.setattr("acquisition.lsl._LOOK_EVERY_S", 0.1)
    monkeypatch.setattr("acquisition.lsl._TWICE_S", 0.3)
    tracker(profile, "twin")
    recorder = recording()
    tracker(profile, "twin", first=100_000)
    _until(lambda: any(event.code is Code.SOURCE_DUPLICATED for event in recorder.status().events))
    recorder.stop()
    assert sink.samples.raw[:, 0].max() < 100_000
    event = next(m for m in sink.markers if m.code is Code.SOURCE_DUPLICATED)
    assert event.payload["streams"] == 2
    assert "close all but one" in str(event.payload["words"])


@pytest.mark.parametrize("jump_s", [60.0, -60.0])
def test_a_clock_that_is_set_while_recording_is_marked_and_followed(jump_s, tracker, recording, sink):
    tracker("tobii-pro", "set", jump_s=jump_s)
    recorder = recording()
    _until(lambda: recorder.status().samples > 700)
    report = recorder.stop()
    (jumped,) = [m for m in sink.markers if m.code is Code.CLOCK_JUMPED]
    assert jumped.payload["jumped_s"] == pytest.approx(jump_s, abs=0.3)
    (connection,) = report.connections
    assert connection.link.clock == "device"
    assert connection.link.offset_s == pytest.approx(-jump_s, abs=0.3)
    got = sink.samples
    assert np.diff(got.t_source_s)[199] == pytest.approx(jump_s + 0.002, abs=1e-3)
    assert got.raw[:, 0].tolist() == list(range(len(got)))
    after_s = got.t_s[400:]
    np.testing.assert_allclose(after_s - after_s[0], np.arange(len(after_s)) / 500.0, atol=0.05)
    assert abs(after_s[-1] - SteadyClock().now_s()) < 5.0


def test_streams_that_cannot_be_told_apart_are_refused_and_one_can_be_named_by_uid(tracker, recording):
    tracker("tobii-pro", "twin")
    tracker("tobii-pro", "twin", first=100_000)
    with pytest.raises(SourceAmbiguous, match="2 gaze streams answer"):
        recording(source_id="Tobiiat_twin")
    (first, second) = streams(1.0)
    assert first.uid != second.uid
    recorder = recording(identity=second.uid)
    _until(lambda: recorder.status().samples > 10)
    assert recorder.stop().connections[0].link.uid == second.uid
