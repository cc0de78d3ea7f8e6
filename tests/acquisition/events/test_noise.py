from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.events.noise import MEMORY, NoiseMemory

PRIOR = 10.0


def rayleigh(sd: float, seconds: float, rate_hz: float = 250.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return t, np.hypot(*rng.normal(0, sd, (2, len(t))))


def test_noise_is_the_standard_deviation_per_axis() -> None:
    t, length = rayleigh(4.0, 20.0)
    assert NoiseMemory.new(PRIOR).noise(t, length)[-1] == pytest.approx(4.0, rel=0.05)


def test_before_anything_was_measured_the_prior_holds() -> None:
    t, length = rayleigh(4.0, 0.2)
    assert NoiseMemory.new(PRIOR).noise(t, length) == pytest.approx(PRIOR)


def test_saccades_hardly_count() -> None:
    t, length = rayleigh(4.0, 20.0)
    moving = (t % 0.3) < 0.05
    assert NoiseMemory.new(PRIOR).noise(t, np.where(moving, 300.0, length))[-1] == pytest.approx(4.0, rel=0.3)


def test_noise_never_depends_on_what_comes_later() -> None:
    t, length = rayleigh(4.0, 10.0)
    early = NoiseMemory.new(PRIOR).noise(t, length)
    length[t >= 5.0] *= 9.0
    late = NoiseMemory.new(PRIOR).noise(t, length)
    assert np.array_equal(early[t < 5.0], late[t < 5.0])
    assert late[-1] > 5 * early[-1]


def test_what_is_infinite_and_blocks_of_few_samples_are_ignored() -> None:
    t, length = rayleigh(4.0, 10.0)
    lone = np.append(t, 11.1), np.append(length, np.inf)
    after = NoiseMemory.new(PRIOR).after(*lone)
    assert after.noise(np.array([12.0]), np.array([1.0]))[0] == pytest.approx(4.0, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(0, 90), min_size=1, max_size=8),
    start_s=st.sampled_from([0.0, -3.3, 1.7e9]),
)
def test_chunks_do_not_matter(seed: int, sizes: list[int], start_s: float) -> None:
    rng = np.random.default_rng(seed)
    n = 900
    t = start_s + np.cumsum(np.where(rng.random(n) < 0.01, 0.6, rng.uniform(0.001, 0.02, n)))
    length = np.where(rng.random(n) < 0.02, np.inf, rng.rayleigh(3.0, n))
    whole, memory, parts, at = NoiseMemory.new(PRIOR).noise(t, length), NoiseMemory.new(PRIOR), [], 0
    sizes = [*sizes, 1]
    while at < n:
        part = slice(at, at + sizes[len(parts) % len(sizes)])
        parts.append(memory.noise(t[part], length[part]))
        memory = memory.after(t[part], length[part])
        at = part.stop
        assert len(memory.levels) <= MEMORY
    assert np.array_equal(np.concatenate(parts), whole)
