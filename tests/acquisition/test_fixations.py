from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.fixations import Fixations, IncrementalIvt, IvtParameters, detect_events, detect_ivt
from benchmarks._simulated_gaze import Habits, simulated
from protocols.errors import GazeTwinError
from protocols.geometry import Screen

SCREEN = Screen()
COLUMNS = ("onset_s", "offset_s", "x_px", "y_px", "n")
HZ = 120.0
DEG = SCREEN.px_per_deg()
CENTRE = np.array([960.0, 540.0])


def looking(*stays: tuple[float, tuple[float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise-free gaze at 120 Hz: (seconds, place in deg from the centre), one after the other."""
    counts = [round(seconds * HZ) for seconds, _ in stays]
    places = [CENTRE + np.asarray(place) * DEG for _, place in stays]
    xy = np.concatenate([np.tile(p, (n, 1)) for n, p in zip(counts, places, strict=True)])
    return np.arange(len(xy)) / HZ, xy, np.ones(len(xy), dtype=bool)


def wandering(seed: int, hz: float, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Irregular stamps, jumps, noise of any strength, losses of any length, clocks of all kinds."""
    rng = np.random.default_rng(seed)
    n = max(int(seconds * hz), 1)
    t = float(rng.choice([0.0, 4000.0, 1.7e9])) + np.arange(n) / hz + rng.normal(0, 0.2 / hz, n)
    places = rng.uniform([100, 100], [1800, 1000], (n, 2))
    stay = np.maximum.accumulate(np.where(rng.random(n) < 4 / hz, np.arange(n), 0))
    xy = places[stay] + rng.normal(0, rng.uniform(0.02, 0.6) * DEG, (n, 2))
    valid = (rng.random(n) > 0.02) & ((t - t[0]) % 0.9 > rng.uniform(0, 0.15))
    xy[~valid & (rng.random(n) < 0.5)] = np.nan
    return t, xy, valid


def same(a: Fixations, b: Fixations) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


def test_two_places_are_two_fixations_at_their_places() -> None:
    found = detect_ivt(*looking((0.3, (0, 0)), (0.4, (8, 0))), SCREEN)
    assert len(found) == 2
    assert found.xy_px == pytest.approx(np.array([CENTRE, CENTRE + np.array([8 * DEG, 0])]))
    assert found.duration_ms == pytest.approx([300, 400], abs=45)


def test_a_fixation_reports_stamps_and_number_of_its_samples() -> None:
    t, xy, valid = looking((0.5, (0, 0)))
    valid[10:13] = False
    found = detect_ivt(t, xy, valid, SCREEN)
    assert (found.onset_s[0], found.offset_s[0], found.n[0]) == (t[0], t[-1], len(t) - 3)


def test_a_steady_look_with_a_short_loss_is_one_fixation_and_with_a_long_one_two() -> None:
    t, xy, valid = looking((1.0, (0, 0)))
    short, long = valid.copy(), valid.copy()
    short[50:57] = False  # 67 ms between valid samples
    long[50:60] = False  # 92 ms
    assert len(detect_ivt(t, xy, short, SCREEN)) == 1
    assert len(detect_ivt(t, xy, long, SCREEN)) == 2


def test_a_short_loss_during_which_gaze_moved_ends_the_fixation() -> None:
    t, xy, valid = looking((0.4, (0, 0)), (0.4, (1.3, 0)))
    valid[44:51] = False
    assert len(detect_ivt(t, xy, valid, SCREEN)) == 2


def test_a_jump_of_one_sample_does_not_split_a_fixation() -> None:
    t, xy, valid = looking((0.6, (0, 0)))
    xy[36] += 5 * DEG
    assert len(detect_ivt(t, xy, valid, SCREEN)) == 1


def test_short_looks_are_dropped() -> None:
    found = detect_ivt(*looking((0.3, (0, 0)), (0.05, (9, 0)), (0.3, (0, 9))), SCREEN)
    assert len(found) == 2


@pytest.mark.parametrize("cut", [0.25, 0.5, 60 / HZ])
def test_no_fixation_spans_a_cut(cut: float) -> None:
    found = detect_ivt(*looking((1.0, (0, 0))), SCREEN, None, [cut])
    assert len(found) == 2
    assert found.offset_s[0] < cut <= found.onset_s[1]


def test_a_sample_at_the_cut_comes_after_it() -> None:
    t, xy, valid = looking((1.0, (0, 0)))
    assert detect_ivt(t, xy, valid, SCREEN, None, [t[60]]).onset_s[1] == t[60]


def test_a_drift_steady_in_px_is_slower_in_degrees_at_the_edge_of_a_flat_screen() -> None:
    wide = Screen(size_mm=(1200.0, 675.0), distance_mm=650.0)
    t = np.arange(480) / HZ
    from_centre_deg = 21.0 * np.maximum(t - 3.1, -0.9)  # would be too fast everywhere, were px like degrees
    xy = np.column_stack([960 + wide.px_per_deg() * from_centre_deg, np.full(len(t), 540.0)])
    still = detect_ivt(t, xy, np.ones(len(t), bool), wide, IvtParameters(merge_deg=0.0))
    assert len(still) == 2
    assert still.offset_s[0] < 3.0 < 3.2 < still.onset_s[1]


def test_samples_that_do_not_go_forward_are_left_out() -> None:
    t, xy, valid = looking((0.5, (0, 0)))
    order = np.r_[0:30, 10:20, 30:60]
    again = detect_ivt(t[order], xy[order], valid[order], SCREEN)
    assert same(again, detect_ivt(t, xy, valid, SCREEN))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    broken=st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308]),
    share=st.floats(0.01, 1.0),
)
def test_damaged_numbers_cost_only_their_samples(seed: int, broken: float, share: float) -> None:
    gaze, rng = simulated(seed, 3.0, 120.0), np.random.default_rng(seed)
    t, xy, valid = gaze.t_s.copy(), gaze.xy_px.copy(), gaze.valid.copy()
    for column in (t, xy[:, 0], xy[:, 1]):
        column[rng.random(len(t)) < share / 3] = broken
    damaged = ~((np.abs(t) < 1e10) & (np.abs(xy) < 1e10).all(axis=1))
    found = detect_events(t, xy, valid, SCREEN).fixations
    assert same(found, detect_ivt(t[~damaged], xy[~damaged], valid[~damaged], SCREEN))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_little_gaze_gives_no_fixations(n: int) -> None:
    assert len(detect_ivt(np.arange(n) / HZ, np.zeros((n, 2)), np.ones(n, bool), SCREEN)) == 0
    assert len(detect_ivt(np.arange(n) / HZ, np.full((n, 2), np.nan), np.ones(n, bool), SCREEN)) == 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    hz=st.sampled_from([25.0, 60.0, 120.0, 333.0, 1000.0]),
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    cuts=st.lists(st.floats(0, 1.5), max_size=4),
    late=st.floats(0, 0.25),
)
def test_any_chunking_gives_the_same_fixations_to_the_last_bit(
    seed: int, hz: float, sizes: list[int], cuts: list[float], late: float
) -> None:
    t, xy, valid = wandering(seed, hz, 1.5)
    waiting = sorted(t[0] + cut for cut in cuts)
    whole = detect_ivt(t, xy, valid, SCREEN, None, waiting)
    stream, parts, at = IncrementalIvt(SCREEN), [], 0
    sizes = [*sizes, 1]
    while at < len(t):
        size = sizes[len(parts) % len(sizes)]
        newest_s = np.max(t[: at + size], initial=-np.inf)
        while waiting and waiting[0] <= newest_s - late:
            stream.cut(waiting.pop(0))
        parts.append(stream.push(t[at : at + size], xy[at : at + size], valid[at : at + size]))
        at += size
    for cut_s in waiting:
        stream.cut(cut_s)
    assert same(Fixations.joined([*parts, stream.finish()], whole.parameters), whole)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rate_hz=st.sampled_from([30.0, 120.0, 500.0]),
    sizes=st.lists(st.integers(0, 90), min_size=1, max_size=6),
    cuts=st.lists(st.floats(0, 6), max_size=3),
    noise=st.floats(0.02, 1.0),
)
def test_chunks_do_not_matter_when_stamps_repeat_and_come_late_and_gaze_comes_in_bursts(
    seed: int, rate_hz: float, sizes: list[int], cuts: list[float], noise: float
) -> None:
    rng = np.random.default_rng(seed)
    gaze = simulated(seed, 6.0, rate_hz, Habits(noise))
    t, xy, valid = 1.7e9 + gaze.t_s, gaze.xy_px.copy(), gaze.valid
    t[rng.random(len(t)) < 0.02] -= rng.choice([0.0, 1 / rate_hz, 0.3])
    t[rng.random(len(t)) < 0.005] = np.nan
    xy[np.repeat(rng.random(len(t) // 12 + 1) < 0.05, 12)[: len(t)]] = rng.choice([np.nan, np.inf])
    waiting = sorted(1.7e9 + cut for cut in cuts)
    whole = detect_ivt(t, xy, valid, SCREEN, None, waiting)
    stream, parts, at = IncrementalIvt(SCREEN), [], 0
    for cut_s in waiting:
        stream.cut(cut_s)
    sizes = [*sizes, 1]
    while at < len(t):
        part = slice(at, at + sizes[len(parts) % len(sizes)])
        parts.append(stream.push(t[part], xy[part], valid[part]))
        at = part.stop
    found = Fixations.joined([*parts, stream.finish()], whole.parameters)
    assert same(found, whole)
    assert np.array_equal(found.threshold_deg_s, whole.threshold_deg_s)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), hz=st.sampled_from([60.0, 250.0]))
def test_fixations_are_ordered_disjoint_and_long_enough(seed: int, hz: float) -> None:
    t, xy, valid = wandering(seed, hz, 3.0)
    found = detect_ivt(t, xy, valid, SCREEN)
    assert (found.onset_s[1:] > found.offset_s[:-1]).all()
    each_s = (
        (found.offset_s - found.onset_s) * found.n / (found.n - 1)
    )  # every sample stands for its interval
    assert (each_s >= found.parameters.min_s).all()
    assert found.n.sum() <= valid.sum()
    assert np.isfinite(found.xy_px).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), at=st.floats(0.1, 2.9))
def test_a_cut_changes_only_what_is_near_it(seed: int, at: float) -> None:
    t, xy, valid = wandering(seed, 120.0, 3.0)
    cut = t[0] + at
    plain, split = detect_ivt(t, xy, valid, SCREEN), detect_ivt(t, xy, valid, SCREEN, None, [cut])
    assert not ((split.onset_s < cut) & (split.offset_s >= cut)).any()
    untouched = plain.offset_s < cut - 0.5
    assert np.isin(plain.onset_s[untouched], split.onset_s).all()


def test_results_come_while_gaze_goes_on_and_memory_stays_small() -> None:
    t, xy, valid = wandering(3, 120.0, 20.0)
    stream, returned = IncrementalIvt(SCREEN), 0
    for at in range(0, len(t), 12):
        returned += len(stream.push(t[at : at + 12], xy[at : at + 12], valid[at : at + 12]))
        assert len(stream._track) < 2.5 * 120
    assert returned > 0.8 * len(detect_ivt(t, xy, valid, SCREEN))


def test_a_cut_in_gaze_that_was_already_judged_is_refused() -> None:
    t, xy, valid = looking((0.5, (0, 0)), (0.5, (8, 0)), (0.5, (0, 0)))
    stream = IncrementalIvt(SCREEN)
    stream.push(t, xy, valid)
    stream.cut(float(t[-1]))
    with pytest.raises(GazeTwinError, match="already used"):
        stream.cut(0.1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), at=st.floats(1.0, 5.0))
def test_what_was_seen_of_a_page_does_not_depend_on_what_comes_after_it(seed: int, at: float) -> None:
    gaze, rng = simulated(seed, 6.0, 120.0, Habits(0.2)), np.random.default_rng(seed)
    after = gaze.t_s >= at
    xy, valid = gaze.xy_px.copy(), gaze.valid.copy()
    xy[after] = rng.uniform(0, 1000, (int(after.sum()), 2))
    valid[after] = rng.random(int(after.sum())) < 0.5
    one = detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN, None, [at])
    other = detect_ivt(gaze.t_s, xy, valid, SCREEN, None, [at])
    assert same(*(f.part(slice(0, int(np.searchsorted(f.onset_s, at)))) for f in (one, other)))


def test_digest_tells_settings_apart() -> None:
    assert IvtParameters().digest == IvtParameters().digest
    assert IvtParameters().digest != IvtParameters(min_s=0.1).digest
