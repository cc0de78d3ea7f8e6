"""Exact paired tests, effect sizes with intervals, correction for many tests; numpy only.

Differences are ``twin - other`` of a score of which less is better, one per participant, so negative is
good. Tests are two-sided unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, isnan, nan, sqrt
from typing import Literal

import numpy as np

from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray

EXACT_UP_TO = 50
"""Most pairs for the exact distribution of the signed ranks; beyond it the normal one is as good."""
SIGN_FLIPS_EXACT_UP_TO = 16
RESAMPLES = 10_000
CONFIDENCE = 0.95
FEWEST_PAIRS = 5
"""With fewer pairs no two-sided Wilcoxon test can reach p < .05."""

Side = Literal["two", "less"]


@dataclass(frozen=True, slots=True)
class Paired:
    """A paired comparison over n participants.

    Attributes:
        n: pairs.
        zero: pairs without a difference.
        mean: mean difference, negative when the first is lower.
        low: lower end of the bootstrap interval of the mean, see `interval`.
        high: upper end.
        dz: Cohen's d of the differences, mean over standard deviation; None when all are equal.
        rank_biserial: matched-pairs rank-biserial correlation, -1 when every difference is negative.
        p: of the Wilcoxon signed-rank test; None with fewer than five pairs.
    """

    n: int
    zero: int
    mean: float
    low: float
    high: float
    dz: float | None
    rank_biserial: float
    p: float | None

    def reachable(self, level: float, tests: int = 1) -> bool:
        """Tell whether so few pairs could show anything at a level, as one of so many corrected tests."""
        return self.p is not None and 2.0 ** (1 - self.n) * tests < level


def paired(differences: FloatArray, seed: int = 0) -> Paired:
    """Summarise paired differences (n,).

    Raises:
        NotEnoughExamples: there are none.
    """
    d = np.asarray(differences, dtype=np.float64)
    if len(d) == 0:
        raise NotEnoughExamples(
            "There are no pairs to compare.",
            "A paired test needs participants that both sides have.",
            "Add participants, or look at what was skipped.",
        )
    low, high = interval(d, seed)
    spread = float(d.std(ddof=1)) if len(d) > 1 else 0.0
    return Paired(
        n=len(d),
        zero=int((d == 0).sum()),
        mean=float(d.mean()),
        low=low,
        high=high,
        dz=float(d.mean()) / spread if spread > 0 else None,
        rank_biserial=rank_biserial(d),
        p=wilcoxon(d) if len(d) >= FEWEST_PAIRS else None,
    )


def wilcoxon(differences: FloatArray, side: Side = "two") -> float:
    """Return p of the Wilcoxon signed-rank test; ``less``: the differences tend to be negative.

    Zeros are ranked and their ranks left out (Pratt); ties share mean ranks. Up to 50 pairs the
    distribution is exact, given the ranks as they are, ties included; beyond it is normal with continuity
    correction. 1 when all differences are zero.
    """
    d = np.asarray(differences, dtype=np.float64)
    ranks = mean_ranks(np.abs(d))[d != 0]
    if len(ranks) == 0:
        return 1.0
    positive = float(ranks[d[d != 0] > 0].sum())
    at_most, at_least = _tails(ranks, positive)
    return at_most if side == "less" else min(1.0, 2 * min(at_most, at_least))


def sign_flip(differences: FloatArray, side: Side = "two", seed: int = 0) -> float:
    """Return p of the sign-flip permutation test of the mean; exact up to 16 pairs, else 10,000 draws."""
    d = np.asarray(differences, dtype=np.float64)
    if len(d) <= SIGN_FLIPS_EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
        means, extra = signs @ d, 0
    else:
        rng = np.random.default_rng([seed, len(d)])
        means, extra = rng.choice([-1.0, 1.0], size=(RESAMPLES, len(d))) @ d, 1
    slack = 1e-12 * max(1.0, float(np.abs(d).sum()))
    hit = means <= d.sum() + slack if side == "less" else np.abs(means) >= abs(d.sum()) - slack
    return float((hit.sum() + extra) / (len(means) + extra))


def rank_biserial(differences: FloatArray) -> float:
    """Return (positive rank sum - negative rank sum) / rank sum of non-zero differences; 0 without any."""
    d = np.asarray(differences, dtype=np.float64)
    d = d[d != 0]
    ranks = mean_ranks(np.abs(d))
    return float((ranks * np.sign(d)).sum() / ranks.sum()) if len(d) else 0.0


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """Return `bootstrap_interval`; NaN with fewer than five values, which say nothing about others."""
    return bootstrap_interval(values, seed) if len(values) >= FEWEST_PAIRS else (nan, nan)


def interval_words(low: float, high: float) -> str:
    """Return an interval as it is printed, with a space before it; nothing when there is none."""
    return "" if isnan(low) else f" [{low:+.3f}, {high:+.3f}]"


def bootstrap_interval(differences: FloatArray, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the mean from 10,000 resamples, bias-corrected percentiles."""
    d = np.asarray(differences, dtype=np.float64)
    rng = np.random.default_rng([seed, len(d)])
    means = np.sort(d[rng.integers(0, len(d), (RESAMPLES, len(d)))].mean(axis=1))
    below = (means < d.mean()).mean() + 0.5 * (means == d.mean()).mean()
    shift = 2 * _normal_quantile(float(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES)))
    edge = _normal_quantile((1 + CONFIDENCE) / 2)
    shares = [1 - _upper_tail(shift - edge), 1 - _upper_tail(shift + edge)]
    low, high = np.quantile(means, shares)
    return float(low), float(high)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Return p values corrected for as many tests as there are (Holm's step-down method)."""
    corrected, largest = {}, 0.0
    for place, name in enumerate(sorted(p, key=lambda n: p[n])):
        largest = max(largest, min(1.0, (len(p) - place) * p[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in p}


def mean_ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1, (n,); equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)


def _tails(ranks: FloatArray, positive: float) -> tuple[float, float]:
    """Return the chances of a positive rank sum as small, and as large, as the one found."""
    if len(ranks) > EXACT_UP_TO:
        mean, spread = ranks.sum() / 2, sqrt(float((ranks**2).sum()) / 4)
        return 1 - _upper_tail((positive - mean + 0.5) / spread), _upper_tail(
            (positive - mean - 0.5) / spread
        )
    doubled = np.rint(2 * ranks).astype(int)  # mean ranks are halves
    ways = np.zeros(doubled.sum() + 1)
    ways[0] = 1.0
    for step in doubled:
        ways[step:] = ways[step:] + ways[:-step]
    ways /= ways.sum()
    found = round(2 * positive)
    return float(min(1.0, ways[: found + 1].sum())), float(min(1.0, ways[found:].sum()))


def _upper_tail(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2))


def _normal_quantile(share: float) -> float:
    """Return z with the given share below it, by bisection to 1e-12."""
    low, high = -10.0, 10.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - _upper_tail(middle) < share else (low, middle)
    return (low + high) / 2
