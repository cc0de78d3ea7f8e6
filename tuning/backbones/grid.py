"""From the token grids of an image to slots: W by area overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from protocols.errors import GridMismatch
from protocols.geometry import FloatArray
from protocols.slots import SlotLayout


@dataclass(frozen=True, slots=True)
class TokenGrid:
    """A raster of equal tokens over part of a page.

    Attributes:
        rows: of tokens.
        columns: of tokens.
        area: left, top, right and bottom as shares of the page's width and height.
    """

    rows: int
    columns: int
    area: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


def tiled(tiles: tuple[int, int], side: int) -> tuple[TokenGrid, ...]:
    """Return the grids of a page cut into tiles of side x side tokens, and of the thumbnail that follows.

    Args:
        tiles: rows and columns of tiles; they come in reading order. A single tile has no thumbnail.
        side: tokens along each side of a tile.
    """
    rows, columns = tiles
    parts = [
        TokenGrid(side, side, (c / columns, r / rows, (c + 1) / columns, (r + 1) / rows))
        for r in range(rows)
        for c in range(columns)
    ]
    return (*parts, TokenGrid(side, side)) if len(parts) > 1 else tuple(parts)


def require_tokens(count: int, grids: Sequence[TokenGrid]) -> None:
    """Refuse features whose number does not fit their grids.

    Raises:
        GridMismatch: another number of tokens.
    """
    expected = sum(g.rows * g.columns for g in grids)
    if count != expected:
        sizes = ", ".join(f"{g.rows} x {g.columns}" for g in grids)
        raise GridMismatch(
            f"The vision tower gave {count} tokens for grids of {sizes}, which have {expected}.",
            "Attention on these tokens could not be placed on the page.",
            "Use an image processor that belongs to this model.",
        )


def slot_weights(layout: SlotLayout, grids: Sequence[TokenGrid]) -> FloatArray:
    """Return W (slots, tokens): the share of each token's area that is credited to each slot.

    Args:
        layout: the page.
        grids: one after another, each in raster order.

    Raises:
        GridMismatch: the page is not covered by at least one token per slot.
    """
    weights = np.concatenate([_shares(layout, grid) for grid in grids], axis=1)
    if (weights.max(axis=1) == 0).any():
        sizes = ", ".join(f"{g.rows} x {g.columns}" for g in grids)
        width, height = layout.size_px
        raise GridMismatch(
            f"Grids of {sizes} tokens leave slots of a {width} x {height} px page empty.",
            "Relevance could not be credited to these posters.",
            "Check the image size that the model's processor produces.",
        )
    return np.asarray(weights)


def _shares(layout: SlotLayout, grid: TokenGrid) -> FloatArray:
    width, height = layout.size_px
    boxes = [(s.credit.left, s.credit.top, s.credit.right, s.credit.bottom) for s in layout.slots]
    left, top, right, bottom = np.array(boxes, dtype=np.float64).T
    from_x, from_y, to_x, to_y = grid.area
    x = _overlap(left, right, np.linspace(from_x * width, to_x * width, grid.columns + 1))
    y = _overlap(top, bottom, np.linspace(from_y * height, to_y * height, grid.rows + 1))
    return np.asarray(np.einsum("ni,nj->nij", y, x).reshape(len(layout), -1))


def _overlap(low: FloatArray, high: FloatArray, edges: FloatArray) -> FloatArray:
    """Return (n, cells): the share of each cell covered by each interval."""
    covered = np.minimum(high[:, None], edges[None, 1:]) - np.maximum(low[:, None], edges[None, :-1])
    return np.asarray(np.clip(covered, 0, None) / np.diff(edges))
