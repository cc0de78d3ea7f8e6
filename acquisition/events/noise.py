"""How noisy gaze has been lately, known when a sample comes.

Time is cut into blocks of fixed length. The level of a block is the value below which a third of its samples
lie: most of a block is fixation, so saccades hardly move it. The noise at a sample is the median level of
the last blocks before its own. It so never depends on later samples: what is decided of a page does not
change with what is shown next, and samples give the same result in any chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import BoolArray, FloatArray
from protocols.slots import IntArray

BLOCK_S = 0.25
MEMORY = 16
_PRIOR = 2
_FEWEST = 4
_LEVEL = 3
"""A block's level is exceeded by all but one in this many of its samples."""

RAYLEIGH = float(np.sqrt(-2.0 * np.log(1.0 - 1.0 / _LEVEL)))
"""That level for two-dimensional Gaussian noise of which each axis has a standard deviation of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class NoiseMemory:
    """Levels of the last complete blocks, and the samples of the block that is not complete yet.

    Attributes:
        levels: of complete blocks, oldest first, at most ``MEMORY``.
        t_s: stamps of the samples of the last block, shape (n,).
        values: their values, shape (n,).
    """

    levels: FloatArray
    t_s: FloatArray
    values: FloatArray

    @classmethod
    def new(cls, prior: float) -> NoiseMemory:
        """Return a memory that expects noise of this standard deviation per axis."""
        return cls(np.full(_PRIOR, prior * RAYLEIGH), np.empty(0), np.empty(0))

    def noise(self, t_s: FloatArray, values: FloatArray) -> FloatArray:
        """Return the noise known at each of the next samples (n,), as standard deviation per axis.

        Args:
            t_s: their stamps, shape (n,), in s.
            values: lengths of two-dimensional vectors whose noise is wanted, shape (n,); what is not finite
                is ignored.
        """
        _, known, levels = self._extended(t_s, values)
        return _recent(levels)[known[len(self.t_s) :]] / RAYLEIGH

    def after(self, t_s: FloatArray, values: FloatArray) -> NoiseMemory:
        """Return the memory after these samples."""
        if len(t_s) == 0:
            return self
        block, known, levels = self._extended(t_s, values)
        last, count = int(np.searchsorted(block, block[-1])), int(known[-1])
        t, kept = np.concatenate([self.t_s, t_s]), np.concatenate([self.values, values])
        return NoiseMemory(levels[max(count - MEMORY, 0) : count], t[last:], kept[last:])

    def _extended(self, t_s: FloatArray, values: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Return the block of each sample, the number of levels known at it, and all levels."""
        block = np.floor(np.concatenate([self.t_s, t_s]) / BLOCK_S).astype(np.int64)
        start = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
        levels, enough = _levels(np.concatenate([self.values, values]), block, start)
        before = len(self.levels) + np.concatenate([[0], np.cumsum(enough)]).astype(np.int64)
        known = np.repeat(before[:-1], np.diff(np.append(start, len(block))))
        return block, known, np.concatenate([self.levels, levels[enough]])


def _levels(values: FloatArray, block: IntArray, start: IntArray) -> tuple[FloatArray, BoolArray]:
    """Return the level of each block (blocks,), and whether it has enough samples (blocks,)."""
    if len(start) == 0:
        return np.empty(0), np.empty(0, dtype=bool)
    count = np.add.reduceat(np.isfinite(values).astype(np.int64), start)
    ranked = values[np.lexsort((values, block))]
    return ranked[start + np.maximum(count - 1, 0) // _LEVEL], count >= _FEWEST


def _recent(levels: FloatArray) -> FloatArray:
    """Return the median of up to ``MEMORY`` levels before each count 0 to n, shape (n + 1,)."""
    padded = np.concatenate([np.full(MEMORY, np.inf), levels])
    ranked = np.sort(np.lib.stride_tricks.sliding_window_view(padded, MEMORY), axis=1)
    count = np.arange(len(ranked))
    return np.asarray(ranked[count, np.maximum(np.minimum(count, MEMORY) - 1, 0) // 2])
