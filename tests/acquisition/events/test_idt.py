from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.fixations import IdtParameters, detect_idt
from acquisition.truth import match_fixations
from benchmarks._simulated_gaze import SCREEN, Habits, simulated

DEG = SCREEN.px_per_deg()


def textbook(t: np.ndarray, xy_deg: np.ndarray, p: IdtParameters) -> list[tuple[int, int]]:
    """The algorithm as published, sample by sample."""
    found, i, n = [], 0, len(t)

    def wide(a: int, b: int) -> bool:
        part = xy_deg[a:b]
        return bool((part.max(axis=0) - part.min(axis=0)).sum() > p.dispersion_deg)

    while i < n:
        j = i + 1
        while j < n and t[j - 1] - t[i] < p.min_s:
            j += 1
        if t[j - 1] - t[i] < p.min_s:
            break
        if wide(i, j):
            i += 1
            continue
        while j < n and not wide(i, j + 1):
            j += 1
        found.append((i, j))
        i = j
    return found


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rate_hz=st.sampled_from([30.0, 60.0, 250.0]), noise=st.floats(0.02, 0.5))
def test_it_is_the_published_algorithm(seed: int, rate_hz: float, noise: float) -> None:
    gaze, p = simulated(seed, 4.0, rate_hz, Habits(noise, blink_every=1e9)), IdtParameters()
    mm = SCREEN.to_mm(gaze.xy_px)
    expected = textbook(gaze.t_s, np.degrees(np.arctan2(mm, SCREEN.distance_mm)), p)
    found = detect_idt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN, p)
    assert found.onset_s.tolist() == [gaze.t_s[a] for a, _ in expected]
    assert found.offset_s.tolist() == [gaze.t_s[b - 1] for _, b in expected]
    assert found.n.tolist() == [b - a for a, b in expected]


def test_fixations_end_at_losses_and_cuts() -> None:
    t = np.arange(500) / 250
    xy, valid = np.tile([960.0, 540.0], (500, 1)), np.ones(500, dtype=bool)
    valid[100:130] = False
    found = detect_idt(t, xy, valid, SCREEN, None, [t[300]])
    assert found.onset_s.tolist() == [t[0], t[130], t[300]]
    assert found.offset_s.tolist() == [t[99], t[299], t[499]]


def test_long_fixations_grow_over_many_blocks() -> None:
    t = np.arange(5000) / 1000
    found = detect_idt(t, np.tile([960.0, 540.0], (5000, 1)), np.ones(5000, bool), SCREEN)
    assert (found.n.tolist(), found.parameters) == ([5000], IdtParameters())
    assert np.isnan(found.threshold_deg_s).all()


@pytest.mark.parametrize("rate_hz", [30, 60, 120, 300, 1000])
def test_it_finds_most_fixations_of_quiet_gaze(rate_hz: float) -> None:
    gaze = simulated(4, 60.0, rate_hz, Habits(0.05))
    match = match_fixations(detect_idt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN), gaze.truth, SCREEN)
    assert match.recall >= 0.85


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_little_gaze_gives_no_fixations(n: int) -> None:
    assert len(detect_idt(np.arange(n) / 60, np.zeros((n, 2)), np.ones(n, bool), SCREEN)) == 0
