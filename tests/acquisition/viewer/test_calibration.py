from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.calibration import Calibration, clean_points, fit_calibration
from acquisition.fixations import detect_ivt
from acquisition.quality import Validation, validate
from acquisition.samples import GazeChunk
from acquisition.targets import TargetWindow, calibration_targets, validation_targets
from acquisition.truth import match_fixations, slot_accuracy
from protocols.errors import AxesSuspicious, CalibrationError, TooFewValid
from protocols.geometry import FloatArray, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
HZ = 120.0


def gaze(xy_px: FloatArray) -> GazeChunk:
    n = len(xy_px)
    t = np.arange(n) / HZ
    return GazeChunk(t, t, xy_px, np.isfinite(xy_px).all(axis=1), np.full((n, 2), np.nan), xy_px)


def windows(
    targets: FloatArray, error: Callable[[FloatArray], FloatArray], noise_deg: float = 0.1
) -> list[TargetWindow]:
    """A second and a half of gaze on each target, as a tracker with this error reports it."""
    rng = np.random.default_rng(0)
    made = []
    for target in targets:
        reported = error(target[None, :]) + rng.normal(0, noise_deg * DEG, (180, 2))
        reported[:20] += 400  # still on the way
        made.append(TargetWindow.of((float(target[0]), float(target[1])), 0.0, 1.5, gaze(reported)))
    return made


def bent(xy: FloatArray) -> FloatArray:
    """An offset, a gain and a curvature of about 1.3 deg."""
    u = (xy - [960, 540]) / 960
    return xy + [30, -35] + u * [25, 30] + (u[:, :1] ** 2) * [18, -12]


def held_out_deg(calibration: Calibration, error: Callable[[FloatArray], FloatArray]) -> float:
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 9) * 1920, np.linspace(0.05, 0.95, 9) * 1080)
    eyes = np.column_stack([x.ravel(), y.ravel()])
    return float(SCREEN.angle_deg(calibration.map_px(error(eyes)), eyes).mean())


@pytest.mark.parametrize("count", [5, 9, 13])
def test_a_smooth_error_is_removed(count: int) -> None:
    calibration = fit_calibration(windows(calibration_targets(count, SCREEN), bent), SCREEN)
    assert held_out_deg(Calibration.identity(), bent) > 1.1
    assert held_out_deg(calibration, bent) < 0.25
    assert calibration.expected_error_deg is not None
    assert calibration.expected_error_deg >= held_out_deg(calibration, bent) / 2


def test_a_shift_is_removed_without_inventing_a_curvature() -> None:
    calibration = fit_calibration(
        windows(calibration_targets(5, SCREEN), lambda xy: xy + np.array([40, 25])), SCREEN
    )
    assert np.abs(np.asarray(calibration.terms[1:])).max() < 4
    assert held_out_deg(calibration, lambda xy: xy + np.array([40, 25])) < 0.08


@pytest.mark.parametrize("seed", range(3))
def test_the_simulated_viewer_is_calibrated_to_a_quarter_degree(bench, seed: int) -> None:
    viewer = bench(seed=seed)
    calibration, validation = calibrated(viewer)
    assert validation.accuracy_mean_deg < 0.25
    assert validation.verdict == "green"
    assert validation.rms_s2s_deg == pytest.approx(0.1, rel=0.3)
    assert held_out_deg(calibration, lambda xy: viewer.participant.distortion.apply(xy, SCREEN)) < 0.25


def test_calibrated_gaze_finds_the_right_posters(bench, screens) -> None:
    viewer = bench(seed=3)
    calibration, _ = calibrated(viewer)
    for screen in screens(6):
        viewer.run_trial(screen)
    chunk = viewer.gaze()
    xy = calibration.apply(chunk)
    found = detect_ivt(chunk.t_s, xy, chunk.valid, SCREEN, None, viewer.cuts_s())
    truth = viewer.truth()
    match = match_fixations(found, truth, SCREEN)
    assert min(match.precision, match.recall) >= 0.96
    assert slot_accuracy(found, truth, match, viewer.views) >= 0.98
    assert np.median(match.position_error_deg) < 0.2


def calibrated(viewer) -> tuple[Calibration, Validation]:
    """Show nine targets and four others, fit and validate."""
    viewer.live(0.3)
    shown = []
    for target in np.vstack([calibration_targets(9, SCREEN), validation_targets(4, SCREEN)]):
        shown.append((tuple(target), viewer.now_s, viewer.now_s + 1.2))
        viewer.target(tuple(target), 1.2)
    recorded = [TargetWindow.of(xy, on, off, viewer.gaze()) for xy, on, off in shown]
    calibration = fit_calibration(recorded[:9], SCREEN)
    return calibration, validate(calibration, recorded[9:], SCREEN, HZ)


def test_unusable_targets_are_named_and_counted() -> None:
    good = windows(calibration_targets(9, SCREEN), bent)
    lost = good[2]
    blink = np.where(np.arange(len(lost.valid)) % 3 == 0, lost.valid, False)
    good[2] = TargetWindow(lost.target_px, lost.t_on_s, lost.t_off_s, lost.t_s, lost.xy_px, blink)
    good[4] = good[4].mapped(good[4].xy_px + np.random.default_rng(1).normal(0, 4 * DEG, (180, 2)))
    with pytest.raises(TooFewValid, match=r"2 of 9 targets.*\(960, 540\) px 3.% .*\(1728, 972\) px"):
        fit_calibration(good, SCREEN)


def test_a_target_without_any_gaze_is_refused() -> None:
    none = TargetWindow.of((5.0, 5.0), 50.0, 51.0, gaze(np.zeros((10, 2))))
    with pytest.raises(TooFewValid, match="0% of the gaze"):
        clean_points([none], SCREEN)


def test_a_look_away_does_not_move_the_point() -> None:
    window = windows(np.array([[960.0, 540.0]]), lambda xy: xy, noise_deg=0.05)[0]
    xy = window.xy_px.copy()
    xy[150:] += 300
    point = clean_points([window.mapped(xy)], SCREEN)[0]
    assert point.gaze_px == pytest.approx((960, 540), abs=3)


def test_too_few_targets_are_refused() -> None:
    with pytest.raises(TooFewValid, match="3 calibration targets"):
        fit_calibration(windows(calibration_targets(5, SCREEN)[:3], bent), SCREEN)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(lambda xy: xy[:, ::-1], id="axes swapped"),
        pytest.param(lambda xy: [1920, 0] + xy * [-1, 1], id="mirrored"),
        pytest.param(lambda xy: [0, 1080] + xy * [1, -1], id="origin at the bottom"),
        pytest.param(lambda xy: xy + np.array([1920, 0]), id="another display"),
        pytest.param(lambda xy: xy / 2, id="another resolution"),
        pytest.param(lambda xy: 0 * xy + [960, 540], id="stuck"),
    ],
)
def test_a_wrong_set_up_is_not_corrected_but_refused(error: Callable[[FloatArray], FloatArray]) -> None:
    with pytest.raises(AxesSuspicious):
        fit_calibration(windows(calibration_targets(9, SCREEN), error, noise_deg=0.02), SCREEN)


def test_the_identity_changes_nothing() -> None:
    xy = np.random.default_rng(0).normal(500, 900, (50, 2))
    xy[7] = np.nan
    assert np.array_equal(Calibration.identity().apply(gaze(xy)), xy, equal_nan=True)


def test_json_keeps_every_bit() -> None:
    calibration = fit_calibration(windows(calibration_targets(9, SCREEN), bent), SCREEN)
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert Calibration.from_json(Calibration.identity().to_json()) == Calibration.identity()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"method": "identity"}', "null"])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(CalibrationError):
        Calibration.from_json(text)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 300), max_size=6).map(sorted))
def test_mapping_in_chunks_is_mapping_at_once_to_the_last_bit(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    terms = tuple((float(x), float(y)) for x, y in rng.normal(0, 30, (6, 2)))
    calibration = Calibration("residual-quadratic-ridge", SCREEN.size_px, terms)
    xy = rng.normal(700, 700, (300, 2))
    parts = [calibration.map_px(part) for part in np.split(xy, cuts)]
    assert np.array_equal(np.concatenate(parts), calibration.map_px(xy))


def test_far_off_screen_the_correction_stays_that_of_the_edge() -> None:
    calibration = fit_calibration(windows(calibration_targets(9, SCREEN), bent), SCREEN)
    far = np.array([[1e5, 1e5]])
    assert np.abs(calibration.map_px(far) - far).max() < 5 * DEG


def test_validation_targets_are_other_points() -> None:
    for count in (5, 9, 13):
        for others in (4, 5):
            every = np.vstack([calibration_targets(count, SCREEN), validation_targets(others, SCREEN)])
            assert len(np.unique(every, axis=0)) == count + others
    with pytest.raises(CalibrationError, match="7 targets"):
        calibration_targets(7, SCREEN)
