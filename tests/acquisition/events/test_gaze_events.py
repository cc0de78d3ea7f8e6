from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.fixations import GazeEvents, IvtParameters, detect_events, detect_ivt
from acquisition.viewer.oculomotor import saccade_s
from benchmarks._simulated_gaze import SCREEN, Habits, SimulatedGaze, inside, simulated

CENTRE, DEG = np.array([960.0, 540.0]), SCREEN.px_per_deg()


def events(gaze: SimulatedGaze) -> GazeEvents:
    return detect_events(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN)


def staring(seconds: float, rate_hz: float = 250.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    xy = CENTRE + np.random.default_rng(1).normal(0, 0.03 * DEG, (len(t), 2))
    return t, xy, np.ones(len(t), dtype=bool)


@pytest.mark.parametrize("rate_hz", [60, 250, 1000])
def test_fixations_are_those_of_the_detector_alone(rate_hz: float) -> None:
    gaze = simulated(2, 20.0, rate_hz)
    both = events(gaze).fixations, detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN)
    assert np.array_equal(both[0].onset_s, both[1].onset_s)


@pytest.mark.parametrize("rate_hz", [250, 500, 1000])
def test_saccades_keep_the_main_sequence_they_were_made_with(rate_hz: float) -> None:
    found = events(simulated(3, 120.0, rate_hz, Habits(0.05))).saccades
    large = (found.amplitude_deg > 5.0) & (found.amplitude_deg < 12.0)
    assert large.sum() > 50
    lasted = (found.offset_s - found.onset_s)[large]
    assert np.median(lasted / saccade_s(found.amplitude_deg[large])) == pytest.approx(1.1, abs=0.35)
    peak = 1.875 * found.amplitude_deg[large] / saccade_s(found.amplitude_deg[large])  # of minimum jerk
    assert np.median(found.peak_velocity_deg_s[large] / peak) == pytest.approx(0.85, abs=0.15)


def test_a_saccade_has_the_angle_between_both_fixations() -> None:
    t, xy, valid = staring(1.0)
    xy[125:] += (7 * DEG, 0)
    found = detect_events(t, xy, valid, SCREEN).saccades
    exact = float(SCREEN.angle_deg(CENTRE, CENTRE + np.array([7 * DEG, 0])))
    assert found.amplitude_deg == pytest.approx([exact], abs=0.05)
    assert found.onset_s[0] < t[125] <= found.offset_s[0]


def test_no_saccade_is_claimed_over_a_loss_or_a_new_page() -> None:
    t, xy, valid = staring(3.0)
    xy[250:500] += (7 * DEG, 0)
    valid[240:270] = False
    found = detect_events(t, xy, valid, SCREEN, None, [t[500]])
    assert (len(found.fixations), len(found.saccades)) == (3, 0)


@pytest.mark.parametrize("rate_hz", [30, 60, 250, 1000])
def test_blinks_are_found_with_what_the_lid_spoilt(rate_hz: float) -> None:
    gaze = simulated(5, 120.0, rate_hz)
    losses = events(gaze).losses
    assert losses.blink.all()
    gone = np.flatnonzero(~gaze.valid & np.append(True, gaze.valid[:-1]))
    back = np.flatnonzero(~gaze.valid & np.append(gaze.valid[1:], True))
    assert inside(gaze.t_s[~gaze.valid], losses.onset_s, losses.offset_s).all()
    closing_s = gaze.t_s[gone] - losses.onset_s[np.searchsorted(losses.onset_s, gaze.t_s[gone]) - 1]
    opening_s = losses.offset_s[np.searchsorted(losses.offset_s, gaze.t_s[back])] - gaze.t_s[back]
    assert np.median(np.concatenate([closing_s, opening_s])) < 0.06 + 3 / rate_hz


def test_the_lid_drags_no_fixation() -> None:
    t, xy, valid = staring(2.0)
    valid[200:240] = False
    xy[190:200, 1] += np.linspace(0, 4, 10) * DEG
    xy[240:250, 1] += np.linspace(4, 0, 10) * DEG
    found = detect_events(t, xy, valid, SCREEN)
    assert len(found.fixations) == 2
    assert found.fixations.xy_px == pytest.approx(np.array([CENTRE, CENTRE]), abs=0.05 * DEG)
    assert (found.losses.onset_s[0], found.losses.offset_s[0]) == pytest.approx((t[189], t[250]), abs=0.02)


def test_gaze_beside_a_clean_loss_is_kept() -> None:
    t, xy, valid = staring(2.0)
    valid[200:240] = False
    found = detect_events(t, xy, valid, SCREEN)
    assert found.fixations.offset_s[0] == found.losses.onset_s[0] == t[199]
    assert found.fixations.onset_s[1] == found.losses.offset_s[0] == t[240]


@pytest.mark.parametrize(("lost_s", "blink"), [(0.08, True), (0.3, True), (0.48, True), (0.6, False)])
def test_what_lasts_too_long_is_no_blink(lost_s: float, blink: bool) -> None:
    t, xy, valid = staring(3.0)
    valid[(t > 1.0) & (t < 1.0 + lost_s)] = False
    assert detect_events(t, xy, valid, SCREEN).losses.blink.tolist() == [blink]


def test_a_gap_in_the_samples_counts_as_samples_that_are_invalid() -> None:
    t, xy, valid = staring(2.0)
    valid[200:240] = False
    one = detect_events(t, xy, valid, SCREEN).losses
    other = detect_events(t[valid], xy[valid], valid[valid], SCREEN).losses
    assert (one.onset_s[0], one.offset_s[0]) == (other.onset_s[0], other.offset_s[0])


def test_gaze_that_is_missing_at_both_ends_is_lost_but_no_blink() -> None:
    t, xy, valid = staring(3.0)
    valid[:50] = valid[-50:] = False
    losses = detect_events(t, xy, valid, SCREEN).losses
    assert losses.onset_s.tolist() == [t[0], t[-51]]
    assert losses.offset_s.tolist() == [t[50], t[-1]]
    assert not losses.blink.any()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_little_gaze_gives_no_events(n: int) -> None:
    for xy in (np.zeros((n, 2)), np.full((n, 2), np.nan)):
        found = detect_events(np.arange(n) / 60, xy, np.ones(n, bool), SCREEN)
        assert (len(found.fixations), len(found.saccades), len(found.losses)) == (0, 0, 0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rate_hz=st.sampled_from([30.0, 120.0, 500.0]), noise=st.floats(0.02, 1.0))
def test_events_are_ordered_and_never_overlap(seed: int, rate_hz: float, noise: float) -> None:
    gaze = simulated(seed, 10.0, rate_hz, Habits(noise))
    rng = np.random.default_rng(seed)
    bursts = np.repeat(rng.random(len(gaze.t_s) // 10 + 1) < 0.05, 10)[: len(gaze.t_s)]
    xy = np.where(bursts[:, None], np.inf, gaze.xy_px)
    found = detect_events(gaze.t_s, xy, gaze.valid, SCREEN)
    kinds = (found.fixations, found.saccades, found.losses)
    assert all((k.onset_s[1:] >= k.offset_s[:-1]).all() and (k.offset_s >= k.onset_s).all() for k in kinds)
    rows = sorted((a, b) for k in kinds for a, b in zip(k.onset_s, k.offset_s, strict=True))
    assert all(first[1] <= second[0] for first, second in pairwise(rows))
    seen_s = gaze.t_s[np.isfinite(xy).all(axis=1)]
    silent = np.flatnonzero(np.diff(seen_s) > IvtParameters().gap_s)
    middle_s = (seen_s[silent] + seen_s[silent + 1]) / 2
    assert not inside(middle_s, found.fixations.onset_s, found.fixations.offset_s).any()
    assert np.isfinite(found.saccades.peak_velocity_deg_s).all()
