"""Two eyes become one gaze point, as in the live adapters: the mean of those that were found."""

from __future__ import annotations

import numpy as np

from protocols.geometry import BoolArray, FloatArray


def combined(points: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Average the eyes that were found.

    Args:
        points: shape (eyes, n, 2), NaN where an eye was lost.

    Returns:
        Gaze (n, 2), NaN without any eye, and whether there was one (n,).
    """
    found: BoolArray = np.asarray(np.isfinite(points).all(axis=2))
    count = found.sum(axis=0)
    total = np.where(found[..., None], points, 0.0).sum(axis=0)
    xy = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)
    return xy, count > 0
