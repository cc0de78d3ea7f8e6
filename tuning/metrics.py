"""How close a model's attention and clicks come to a person's; numpy only.

`model` and `human` are distributions over the same slots, shape (n,), as in `SlotDistribution.weights`.

Ties. Every score is its expectation when ties are broken at random: in a top-k set, slots above the k-th
value belong fully, slots tied with it share the places that are left in equal parts. So no index is favoured
and a constant map scores exactly chance, k / n. A gaze map with fewer than k fixated slots has ties, and then
nothing reaches a top-k overlap of 1.

Floors. KL adds 1e-8 to both distributions inside the logarithm, as the original method does; log-loss is
taken of max(p, 1e-8). Both are in nats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from protocols.geometry import FloatArray

FLOOR = 1e-8

ATTENTION_METRICS = ("kl", "js", "cosine", "csh1", "csh3", "tgo3")
CLICK_METRICS = ("accuracy", "logloss", "auc")
METRICS = (*ATTENTION_METRICS, *CLICK_METRICS)
LOWER_IS_BETTER = frozenset({"kl", "js", "logloss"})


def kl(human: FloatArray, model: FloatArray) -> float:
    """Kullback-Leibler divergence Σ q log((q + ε) / (p + ε)) of the model p from the human q, in nats."""
    q, p = np.asarray(human, dtype=np.float64), np.asarray(model, dtype=np.float64)
    return float(np.sum(q * np.log((q + FLOOR) / (p + FLOOR))))


def js(human: FloatArray, model: FloatArray) -> float:
    """Jensen-Shannon divergence in nats, 0 to log 2; symmetric, without a floor."""
    q, p = np.asarray(human, dtype=np.float64), np.asarray(model, dtype=np.float64)
    middle = (q + p) / 2
    return max(float(_relative(q, middle) + _relative(p, middle)) / 2, 0.0)


def _relative(q: FloatArray, p: FloatArray) -> float:
    seen = q > 0
    return float(np.sum(q[seen] * np.log(q[seen] / p[seen])))


def cosine(human: FloatArray, model: FloatArray) -> float:
    """Cosine of the angle between two distributions, 0 to 1."""
    q, p = np.asarray(human, dtype=np.float64), np.asarray(model, dtype=np.float64)
    return float(q @ p / (np.linalg.norm(q) * np.linalg.norm(p)))


def top_membership(weights: FloatArray, k: int) -> FloatArray:
    """Return how far each slot belongs to the k largest, shape (n,), summing to min(k, n)."""
    w = np.asarray(weights, dtype=np.float64)
    if k >= len(w):
        return np.ones(len(w))
    threshold = np.sort(w)[-k]
    above, tied = w > threshold, w == threshold
    return np.where(above, 1.0, np.where(tied, (k - above.sum()) / tied.sum(), 0.0))


def csh(model: FloatArray, click: int, k: int) -> float:
    """Clicked-slot hit: the part of the clicked slot in the top k of the model's attention, 0 to 1."""
    return float(top_membership(model, k)[click])


def tgo(human: FloatArray, model: FloatArray, k: int) -> float:
    """Top-k gaze overlap: the expected common part of both top-k sets, divided by min(k, n); 0 to 1."""
    common = (top_membership(human, k) * top_membership(model, k)).sum()
    return float(common / min(k, len(np.asarray(human))))


def accuracy(choice: FloatArray, click: int) -> float:
    """1 when the most probable slot was clicked; a share of it when several are equally probable."""
    return float(top_membership(choice, 1)[click])


def logloss(choice: FloatArray, click: int) -> float:
    """Negative log probability of the click, in nats."""
    return float(-np.log(max(float(np.asarray(choice)[click]), FLOOR)))


def auc(choice: FloatArray, click: int) -> float:
    """Share of the other slots that are less probable than the clicked one, ties counted half.

    A page with a single slot has no other slot; it scores 0.5, as a coin would.
    """
    p = np.asarray(choice, dtype=np.float64)
    others = np.delete(p, click)
    if len(others) == 0:
        return 0.5
    return float(((others < p[click]).sum() + 0.5 * (others == p[click]).sum()) / len(others))


def attention_scores(human: FloatArray, model: FloatArray) -> dict[str, float]:
    """Score attention against gaze: kl, js, cosine, tgo3."""
    return {
        "kl": kl(human, model),
        "js": js(human, model),
        "cosine": cosine(human, model),
        "tgo3": tgo(human, model, 3),
    }


def coarse_js(human: FloatArray, model: FloatArray, k: int) -> float:
    """Jensen-Shannon divergence in nats over the human's k largest slots and the rest as one.

    Slots with equal gaze are taken in reading order, so that both distributions are cut alike.
    """
    q, p = np.asarray(human, dtype=np.float64), np.asarray(model, dtype=np.float64)
    top, rest = np.split(np.argsort(-q, kind="stable"), [k])
    cut_q, cut_p = (np.append(d[top], d[rest].sum()) for d in (q, p))
    return js(cut_q, cut_p)


def click_scores(model: FloatArray, choice: FloatArray, click: int) -> dict[str, float]:
    """Score attention `model` and click probabilities `choice` against one click."""
    return {
        "csh1": csh(model, click, 1),
        "csh3": csh(model, click, 3),
        "accuracy": accuracy(choice, click),
        "logloss": logloss(choice, click),
        "auc": auc(choice, click),
    }


def averages(scores: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Average each metric over the examples that have it; a metric nobody has is left out."""
    columns: dict[str, list[float]] = {}
    for row in scores:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in columns.items()}


def better(metric: str, a: float, b: float) -> bool:
    """Tell whether score `a` is strictly better than `b` on a metric."""
    return a < b if metric in LOWER_IS_BETTER else a > b
