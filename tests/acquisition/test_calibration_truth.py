"""Calibration against simulated truth: many trackers whose real error is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.calibration import Calibration, fit_calibration, unusable
from acquisition.quality import validate
from acquisition.samples import GazeChunk
from acquisition.targets import ShownTarget, TargetWindow, calibration_targets, validation_targets
from acquisition.viewer.tracker_error import Distortion, draw_distortion
from protocols.errors import TooFewValid
from protocols.geometry import FloatArray, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
HZ = 60.0
RUNS = 60
RESIDUAL_DEG = 0.25 / np.sqrt(2)  # per axis: 0.25 deg in all, as root mean square
GRID = np.stack(
    np.meshgrid(np.linspace(0.05, 0.95, 9) * 1920, np.linspace(0.05, 0.95, 9) * 1080), axis=-1
).reshape(-1, 2)


def window(target: FloatArray, gaze_px: FloatArray, rng: np.random.Generator) -> TargetWindow:
    """1.2 s of gaze that arrives after 0.2 s, with noise."""
    n = int(1.2 * HZ)
    xy = gaze_px + rng.normal(0, 0.1 * DEG, (n, 2))
    xy[: int(0.2 * HZ)] += 300
    t_s = np.arange(n) / HZ
    return TargetWindow((float(target[0]), float(target[1])), 0.0, 1.2, t_s, xy, np.ones(n, bool))


def run(seed: int, count: int, curved: bool, residual_deg: float) -> tuple[float, float]:
    """Calibrate one simulated tracker; return its mean error over the screen before and after, in deg."""
    rng = np.random.default_rng(seed)
    error = draw_distortion(rng, 1.25, SCREEN)
    if not curved:
        flat = Distortion(error.terms * (np.arange(6) < 3)[:, None])
        raw_deg = float(SCREEN.angle_deg(flat.apply(GRID, SCREEN), GRID).mean())
        error = Distortion(flat.terms * (1.25 / raw_deg))
    targets = calibration_targets(count, SCREEN)
    eyes = targets + rng.normal(0, residual_deg * DEG, targets.shape)
    windows = [window(t, g, rng) for t, g in zip(targets, error.apply(eyes, SCREEN), strict=True)]
    calibration = fit_calibration(windows, SCREEN)
    seen = error.apply(GRID, SCREEN)
    before, after = SCREEN.angle_deg(seen, GRID), SCREEN.angle_deg(calibration.map_px(seen), GRID)
    return float(before.mean()), float(after.mean())


@pytest.mark.parametrize(
    ("count", "curved", "residual_deg", "most_deg"),
    [
        (9, True, RESIDUAL_DEG, 0.20),
        (9, True, 0.25, 0.20),
        (5, True, RESIDUAL_DEG, 0.24),
        (13, True, RESIDUAL_DEG, 0.16),
        (9, False, RESIDUAL_DEG, 0.17),
        (5, False, RESIDUAL_DEG, 0.20),
    ],
)
def test_a_tracker_1_25_deg_off_is_corrected(
    count: int, curved: bool, residual_deg: float, most_deg: float
) -> None:
    before, after = np.mean([run(seed, count, curved, residual_deg) for seed in range(RUNS)], axis=0)
    assert before == pytest.approx(1.25, abs=0.05)
    assert after <= most_deg


def test_the_error_expected_from_targets_left_out_is_no_flattery() -> None:
    expected, real = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        error = draw_distortion(rng, 1.25, SCREEN)
        targets = calibration_targets(9, SCREEN)
        eyes = targets + rng.normal(0, RESIDUAL_DEG * DEG, targets.shape)
        windows = [window(t, g, rng) for t, g in zip(targets, error.apply(eyes, SCREEN), strict=True)]
        fitted = fit_calibration(windows, SCREEN)
        tests = validation_targets(5, SCREEN)
        seen = [window(t, error.apply(t[None, :], SCREEN)[0], rng) for t in tests]
        expected.append(fitted.expected_error_deg)
        real.append(validate(fitted, seen, SCREEN, HZ).accuracy_mean_deg)
    assert np.mean(expected) >= np.mean(real)
    assert np.mean(expected) < 0.6


@settings(max_examples=30, deadline=None)
@given(
    x=st.floats(-1.5, 1.5), y=st.floats(-1.5, 1.5), count=st.sampled_from([5, 9, 13]), seed=st.integers(0, 99)
)
def test_any_shift_is_undone(x: float, y: float, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = calibration_targets(count, SCREEN)
    shift_px = np.array([x, y]) * DEG
    windows = [window(t, t + shift_px, rng) for t in targets]
    fitted = fit_calibration(windows, SCREEN)
    assert SCREEN.angle_deg(fitted.map_px(targets + shift_px), targets).max() < 0.15


@settings(max_examples=20, deadline=None)
@given(bad=st.sets(st.integers(0, 8), max_size=4), order=st.permutations(range(9)), seed=st.integers(0, 99))
def test_repeating_bad_targets_leaves_every_other_one_as_it_was(
    bad: set[int], order: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    targets = calibration_targets(9, SCREEN)[order]
    good = [window(t, t + 20.0, rng) for t in targets]
    lost = [
        w if i not in bad else TargetWindow(w.target_px, 0.0, 1.2, w.t_s, w.xy_px, np.zeros(len(w.t_s), bool))
        for i, w in enumerate(good)
    ]
    assert set(unusable(lost, SCREEN)) == bad
    repaired = [g if i in bad else w for i, (w, g) in enumerate(zip(lost, good, strict=True))]
    assert unusable(repaired, SCREEN) == {}
    assert fit_calibration(repaired, SCREEN) == fit_calibration(good, SCREEN)


def test_a_target_lost_for_more_than_half_is_refused_and_one_a_little_less_is_not() -> None:
    rng = np.random.default_rng(0)
    targets = calibration_targets(5, SCREEN)
    windows = [window(t, t, rng) for t in targets]
    settled = windows[0].t_s >= 0.45
    for kept, refused in ((0.45, True), (0.55, False)):
        valid = np.ones(len(settled), bool)
        after = np.flatnonzero(settled)
        valid[after[int(kept * len(after)) :]] = False
        w = windows[0]
        windows[0] = TargetWindow(w.target_px, w.t_on_s, w.t_off_s, w.t_s, w.xy_px, valid)
        assert bool(unusable(windows, SCREEN)) is refused
    lost = TargetWindow(w.target_px, 0.0, 1.2, w.t_s, w.xy_px, np.zeros(len(w.t_s), bool))
    with pytest.raises(TooFewValid, match="1 of 5 targets"):
        fit_calibration([lost, *windows[1:]], SCREEN)


def test_the_last_look_counts_when_it_is_the_longest() -> None:
    rng = np.random.default_rng(0)
    t_s = np.arange(120) / HZ
    xy = np.array([960.0, 540.0]) + rng.normal(0, 0.05 * DEG, (120, 2))
    xy[:48] += 2 * DEG  # looks elsewhere until 0.8 s
    w = TargetWindow((960.0, 540.0), 0.0, 2.0, t_s, xy, np.ones(120, bool))
    assert unusable([w], SCREEN) == {}
    others = [window(t, t, rng) for t in calibration_targets(5, SCREEN) if tuple(t) != (960.0, 540.0)]
    points = fit_calibration([w, *others], SCREEN).points
    assert points[0].gaze_px == pytest.approx((960, 540), abs=3)
    assert points[0].samples == pytest.approx(72, abs=4)


def test_noise_of_samples_does_not_make_a_point_unsteady() -> None:
    """A remote tracker at 600 Hz with 0.3 deg of white noise."""
    rng = np.random.default_rng(0)
    t_s = np.arange(600) / 600.0
    xy = np.array([400.0, 300.0]) + rng.normal(0, 0.3 * DEG, (600, 2))
    w = TargetWindow((400.0, 300.0), 0.0, 1.0, t_s, xy, np.ones(600, bool))
    assert unusable([w], SCREEN) == {}


def test_a_drift_correction_shifts_the_map_and_keeps_the_fit() -> None:
    rng = np.random.default_rng(1)
    fitted = fit_calibration([window(t, t + 15.0, rng) for t in calibration_targets(9, SCREEN)], SCREEN)
    shifted = fitted.shifted((12.0, -7.5)).shifted((1.0, 0.5))
    assert (shifted.terms, shifted.points) == (fitted.terms, fitted.points)
    np.testing.assert_allclose(shifted.map_px(GRID) - fitted.map_px(GRID), np.tile([13.0, -7.0], (81, 1)))
    moved = Calibration.identity().shifted((3.0, 4.0))
    np.testing.assert_allclose(moved.map_px(GRID) - GRID, np.tile([3.0, 4.0], (81, 1)))
    for one in (fitted, shifted, moved):
        assert Calibration.from_json(one.to_json()) == one
    assert "shift_px" not in fitted.to_json()
    assert "eye" not in fitted.to_json()


def test_a_window_is_cut_from_the_eye_that_is_asked_for() -> None:
    t_s = np.arange(10) / 10.0
    eyes = np.zeros((10, 2, 2))
    eyes[:, 0], eyes[:, 1] = 100.0, 200.0
    eyes[3, 0] = np.nan
    xy = eyes[:, 1] * 0.75
    chunk = GazeChunk(t_s, t_s, xy, np.ones(10, bool), np.full((10, 2), np.nan), xy, eyes)
    shown = ShownTarget((5.0, 5.0), 0.15, 0.65)
    assert shown.window(chunk).xy_px[0].tolist() == [150.0, 150.0]
    left = shown.window(chunk, "left")
    assert left.xy_px[0].tolist() == [100.0, 100.0]
    assert left.valid.tolist() == [True, False, True, True, True]
    part = chunk.rows(slice(2, 5))
    assert part.eyes_px[0, 1].tolist() == [200.0, 200.0]
    assert len(GazeChunk.joined([part, part]).eyes_px) == 6
    assert np.isnan(GazeChunk.empty().eyes_px).all()
