from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from acquisition.calibration import Calibration
from acquisition.offsets import offsets_deg
from acquisition.quality import (
    PointQuality,
    Validation,
    effective_rate_hz,
    point_quality,
    validate,
    verdict,
)
from acquisition.targets import TargetWindow
from protocols.blocks import QualityLimits
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
HZ = 100.0
CENTRE = (960.0, 540.0)


def window(xy_px: FloatArray, target_px: tuple[float, float] = CENTRE) -> TargetWindow:
    """Gaze at 100 Hz, the last second of which counts."""
    valid = np.isfinite(xy_px).all(axis=1)
    return TargetWindow(target_px, 0.0, len(xy_px) / HZ, np.arange(len(xy_px)) / HZ, xy_px, valid)


def quality(xy_px: FloatArray, target_px: tuple[float, float] = CENTRE) -> PointQuality:
    return point_quality(window(xy_px, target_px), SCREEN, HZ, settle_s=0.0)


def noisy(offset_deg: tuple[float, float], sd_deg: float, n: int = 20_000) -> FloatArray:
    rng = np.random.default_rng(0)
    return np.asarray(CENTRE) + (np.asarray(offset_deg) + rng.normal(0, sd_deg, (n, 2))) * DEG


def test_an_offset_is_measured_as_it_was_made() -> None:
    seen = quality(noisy((0.3, -0.4), 0.0, n=100))
    assert seen.accuracy_mean_offset_deg == pytest.approx(0.5, rel=1e-3)
    assert seen.accuracy_median_deg == pytest.approx(0.5, rel=1e-3)
    assert (seen.rms_s2s_deg, seen.sd_deg, seen.bcea_deg2) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (seen.samples, seen.data_loss, seen.invalid_share) == (100, 0.0, 0.0)


def test_white_noise_has_the_precision_theory_gives_it() -> None:
    seen = quality(noisy((0.0, 0.0), 0.2))
    assert seen.sd_deg == pytest.approx(0.2 * np.sqrt(2), rel=0.03)
    assert seen.rms_s2s_deg == pytest.approx(0.4, rel=0.03)
    assert seen.bcea_deg2 == pytest.approx(2 * -np.log(0.32) * np.pi * 0.04, rel=0.05)
    assert seen.accuracy_mean_offset_deg == pytest.approx(0.0, abs=0.01)
    assert seen.accuracy_median_deg == pytest.approx(0.2 * np.sqrt(2 * np.log(2)), rel=0.03)


def test_degrees_are_exact_far_from_the_centre() -> None:
    target = np.array([1900.0, 1060.0])
    offset = offsets_deg(target + np.array([[10.0, 0.0]]), target, SCREEN)
    assert np.hypot(*offset[0]) == pytest.approx(
        float(SCREEN.angle_deg(target + np.array([10.0, 0.0]), target))
    )
    assert np.hypot(*offset[0]) < 10 / DEG * 0.95
    assert offset[0, 1] == pytest.approx(0.0)


def test_samples_that_never_came_are_lost_too() -> None:
    flagged = noisy((0.0, 0.0), 0.1, n=100)
    flagged[:20] = np.nan
    seen = quality(flagged)
    assert (seen.data_loss, seen.invalid_share) == pytest.approx((0.2, 0.2))
    whole = window(noisy((0.0, 0.0), 0.1, n=100))
    keep = np.arange(100) >= 20
    missing = TargetWindow(CENTRE, 0.0, 1.0, whole.t_s[keep], whole.xy_px[keep], whole.valid[keep])
    seen = point_quality(missing, SCREEN, HZ, settle_s=0.0)
    assert (seen.data_loss, seen.invalid_share) == pytest.approx((0.2, 0.0))


def test_precision_is_not_measured_across_a_gap() -> None:
    xy = np.tile(np.asarray(CENTRE), (100, 1))
    xy[50:] += 3 * DEG
    xy[50] = np.nan
    assert quality(xy).rms_s2s_deg == pytest.approx(0.0, abs=1e-9)
    assert quality(np.delete(xy, 50, axis=0)).rms_s2s_deg > 0.1


def test_the_first_moments_do_not_count() -> None:
    xy = noisy((0.0, 0.0), 0.0, n=150)
    xy[:44] += 500
    assert point_quality(window(xy), SCREEN, HZ).accuracy_mean_offset_deg == pytest.approx(0.0, abs=1e-6)


def judged(*offsets: float, lost: int = 0) -> Validation:
    windows = []
    for offset in offsets:
        xy = noisy((offset, 0.0), 0.0, n=200)
        xy[len(xy) - lost :] = np.nan
        windows.append(window(xy))
    return validate(Calibration.identity(), windows, SCREEN, HZ)


@pytest.mark.parametrize(
    ("offsets", "verdict"),
    [
        ((0.4, 0.5, 0.4, 0.5), "green"),
        ((0.3, 0.3, 0.2, 1.05), "amber"),
        ((0.8, 0.9, 1.0, 1.1), "amber"),
        ((0.3, 0.3, 0.3, 1.6), "red"),
        ((1.1, 1.1, 1.1, 1.1), "red"),
    ],
)
def test_verdicts(offsets: tuple[float, ...], verdict: str) -> None:
    assert judged(*offsets).verdict == verdict


def test_lost_data_are_red_however_accurate_the_rest() -> None:
    assert judged(0.1, 0.1, lost=20).verdict == "green"
    assert judged(0.1, 0.1, lost=50).verdict == "red"
    blind = judged(0.1, 0.1, lost=200)
    assert (blind.verdict, blind.accuracy_mean_deg, blind.data_loss) == ("red", None, 1.0)


def test_numbers_are_means_over_targets_and_the_worst() -> None:
    seen = judged(0.2, 0.6)
    assert (seen.accuracy_mean_deg, seen.accuracy_max_deg) == pytest.approx((0.4, 0.6), rel=1e-3)


def test_json_keeps_every_bit_and_the_unknown() -> None:
    for seen in (judged(0.2, 0.6), judged(0.1, lost=200)):
        assert Validation.from_json(seen.to_json()) == seen
    with pytest.raises(CalibrationError):
        Validation.from_json("{}")


def test_nothing_cannot_be_judged() -> None:
    with pytest.raises(CalibrationError):
        validate(Calibration.identity(), [], SCREEN, HZ)


def test_the_rate_is_that_of_the_stamps() -> None:
    t = np.arange(100) / 90.0
    assert effective_rate_hz(np.delete(t, slice(20, 50))) == pytest.approx(90.0)
    assert effective_rate_hz(t[:1]) == 0.0


def test_the_ratio_of_rms_and_sd_tells_white_noise_from_a_filter() -> None:
    white = noisy((0.0, 0.0), 0.2)
    seen = quality(white)
    assert seen.rms_sd_ratio == pytest.approx(np.sqrt(2), rel=0.02)
    kernel = np.ones(10) / 10
    smooth = np.column_stack([np.convolve(white[:, k], kernel, mode="valid") for k in (0, 1)])
    filtered = quality(smooth)
    # A mean of n samples keeps 1/sqrt(n) of the SD, and steps of sqrt(2)/n: their ratio is sqrt(2/n).
    assert filtered.rms_sd_ratio == pytest.approx(np.sqrt(2 / 10), rel=0.05)
    assert quality(noisy((0.0, 0.0), 0.0, n=1)).rms_sd_ratio is None


def test_a_wandering_eye_has_a_worse_mean_than_median_offset() -> None:
    """Mean of vectors and median of lengths are two definitions: here they differ, by formula."""
    ring = np.linspace(0, 2 * np.pi, 101)[:-1]
    around = quality(np.asarray(CENTRE) + np.column_stack([np.cos(ring), np.sin(ring)]) * DEG)
    assert around.accuracy_mean_offset_deg == pytest.approx(0.0, abs=1e-3)
    assert around.accuracy_median_deg == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("share", [0.1, 0.37, 0.6])
def test_loss_counts_what_never_came_against_what_was_expected(share: float) -> None:
    xy = noisy((0.0, 0.0), 0.1, n=200)
    never = np.random.default_rng(0).random(200) < share
    full = window(xy)
    came = TargetWindow(CENTRE, 0.0, 2.0, full.t_s[~never], full.xy_px[~never], full.valid[~never])
    seen = point_quality(came, SCREEN, HZ, settle_s=0.0)
    assert seen.data_loss == pytest.approx(never.mean(), abs=1e-9)
    assert seen.invalid_share == 0.0


ORDER = ("green", "amber", "red")
ANGLES = st.lists(st.floats(0, 3), min_size=1, max_size=9)


@settings(max_examples=100, deadline=None)
@given(offsets=ANGLES, worse=st.floats(0, 2), loss=st.floats(0, 1), more=st.floats(0, 1))
def test_worse_gaze_is_never_judged_better(
    offsets: list[float], worse: float, loss: float, more: float
) -> None:
    limits, losses = QualityLimits(), [loss] * len(offsets)
    now = verdict(offsets, losses, limits)
    assert ORDER.index(verdict([o + worse for o in offsets], losses, limits)) >= ORDER.index(now)
    assert ORDER.index(verdict(offsets, [min(loss + more, 1.0)] * len(offsets), limits)) >= ORDER.index(now)


@settings(max_examples=100, deadline=None)
@given(offsets=ANGLES, factor=st.floats(1, 4))
def test_wider_limits_never_judge_worse(offsets: list[float], factor: float) -> None:
    usual = QualityLimits()
    wide = QualityLimits(**{k: v * factor for k, v in usual.model_dump().items() if k.endswith("deg")})
    losses = [0.0] * len(offsets)
    assert ORDER.index(verdict(offsets, losses, wide)) <= ORDER.index(verdict(offsets, losses, usual))


def test_a_study_may_have_limits_of_its_own_but_no_absurd_ones() -> None:
    strict = QualityLimits(green_mean_deg=0.2, amber_mean_deg=0.3)
    assert verdict([0.4, 0.4], [0.0, 0.0], strict) == "red"
    with pytest.raises(ValidationError, match="must not exceed"):
        QualityLimits(green_mean_deg=1.2)


def px(least: int, most: int) -> st.SearchStrategy[float]:
    """Positions that add without rounding: a smaller offset would be lost in a sum near 1920 px."""
    return st.integers(least * 1024, most * 1024).map(lambda n: n / 1024)


@settings(max_examples=100, deadline=None)
@given(x=px(0, 1920), y=px(0, 1080), dx=px(-200, 200), dy=px(-200, 200))
def test_an_offset_is_as_long_as_the_angle_and_turns_round_with_it(
    x: float, y: float, dx: float, dy: float
) -> None:
    target = np.array([x, y])
    gaze = target + np.array([[dx, dy]])
    there = offsets_deg(gaze, target, SCREEN)[0]
    assert np.hypot(*there) == pytest.approx(float(SCREEN.angle_deg(gaze[0], target)), abs=1e-12)
    back = offsets_deg(target[None, :], gaze[0], SCREEN)[0]
    np.testing.assert_allclose(back, -there, atol=1e-9)
    # Across the line of sight a degree is never smaller than at the centre of a flat screen.
    assert np.hypot(*there) <= np.hypot(dx, dy) / DEG * 1.002
