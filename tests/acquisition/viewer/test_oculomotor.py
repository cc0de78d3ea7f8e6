from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.viewer.oculomotor import EyeHabits, Scanpath, minimum_jerk, saccade_s, true_fixations
from acquisition.viewer.tracker_error import (
    Distortion,
    SampleStamps,
    SimulatedTracker,
    TrackerError,
    draw_distortion,
)
from protocols.geometry import Rect, Screen
from protocols.slots import Slot, SlotLayout

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
NO_BLINKS = EyeHabits(blink_every_s=1e9)
START = (960.0, 540.0)


def eye(habits: EyeHabits = NO_BLINKS, seed: int = 0) -> Scanpath:
    return Scanpath(SCREEN, 0.0, START, habits, np.random.default_rng(seed))


def test_saccades_follow_the_main_sequence() -> None:
    path = eye()
    path.fixate(START, 0.3)
    onset_s = path.fixate((START[0] + 10 * DEG, START[1]), 0.3)
    amplitude = float(SCREEN.angle_deg(np.array(START), np.array([START[0] + 10 * DEG, START[1]])))
    assert onset_s - 0.3 == pytest.approx(saccade_s(amplitude)) == pytest.approx(0.0433, abs=0.001)


def test_the_eye_rests_moves_smoothly_and_rests() -> None:
    path = eye()
    path.fixate(START, 0.3)
    path.fixate((1400.0, 540.0), 0.3)
    t = np.arange(0, 0.6, 0.001)
    xy, open_lid = path.sample(t)
    x = xy[:, 0]
    assert open_lid.all()
    assert (np.diff(x) >= 0).all()
    assert (x[t < 0.3] == 960).all()
    assert (x[t > 0.35] == 1400).all()
    assert (
        np.diff(x).max() < 3.0 * 440 / 45
    )  # peak velocity of a minimum-jerk movement is 1.875 times the mean


def test_minimum_jerk_starts_and_ends_still() -> None:
    part = np.linspace(0, 1, 1001)
    way = minimum_jerk(part)
    assert (way[0], way[-1], minimum_jerk(np.array([0.5]))[0]) == (0.0, 1.0, 0.5)
    assert np.gradient(way, part)[[0, -1]] == pytest.approx([0, 0], abs=1e-2)


def test_an_interrupted_plan_ends_at_the_next_moment_the_eye_can_stop() -> None:
    path = eye()
    path.fixate(START, 1.0)
    path.fixate((1400.0, 540.0), 1.0)
    path.interrupt(0.5)
    assert (path.end_s, path.end_px) == (0.5, START)
    path.fixate((100.0, 100.0), 0.4)
    path.interrupt(0.51)  # on the way: the movement is completed, and the eye rests before the next
    assert path.end_px == (100.0, 100.0)
    assert path.end_s == pytest.approx(path.fixations_until(9.0)[-1][0] + NO_BLINKS.fixation_range_s[0])


def test_the_past_survives_an_interruption() -> None:
    path = eye()
    for x in (300.0, 900.0, 1500.0):
        path.fixate((x, 540.0), 0.3)
    path.sample(np.array([0.9]))
    path.interrupt(0.95)
    assert [xy[0] for _, _, xy in path.fixations_until(0.95)] == [300.0, 900.0, 1500.0]


def test_blinks_come_at_shifts_and_close_the_eye() -> None:
    path = eye(EyeHabits(blink_every_s=1.0))
    rng = np.random.default_rng(1)
    while path.end_s < 200:
        path.fixate((float(rng.uniform(100, 1800)), float(rng.uniform(100, 1000))), 0.25)
    path.fixate(START, 5.0)
    t = np.arange(0, 204, 0.005)
    _, open_lid = path.sample(t)
    closed = np.flatnonzero(np.diff(np.r_[False, ~open_lid, False].astype(int))).reshape(-1, 2)
    durations = np.diff(closed, axis=1).ravel() * 0.005
    assert 120 < len(closed) < 200
    assert (durations > 0.08).all()
    assert (durations < 0.22).all()
    fixations = path.fixations_until(200)
    starts = t[closed[:-1, 0]]
    inside = [any(a + 0.006 < s < b - 0.006 for a, b, _ in fixations) for s in starts]
    assert not any(inside)


def test_staring_is_one_fixation_until_a_blink() -> None:
    path = eye()
    for _ in range(5):
        path.fixate((500.0, 500.0), 1.0)
    assert len(path.fixations_until(9.0)) == 1


def test_fixation_durations_are_log_normal_around_230_ms() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([EyeHabits().fixation_s(rng) for _ in range(4000)])
    assert np.median(drawn) == pytest.approx(0.23, rel=0.05)
    assert np.log(drawn).std() == pytest.approx(0.35, rel=0.1)
    assert drawn.min() >= 0.1


def test_true_fixations_know_the_poster_on_the_page_of_their_time() -> None:
    left = Rect(0, 0, 100, 100)
    page = SlotLayout((Slot(left, left, 0, 0, "A (2000)", "Drama"),), SCREEN.size_px)
    fixations = [(0.0, 0.5, (50.0, 50.0)), (1.1, 1.5, (50.0, 50.0)), (1.6, 1.9, (500.0, 50.0))]
    truth = true_fixations([*fixations, (2.5, 3.0, (50.0, 50.0))], [(0.0, None), (1.0, page), (2.0, None)])
    assert truth.slot.tolist() == [-1, 0, -1, -1]


def test_stamps_are_irregular_increasing_and_complete() -> None:
    stamps = SampleStamps(TrackerError(rate_hz=120), 5.0, np.random.default_rng(0))
    t = np.concatenate([stamps.until(s) for s in (5.0, 5.5, 5.5, 4.0, 7.013, 15.0)])
    assert (np.diff(t) > 0).all()
    assert np.diff(t).std() > 1e-4
    assert len(t) == 1200
    assert t == pytest.approx(5.0 + np.arange(1200) / 120, abs=0.003)


def test_distortion_is_as_large_as_asked_and_smooth() -> None:
    x, y = np.meshgrid(np.linspace(96, 1824, 30), np.linspace(54, 1026, 30))
    grid = np.column_stack([x.ravel(), y.ravel()])
    for seed in range(5):
        distortion = draw_distortion(np.random.default_rng(seed), 0.9, SCREEN)
        error_deg = SCREEN.angle_deg(distortion.apply(grid, SCREEN), grid)
        assert error_deg.mean() == pytest.approx(0.9, rel=0.1)
        assert error_deg.max() < 3.5


def measured(error: TrackerError, seconds: float, hz: float = 120.0) -> tuple[np.ndarray, np.ndarray]:
    """Both eyes' samples (n, 2, 4) of someone staring at the centre."""
    tracker = SimulatedTracker(SCREEN, error, Distortion(np.zeros((6, 2))), np.random.default_rng(2))
    t = np.arange(0, seconds, 1 / hz)
    raw = tracker.measure(t, np.tile(START, (len(t), 1)), np.ones(len(t), bool))
    return t, raw.reshape(len(t), 2, 4)


def test_noise_is_what_it_says() -> None:
    _, eyes = measured(TrackerError(noise_rms_deg=0.2, loss_every_s=1e9), 60)
    xy = eyes[..., :2].mean(axis=1) * SCREEN.size_px
    step_deg = SCREEN.angle_deg(xy[1:], xy[:-1])
    assert np.sqrt((step_deg**2).mean()) == pytest.approx(0.2, rel=0.03)


def test_losses_are_rare_short_and_sometimes_of_one_eye() -> None:
    _, eyes = measured(TrackerError(loss_every_s=2.0), 600)
    lost = eyes[..., 3] == 0
    assert np.isnan(eyes[lost][:, :3]).all()
    assert np.isfinite(eyes[~lost]).all()
    assert 0.02 < lost.mean() < 0.08
    assert (lost[:, 0] & ~lost[:, 1]).any()
    assert (lost[:, 1] & ~lost[:, 0]).any()
    assert lost.all(axis=1).any()


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 600), max_size=8).map(sorted))
def test_samples_do_not_depend_on_chunks(cuts: list[int]) -> None:
    def made(parts: list[np.ndarray]) -> np.ndarray:
        distortion = draw_distortion(np.random.default_rng(1), 1.0, SCREEN)
        tracker = SimulatedTracker(
            SCREEN, TrackerError(loss_every_s=1.0), distortion, np.random.default_rng(2)
        )
        path = eye()
        path.fixate((300.0, 300.0), 2.0)
        path.fixate((900.0, 300.0), 4.0)
        return np.concatenate([tracker.measure(t, *path.sample(t)) for t in parts])

    t = np.arange(600) / 120
    assert np.allclose(made(np.split(t, cuts)), made([t]), rtol=0, atol=1e-12, equal_nan=True)
