"""Whether counts of clicks can have come from given probabilities.

The statistic of n trials with k clicks and expected rate p is n · KL(k/n ‖ p). Of independent trials whose
mean probability is p, it exceeds t with a probability of at most 2 · exp(-t) (Chernoff, Hoeffding), whatever
n and p are; so all of m counts stay below log(2m / α) but for a probability of α. There is no tolerance to
choose, only how often a sound program may fail.
"""

from __future__ import annotations

import numpy as np

ALPHA = 1e-6
PRIOR = 1.0


def furthest(clicks: np.ndarray, trials: np.ndarray, rates: np.ndarray) -> float:
    """Return the largest statistic of all counts, arrays of one shape."""
    seen = clicks / trials
    return float((trials * (_term(seen, rates) + _term(1 - seen, 1 - rates))).max())


def bound(counts: int) -> float:
    """Return what the largest of so many statistics exceeds with a probability of `ALPHA` at most."""
    return float(np.log(2 * counts / ALPHA))


def click_rates(person: dict) -> np.ndarray:
    """Return what a position-based participant clicks, (genres, positions), from what was counted."""
    examined = _smoothed(person["examined"], person["shown"])
    clicked = _smoothed(person["genre_clicks"], person["genre_looks"])
    return np.outer(clicked, examined)


def _smoothed(some: list[int], of: list[int]) -> np.ndarray:
    """Return rates drawn to their mean as if there had been one more case, as the documentation says."""
    some_, of_ = np.array(some), np.array(of)
    mean = (some_.sum() + 0.5) / (of_.sum() + 1)
    return (some_ + PRIOR * mean) / (of_ + PRIOR)


def _term(seen: np.ndarray, rate: np.ndarray) -> np.ndarray:
    return np.where(seen > 0, seen * np.log(np.where(seen > 0, seen, 1) / rate), 0.0)
