from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.connection import Link
from acquisition.expected import Expectation
from acquisition.lateness import LateWatch
from acquisition.samples import GazeChunk
from acquisition.source_clock import SourceClock
from acquisition.tally import Tally

UNIX_S = 1.75e9


class Tracker:
    """Samples at 100 Hz in chunks of two that arrive 5 ms after the second; its clock can be moved."""

    def __init__(self, ahead_s: float, clock: SourceClock) -> None:
        self.ahead_s, self.clock, self.now_s = ahead_s, clock, 1000.0
        self.errors_s: list[float] = []
        self.times_s: list[float] = []

    def send(self, seconds: float, late_s: float = 0.0) -> None:
        for _ in range(round(seconds * 50)):
            true_s = np.array([self.now_s, self.now_s + 0.01])
            t_s = self.clock.to_session(true_s + self.ahead_s, self.now_s + 0.015 + late_s)
            self.errors_s += list(t_s - true_s)
            self.times_s += list(t_s)
            self.now_s += 0.02


@pytest.mark.parametrize(("ahead_s", "kind"), [(UNIX_S, "unix"), (-900.0, "device"), (3e6, "device")])
def test_a_foreign_clock_is_named_and_replaced_by_arrival(ahead_s, kind):
    clock = SourceClock(999.9, 0.0, unix=lambda: UNIX_S + 1001.0)
    tracker = Tracker(ahead_s, clock)
    tracker.send(2.0)
    assert clock.kind == kind
    assert clock.take_jump() == 0.0
    assert np.abs(tracker.errors_s).max() <= 0.0051
    assert (np.diff(tracker.times_s) > 0).all()
    assert "delay" in clock.method


def test_a_stamp_in_the_future_cannot_be_right():
    clock = SourceClock(999.9, 0.0)
    Tracker(3.0, clock).send(0.1)
    assert clock.foreign


def test_a_clock_that_is_right_stays_with_what_lsl_measured():
    clock = SourceClock(999.9, -50.0)
    tracker = Tracker(50.0, clock)
    tracker.send(1.0)
    assert (clock.kind, clock.offset_s) == ("lsl", -50.0)
    np.testing.assert_allclose(tracker.errors_s, 0.0, atol=1e-9)


@pytest.mark.parametrize("foreign_s", [0.0, UNIX_S])
@pytest.mark.parametrize("by_s", [7.0, -7.0, 0.8, -0.8])
def test_a_clock_that_is_set_while_recording_is_noticed_and_followed(foreign_s, by_s):
    clock = SourceClock(999.9, 0.0, unix=lambda: UNIX_S)
    tracker = Tracker(foreign_s, clock)
    tracker.send(1.0)
    tracker.ahead_s += by_s
    tracker.send(1.0)
    assert clock.take_jump() == pytest.approx(by_s, abs=0.02)
    assert clock.take_jump() == 0.0
    assert clock.foreign
    assert np.abs(tracker.errors_s[-60:]).max() <= 0.0051


def test_samples_that_come_late_are_no_jump():
    clock = SourceClock(999.9, 0.0)
    tracker = Tracker(0.0, clock)
    tracker.send(1.0)
    stamps_s = tracker.now_s + np.arange(300) / 100.0
    for i in range(0, 300, 10):  # three seconds of samples within 0.1 s
        clock.to_session(stamps_s[i : i + 10], tracker.now_s + 3.0 + i / 3000)
    tracker.now_s += 3.1
    tracker.send(1.0)
    assert clock.take_jump() == 0.0
    assert not clock.foreign
    np.testing.assert_allclose(tracker.errors_s, 0.0, atol=1e-9)


def test_old_samples_after_newer_ones_are_no_jump():
    clock = SourceClock(999.9, 0.0)
    tracker = Tracker(0.0, clock)
    tracker.send(2.0)
    old_s = tracker.now_s - 1.5 + np.arange(100) / 100.0
    for i in range(0, 100, 10):
        now_s = tracker.now_s + i / 1000
        np.testing.assert_allclose(clock.to_session(old_s[i : i + 10], now_s), old_s[i : i + 10])
    tracker.now_s += 0.11
    tracker.send(1.0)
    assert clock.take_jump() == 0.0


@given(
    rate_hz=st.sampled_from([30.0, 60.0, 200.0, 600.0, 2000.0]),
    jitter=st.floats(0.0, 0.2),
    dropped=st.floats(0.0, 0.3),
    size=st.integers(1, 700),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_missing_samples_are_counted_whatever_the_claimed_rate(rate_hz, jitter, dropped, size, seed):
    rng = np.random.default_rng(seed)
    n = 3000
    stamps_s = 5000.0 + (np.arange(n) + rng.uniform(-jitter, jitter, n)) / rate_hz
    keep = rng.random(n) >= dropped
    keep[[0, -1]] = True
    kept_s = stamps_s[keep]
    counted = Expectation()
    for i in range(0, len(kept_s), size):
        counted.add(kept_s[i : i + size])
    assert counted.received == len(kept_s)
    assert counted.period_s == pytest.approx(1 / rate_hz, rel=0.01)
    assert counted.expected == pytest.approx(n, abs=5)


def test_a_gap_counts_and_samples_that_come_late_fill_it():
    counted, stamps_s = Expectation(), np.arange(1000) / 250.0
    counted.add(stamps_s[:300])
    counted.add(stamps_s[500:])
    assert (counted.received, counted.expected) == (800, 1000)
    counted.add(stamps_s[300:400])
    assert (counted.received, counted.expected, counted.late) == (900, 1000, 100)


def test_stamps_of_a_polling_program_are_not_taken_for_losses():
    rng = np.random.default_rng(2)
    polled_s = np.ceil(np.arange(4000) / 500.0 / 0.005) * 0.005 + rng.uniform(0, 1e-4, 4000)
    counted = Expectation()
    counted.add(np.sort(polled_s))
    assert counted.expected - counted.received <= 8


def test_too_few_samples_expect_nothing():
    counted = Expectation()
    counted.add(np.array([1.0]))
    counted.add(np.array([1.0, 9.0]))
    assert (counted.received, counted.expected) == (3, 3)
    assert np.isnan(counted.period_s)


def test_a_late_burst_is_told_once_when_it_is_over():
    watch, told = LateWatch(), []
    for arrived_s, first_s in ((0.1, 0.0), (3.1, 0.1), (3.12, 1.1), (3.2, 3.0), (3.3, 3.2)):
        told.append(watch.update(first_s + np.arange(10) / 100.0, arrived_s))
    assert [burst is not None for burst in told] == [False, False, False, True, False]
    assert (told[3].samples, told[3].late_s, told[3].lasting) == (20, pytest.approx(3.0), False)


def test_samples_that_are_always_late_are_told_once():
    watch = LateWatch()
    told = [watch.update(np.array([i / 10]), i / 10 + 2.0) for i in range(200)]
    (burst,) = [b for b in told if b is not None]
    assert burst.lasting
    assert burst.late_s == pytest.approx(2.0)


def _chunk(t_s: np.ndarray) -> GazeChunk:
    n = len(t_s)
    return GazeChunk(t_s, t_s + 7.0, np.zeros((n, 2)), np.ones(n, bool), np.zeros((n, 2)), np.zeros((n, 1)))


def test_every_connection_has_its_account():
    tally, t_s = Tally(), np.arange(500) / 100.0
    assert tally.connections == ()
    assert tally.took(_chunk(t_s[:100]), Link(0, 0.0))
    assert not tally.took(_chunk(t_s[150:200]), Link(0, 0.0))
    assert tally.took(_chunk(t_s[400:]), Link(1, 4.0, "unix"))
    first, second = tally.connections
    assert (first.first_sample, first.received, first.expected, first.lost) == (0, 150, 200, 50)
    assert (second.first_sample, second.received, second.lost, second.foreign) == (150, 100, 0, True)
    assert tally.samples == 250


def test_drift_is_measured_from_offsets_after_a_minute():
    tally = Tally()
    tally.took(_chunk(np.arange(10) / 10.0), Link())
    for i in range(60):
        t_s = 5.0 * i
        tally.offset(t_s, 1e6 - 80e-6 * t_s)
        assert np.isnan(tally.connections[0].drift_ppm) == (t_s < 60.0)
    assert tally.connections[0].drift_ppm == pytest.approx(80.0, abs=0.1)


def test_a_clock_that_was_set_does_not_spoil_the_count():
    tally = Tally()
    tally.took(_chunk(np.arange(100) / 100.0), Link())
    tally.forget_clock()
    tally.took(_chunk(5000.0 + np.arange(100) / 100.0), Link())
    assert (tally.connections[0].received, tally.connections[0].lost) == (200, 0)


def test_samples_can_be_put_in_order():
    mixed = _chunk(np.array([3.0, 1.0, 2.0]))
    assert mixed.by_time().t_source_s.tolist() == [8.0, 9.0, 10.0]
    assert mixed.by_time().by_time().t_s.tolist() == [1.0, 2.0, 3.0]
