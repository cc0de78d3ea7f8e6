"""From the token grid of an image to slots: W by area overlap."""

from __future__ import annotations

import numpy as np

from protocols.errors import GridMismatch
from protocols.geometry import FloatArray
from protocols.slots import SlotLayout


def slot_weights(layout: SlotLayout, grid: tuple[int, int]) -> FloatArray:
    """Return W (slots, rows * columns): the share of each token's area that is credited to each slot.

    Args:
        layout: the page; tokens cover the whole image of ``layout.size_px``.
        grid: token rows and columns, raster order.

    Raises:
        GridMismatch: the page is not covered by at least one token per slot.
    """
    width, height = layout.size_px
    boxes = [(s.credit.left, s.credit.top, s.credit.right, s.credit.bottom) for s in layout.slots]
    left, top, right, bottom = np.array(boxes, dtype=np.float64).T
    x = _overlap(left, right, np.linspace(0, width, grid[1] + 1))
    y = _overlap(top, bottom, np.linspace(0, height, grid[0] + 1))
    weights: FloatArray = np.einsum("ni,nj->nij", y, x).reshape(len(layout), -1)
    if (weights.max(axis=1) == 0).any():
        raise GridMismatch(
            f"A grid of {grid[0]} x {grid[1]} tokens leaves slots of a {width} x {height} px page empty.",
            "Relevance could not be credited to these posters.",
            "Check the image size that the model's processor produces.",
        )
    return weights


def _overlap(low: FloatArray, high: FloatArray, edges: FloatArray) -> FloatArray:
    """Return (n, cells): the share of each cell covered by each interval."""
    covered = np.minimum(high[:, None], edges[None, 1:]) - np.maximum(low[:, None], edges[None, :-1])
    return np.asarray(np.clip(covered, 0, None) / np.diff(edges))
