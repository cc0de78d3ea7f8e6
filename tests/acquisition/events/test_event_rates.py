from __future__ import annotations

import numpy as np
import pytest

from acquisition.fixations import Fixations, detect_ivt
from acquisition.truth import match_fixations
from benchmarks._agreement import kappa
from benchmarks._simulated_gaze import SCREEN, Habits, SimulatedGaze, inside, simulated

RATES_HZ = (30, 60, 120, 250, 300, 500, 600, 1000, 2000)


def f1(found: Fixations, gaze: SimulatedGaze) -> float:
    match = match_fixations(found, gaze.truth, SCREEN)
    return 2 * match.precision * match.recall / (match.precision + match.recall)


@pytest.mark.parametrize("filtered", [False, True], ids=["white", "filtered"])
@pytest.mark.parametrize("noise_rms_deg", [0.1, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_default_settings_find_fixations_at_every_rate_and_noise(
    rate_hz: float, noise_rms_deg: float, filtered: bool
) -> None:
    habits = Habits(noise_rms_deg, filtered, oscillation=0.1)
    gaze = simulated(round(rate_hz + 1000 * noise_rms_deg), 60.0, rate_hz, habits)
    assert f1(detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN), gaze) >= 0.92


@pytest.mark.parametrize("noise_rms_deg", [0.6, 0.8])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_twice_the_noise_of_a_remote_tracker_does_not_bury_fixations(
    rate_hz: float, noise_rms_deg: float
) -> None:
    gaze = simulated(round(rate_hz + 1000 * noise_rms_deg), 60.0, rate_hz, Habits(noise_rms_deg))
    assert f1(detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN), gaze) >= 0.80


@pytest.mark.parametrize("rate_hz", [62.5, 125.0, 500.0])
def test_samples_are_labelled_as_a_coder_does_who_sees_lens_oscillations(rate_hz: float) -> None:
    habits = Habits(0.03, filtered=True, oscillation=0.12, amplitude_deg=3.0)
    gaze = simulated(7, 120.0, rate_hz, habits)
    found = detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN)
    assert kappa(inside(gaze.t_s, found.onset_s, found.offset_s), gaze.resting()) >= 0.70
    assert f1(found, gaze) >= 0.93


@pytest.mark.parametrize("rate_hz", [60.0, 500.0])
def test_the_threshold_follows_noise_that_comes_and_goes(rate_hz: float) -> None:
    quiet = simulated(1, 20.0, rate_hz, Habits(0.05))
    noisy = simulated(1, 20.0, rate_hz, Habits(0.8))
    t = np.concatenate([quiet.t_s, noisy.t_s + 20.5, quiet.t_s + 41.0])
    xy = np.concatenate([quiet.xy_px, noisy.xy_px, quiet.xy_px])
    valid = np.concatenate([quiet.valid, noisy.valid, quiet.valid])
    found = detect_ivt(t, xy, valid, SCREEN)
    first, second, third = (found.threshold_deg_s[inside(found.onset_s, [a], [a + 12])] for a in (5, 26, 47))
    assert np.median(second) > 1.5 * np.median(first)
    assert np.median(third) == pytest.approx(np.median(first), rel=0.2)
