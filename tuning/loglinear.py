"""Log-linear pooling: distributions multiplied with exponents, exponents fitted by Newton's method.

    p_n ∝ exp(Σ_k e_k f_kn)        with features f, for example logarithms of other distributions

The mean KL from targets to p is convex in the exponents, so the fit has one minimum and no random start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from protocols.geometry import FloatArray

LOG_FLOOR = 1e-6
_MAX_STEPS = 50
_TOLERANCE = 1e-9
_TINY = 1e-300

Features = tuple[FloatArray, FloatArray]


def floored_log(p: FloatArray) -> FloatArray:
    """Return log max(p, 1e-6): a model's exact zero must not veto a slot."""
    return np.asarray(np.log(np.maximum(p, LOG_FLOOR)))


def pooled(exponents: FloatArray, features: FloatArray) -> FloatArray:
    """Return p ∝ exp(exponents · features) for features (k, n)."""
    score = np.asarray(exponents) @ features
    weight = np.exp(score - score.max())
    return np.asarray(weight / weight.sum())


def fit_exponents(
    features: Sequence[FloatArray], targets: Sequence[FloatArray], centre: FloatArray, ridge: float
) -> FloatArray:
    """Return exponents (k,) that minimise Σ KL(target || pooled) + ½ ridge ‖e - centre‖².

    Args:
        features: per view (k, n).
        targets: per view (n,), summing to 1; a one-hot vector makes KL the log-loss of a click.
        centre: (k,), returned as it is when there are no views.
        ridge: pull towards the centre, positive; one view pulls with about 1.
    """
    views = list(zip(features, targets, strict=True))
    exponents = np.asarray(centre, dtype=np.float64).copy()
    for _ in range(_MAX_STEPS):
        gradient, curvature = _derivatives(exponents, views)
        gradient += ridge * (exponents - centre)
        curvature += ridge * np.eye(len(exponents))
        step: FloatArray = np.asarray(np.linalg.solve(curvature, gradient), dtype=np.float64)

        def objective(share: float, at: FloatArray = exponents, move: FloatArray = step) -> float:
            moved = at - share * move
            return _cross_entropy(moved, views) + 0.5 * ridge * float(np.sum((moved - centre) ** 2))

        step *= _damping(objective, float(gradient @ step))
        exponents = exponents - step
        if np.abs(step).max() < _TOLERANCE:
            break
    return exponents


def _derivatives(exponents: FloatArray, views: Sequence[Features]) -> tuple[FloatArray, FloatArray]:
    k = len(exponents)
    gradient, curvature = np.zeros(k), np.zeros((k, k))
    for f, target in views:
        p = pooled(exponents, f)
        mean = f @ p
        gradient += mean - f @ target
        curvature += (f * p) @ f.T - np.outer(mean, mean)
    return gradient, curvature


def _damping(objective: Callable[[float], float], slope: float) -> float:
    """Halve the Newton step until it helps as much as its slope promises (Armijo)."""
    before, share = objective(0.0), 1.0
    while share > _TOLERANCE and objective(share) > before - 1e-4 * share * slope:
        share /= 2
    return share


def _cross_entropy(exponents: FloatArray, views: Sequence[Features]) -> float:
    """Return what KL is up to the targets' own entropy, which does not move."""
    return -sum(float(target @ np.log(pooled(exponents, f) + _TINY)) for f, target in views)
