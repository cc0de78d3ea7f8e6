"""What any twin must beat: predictions from positions and genres alone, without a model.

Position maps live on a fixed 3 x 5 grid at the posters' places on an unscrolled page. A slot elsewhere (a
scrolled page shows two or three rows) is read off between the grid's nodes by its centre, bilinearly, and
clamped at the border. What is stored is density, the share of dwell times the number of visible slots (1
everywhere for a viewer without habits), so that views with 15, 10 and 5 slots can be averaged and predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from protocols.carousel import COLUMN_LEFTS_PX, PAGE_SIZE_PX, POSTER_SIZE_PX, row_top_px
from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray
from protocols.slots import SlotLayout
from protocols.stimulus import Film
from tuning import metrics

GRID = (3, 5)
SMOOTHINGS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

_COLUMNS = np.array([left + POSTER_SIZE_PX[0] / 2 for left in COLUMN_LEFTS_PX]) / PAGE_SIZE_PX[0]
_ROWS = np.array([row_top_px(row) + POSTER_SIZE_PX[1] / 2 for row in range(GRID[0])]) / PAGE_SIZE_PX[1]


@dataclass(frozen=True, eq=False)
class Looked:
    """One page view as a baseline sees it.

    Attributes:
        layout: the page's slots.
        films: the film of each slot.
        weights: human attention, (n,).
        screen_id: which screen, so that it can be left out.
    """

    layout: SlotLayout
    films: tuple[Film, ...]
    weights: FloatArray
    screen_id: str

    @cached_property
    def shares(self) -> FloatArray:
        """How much each node counts for each slot; a fit asks for it hundreds of times."""
        return grid_shares(self.layout)


@dataclass(frozen=True, eq=False)
class PositionMap:
    """Mean attention by position.

    Attributes:
        density: (3, 5), positive, 1 for a uniform viewer.
    """

    density: FloatArray

    @classmethod
    def uniform(cls) -> PositionMap:
        """Return the map of a viewer without habits."""
        return cls(np.ones(GRID))

    @classmethod
    def of(cls, views: Iterable[Looked], smoothing: float) -> PositionMap:
        """Average views, with `smoothing` views of a uniform viewer added at every node."""
        amount, seen = np.full(GRID, smoothing), np.full(GRID, smoothing)
        for view in views:
            shares = view.shares
            amount += (shares.T @ (view.weights * len(view.layout))).reshape(GRID)
            seen += shares.sum(axis=0).reshape(GRID)
        return cls(amount / seen)

    def predict(self, layout: SlotLayout) -> FloatArray:
        """Return attention over the slots of a page, (n,), summing to 1."""
        return self.predict_at(grid_shares(layout))

    def predict_at(self, shares: FloatArray) -> FloatArray:
        """Return attention over slots of which each node's share (n, 15) is known, (n,), summing to 1."""
        density = shares @ self.density.ravel()
        return np.asarray(density / density.sum())


def grid_shares(layout: SlotLayout) -> FloatArray:
    """Return how much each of the 15 nodes counts for each slot, (n, 15), rows summing to 1."""
    boxes = layout.boxes()
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / layout.size_px[0]
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / layout.size_px[1]
    across, down = _between(x, _COLUMNS), _between(y, _ROWS)
    return np.asarray(np.einsum("nr,nc->nrc", down, across).reshape(len(layout), -1))


def _between(position: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return linear interpolation weights (n, nodes) of positions, clamped to the outer nodes."""
    return np.stack([np.interp(position, nodes, unit) for unit in np.eye(len(nodes))], axis=1)


def genre_match(films: Sequence[Film], preferred: Sequence[str]) -> FloatArray:
    """Return how well each film's catalogued genres fit the questionnaire, (n,), 0 to 1.

    1 when the main genre is preferred, 0.5 when only another of its genres is, otherwise 0.
    """
    liked = set(preferred)
    return np.array([1.0 if f.genres[0] in liked else 0.5 * bool(liked & set(f.genres)) for f in films])


def participant_map(views: Sequence[Looked]) -> PositionMap:
    """Return a participant's mean map from training views, smoothed as suits them best when left out.

    Raises:
        NotEnoughExamples: there are no views.
    """
    if not views:
        raise NotEnoughExamples(
            "There are no page views with attention to average.",
            "A participant's mean map needs at least one.",
            "Record more pages, or check the data quality of the session.",
        )
    return PositionMap.of(views, best_smoothing(views))


def best_smoothing(views: Sequence[Looked]) -> float:
    """Return the smoothing whose left-out predictions have the smallest KL; the most with a single screen."""
    if len({v.screen_id for v in views}) < 2:
        return SMOOTHINGS[-1]
    return min(SMOOTHINGS, key=lambda s: _left_out_kl(views, s))


def _left_out_kl(views: Sequence[Looked], smoothing: float) -> float:
    maps = left_out_maps(views, lambda rest: PositionMap.of(rest, smoothing))
    return float(np.mean([metrics.kl(v.weights, maps[v.screen_id].predict_at(v.shares)) for v in views]))


def left_out_maps(
    views: Sequence[Looked], fit: Callable[[Sequence[Looked]], PositionMap]
) -> dict[str, PositionMap]:
    """Return, per screen, the map of all views of other screens: what is known before seeing it."""
    screens = dict.fromkeys(v.screen_id for v in views)
    return {s: fit([v for v in views if v.screen_id != s]) for s in screens}
