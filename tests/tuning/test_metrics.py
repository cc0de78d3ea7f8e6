from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning import metrics

WEIGHTS = st.lists(st.integers(0, 6), min_size=1, max_size=15).filter(any)


def _distribution(counts: list[int]) -> np.ndarray:
    amounts = np.asarray(counts, dtype=np.float64)
    return amounts / amounts.sum()


@given(WEIGHTS)
@settings(max_examples=50)
def test_a_map_agrees_perfectly_with_itself(counts: list[int]) -> None:
    q = _distribution(counts)
    assert metrics.kl(q, q) == pytest.approx(0.0, abs=1e-12)
    assert metrics.js(q, q) == pytest.approx(0.0, abs=1e-12)
    assert metrics.cosine(q, q) == pytest.approx(1.0)
    distinct = metrics.top_membership(q, 3)
    assert metrics.tgo(q, q, 3) == pytest.approx((distinct**2).sum() / min(3, len(q)))


@given(WEIGHTS, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_no_metric_depends_on_the_order_of_slots(counts: list[int], random: object) -> None:
    n = len(counts)
    q, p = _distribution(counts), _distribution([c % 3 + 1 for c in reversed(counts)])
    order = list(range(n))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis hands out a Random typed as object here
    click = order[0]
    before = metrics.attention_scores(q, p) | metrics.click_scores(p, p, click)
    after = metrics.attention_scores(q[order], p[order]) | metrics.click_scores(p[order], p[order], 0)
    assert after == pytest.approx(before)


@given(WEIGHTS, st.integers(1, 16))
@settings(max_examples=50)
def test_top_membership_shares_out_exactly_k_places(counts: list[int], k: int) -> None:
    membership = metrics.top_membership(_distribution(counts), k)
    assert membership.sum() == pytest.approx(min(k, len(counts)))
    assert membership.min() >= 0
    assert membership.max() <= 1


def test_divergences_of_known_distributions() -> None:
    q, p = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert metrics.kl(q, p) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3), abs=1e-6)
    disjoint = metrics.js(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert disjoint == pytest.approx(math.log(2))
    assert metrics.js(q, p) == pytest.approx(metrics.js(p, q))


def test_the_floor_of_kl_is_the_documented_one() -> None:
    assert metrics.kl(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(-math.log(1e-8), rel=1e-6)


def test_a_constant_map_scores_exactly_chance() -> None:
    uniform = np.full(15, 1 / 15)
    gaze = _distribution([9, 8, 7, *range(12)])
    for click in (0, 7, 14):
        assert metrics.csh(uniform, click, 3) == pytest.approx(3 / 15)
        assert metrics.accuracy(uniform, click) == pytest.approx(1 / 15)
        assert metrics.auc(uniform, click) == pytest.approx(0.5)
        assert metrics.logloss(uniform, click) == pytest.approx(math.log(15))
    assert metrics.tgo(_distribution([9, 8, 7, 1, 1, 1]), np.full(6, 1 / 6), 3) == pytest.approx(0.5)
    assert metrics.tgo(gaze, uniform, 3) == pytest.approx(3 / 15)


def test_ties_at_the_edge_share_the_last_place() -> None:
    membership = metrics.top_membership(np.array([0.4, 0.2, 0.2, 0.2]), 2)
    assert membership == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3])


def test_a_perfect_and_a_hopeless_click() -> None:
    p = np.array([0.0, 0.7, 0.3])
    assert (metrics.accuracy(p, 1), metrics.auc(p, 1)) == (1.0, 1.0)
    assert (metrics.accuracy(p, 0), metrics.auc(p, 0)) == (0.0, 0.0)
    assert metrics.logloss(p, 0) == pytest.approx(-math.log(1e-8))
    assert metrics.auc(np.array([1.0]), 0) == 0.5


def test_averages_leave_out_what_nobody_has() -> None:
    rows = [{"kl": 1.0, "accuracy": 0.0}, {"kl": 3.0}]
    assert metrics.averages(rows) == {"kl": 2.0, "accuracy": 0.0}
    assert metrics.averages([]) == {}
    assert metrics.better("kl", 1.0, 2.0)
    assert not metrics.better("auc", 0.5, 0.5)
