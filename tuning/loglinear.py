"""Log-linear pooling: distributions multiplied with exponents, exponents fitted by Newton's method.

    p_n ∝ exp(Σ_k e_k f_kn)        with features f, for example logarithms of other distributions

The mean KL from targets to p is convex in the exponents, so the fit has one minimum and no random start.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from protocols.geometry import FloatArray

LOG_FLOOR = 1e-6
_RIDGE = 0.5
_MAX_STEPS = 50
_TOLERANCE = 1e-9


def floored_log(p: FloatArray) -> FloatArray:
    """Return log max(p, 1e-6): a model's exact zero must not veto a slot."""
    return np.asarray(np.log(np.maximum(p, LOG_FLOOR)))


def pooled(exponents: FloatArray, features: FloatArray) -> FloatArray:
    """Return p ∝ exp(exponents · features) for features (k, n)."""
    score = np.asarray(exponents) @ features
    weight = np.exp(score - score.max())
    return np.asarray(weight / weight.sum())


def fit_exponents(
    features: Sequence[FloatArray], targets: Sequence[FloatArray], centre: FloatArray
) -> FloatArray:
    """Return exponents (k,) that minimise Σ KL(target || pooled) + ½ · ½ ‖e - centre‖².

    The ridge weighs as much as about one page view, so it decides only where views say nothing.

    Args:
        features: per view (k, n).
        targets: per view (n,), summing to 1; a one-hot vector makes KL the log-loss of a click.
        centre: (k,), returned as it is when there are no views.
    """
    exponents = np.asarray(centre, dtype=np.float64).copy()
    for _ in range(_MAX_STEPS):
        gradient, curvature = _derivatives(exponents, features, targets, centre)
        step: FloatArray = np.asarray(np.linalg.solve(curvature, gradient), dtype=np.float64)
        step *= _damping(exponents, step, gradient, features, targets, centre)
        exponents -= step
        if np.abs(step).max() < _TOLERANCE:
            break
    return exponents


def _derivatives(
    exponents: FloatArray, features: Sequence[FloatArray], targets: Sequence[FloatArray], centre: FloatArray
) -> tuple[FloatArray, FloatArray]:
    gradient = _RIDGE * (exponents - centre)
    curvature = _RIDGE * np.eye(len(exponents))
    for f, target in zip(features, targets, strict=True):
        p = pooled(exponents, f)
        mean = f @ p
        gradient += mean - f @ target
        curvature += (f * p) @ f.T - np.outer(mean, mean)
    return gradient, curvature


def _damping(
    exponents: FloatArray,
    step: FloatArray,
    gradient: FloatArray,
    features: Sequence[FloatArray],
    targets: Sequence[FloatArray],
    centre: FloatArray,
) -> float:
    """Halve the Newton step until it helps as much as its slope promises (Armijo)."""
    before, slope, share = _objective(exponents, features, targets, centre), float(gradient @ step), 1.0
    while share > _TOLERANCE:
        if _objective(exponents - share * step, features, targets, centre) <= before - 1e-4 * share * slope:
            break
        share /= 2
    return share


def _objective(
    exponents: FloatArray, features: Sequence[FloatArray], targets: Sequence[FloatArray], centre: FloatArray
) -> float:
    """Cross-entropy instead of KL: they differ by the targets' own entropy, which does not move."""
    views = zip(features, targets, strict=True)
    loss = -sum(float(target @ np.log(pooled(exponents, f) + 1e-300)) for f, target in views)
    return loss + 0.5 * _RIDGE * float(np.sum((exponents - centre) ** 2))
