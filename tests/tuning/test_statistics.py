"""Paired tests against values that can be counted by hand or are in textbooks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import NotEnoughExamples
from tuning.experiments import statistics as s

# Heights of maize, crossed minus self-fertilised, in eighths of an inch (Darwin 1876; Fisher 1935).
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])


def test_wilcoxon_counts_every_assignment_of_signs():
    d = np.array([1.0, -2.0, 3.0, 4.0, 5.0])
    ranks = np.arange(1, 6)
    sums = [ranks[np.array(signs)].sum() for signs in product([True, False], repeat=5)]
    expected = 2 * np.mean(np.array(sums) >= 13)
    assert s.wilcoxon(d) == pytest.approx(expected)
    assert s.wilcoxon(-np.abs(d), "less") == pytest.approx(1 / 32)


def test_wilcoxon_on_darwins_plants():
    assert s.wilcoxon(DARWIN) == pytest.approx(0.04126, abs=5e-6)


def test_fishers_permutation_test_on_darwins_plants():
    assert s.sign_flip(DARWIN) == pytest.approx(1726 / 32768)  # counted by Fisher: 1,726 of 32,768


def test_exact_and_normal_wilcoxon_agree_where_they_meet(monkeypatch):
    d = np.random.default_rng(3).normal(0.25, 1, 48)
    exact = s.wilcoxon(d)
    monkeypatch.setattr(s, "EXACT_UP_TO", 10)
    assert s.wilcoxon(d) == pytest.approx(exact, rel=0.02)


def test_zeros_count_neither_way():
    assert s.wilcoxon(np.zeros(8)) == 1.0
    assert s.rank_biserial(np.zeros(8)) == 0.0
    d = np.array([0.0, 0.0, -1.0, -2.0, -3.0, -4.0])
    assert s.wilcoxon(d, "less") == pytest.approx(1 / 16)


def test_ties_share_ranks():
    assert s.mean_ranks(np.array([2.0, 1.0, 2.0, 5.0])).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_holm_on_a_worked_example():
    found = s.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    found = [s.bootstrap_interval(rng.normal(0.3, 1, 25)) for _ in range(200)]
    covered = np.mean([low <= 0.3 <= high for low, high in found])
    assert 0.88 <= covered <= 0.99


def test_effect_sizes_of_a_known_sample():
    found = s.paired(np.array([-1.0, -2.0, -3.0, -2.0, -2.0]))
    assert found.dz == pytest.approx(-2 / np.sqrt(0.5))
    assert found.rank_biserial == -1.0
    assert found.low < -2 < found.high
    assert found.p == pytest.approx(2 / 32)
    assert s.paired(np.array([-1.0, -2.0])).p is None


def test_no_pairs_are_refused():
    with pytest.raises(NotEnoughExamples):
        s.paired(np.array([]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12))
def test_laws(values):
    d = np.array(values)
    assert s.wilcoxon(d) == pytest.approx(s.wilcoxon(-d))
    assert s.sign_flip(d) == pytest.approx(s.sign_flip(-d))
    assert 0 < s.sign_flip(d, "less") <= 1
    assert s.rank_biserial(d) == pytest.approx(-s.rank_biserial(-d))
    assert all(
        a >= b
        for a, b in zip(s.holm(dict(zip("ab", [0.2, 0.4], strict=True))).values(), [0.2, 0.4], strict=True)
    )
