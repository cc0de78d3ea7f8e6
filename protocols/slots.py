"""Poster slots and the one type for human and simulated attention over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from protocols.errors import EmptyDistribution, StudyInvalid
from protocols.geometry import FloatArray, Rect

Origin = Literal["fixation", "cursor", "model"]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Slot:
    """One fully visible poster on the page as shown.

    Attributes:
        box: the poster's pixels on the screen, half-open. Gaze is assigned to this.
        credit: the pixels credited to the slot on the model's side: the poster and the letter under it.
        row: carousel row on the whole page, 0 at the top.
        item: position of the film in its row, 0 to 14.
        film: title and year, as printed on the poster.
        genre: genre of the row.
    """

    box: Rect
    credit: Rect
    row: int
    item: int
    film: str
    genre: str


@dataclass(frozen=True, slots=True)
class SlotLayout:
    """The fully visible posters of one page, in reading order (row-major)."""

    slots: tuple[Slot, ...]
    size_px: tuple[int, int]

    def __post_init__(self) -> None:
        for i, a in enumerate(self.slots):
            for b in self.slots[i + 1 :]:
                if a.box.intersection(b.box).area > 0:
                    raise StudyInvalid(
                        f"Slots {i} ({a.film}) and {b.film} overlap.",
                        "A gaze sample could not be assigned to one poster.",
                        "Correct the page geometry.",
                    )

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def letters(self) -> tuple[str, ...]:
        """Answer letters in slot order: A, B, C ..."""
        return tuple(chr(ord("A") + i) for i in range(len(self.slots)))

    def boxes(self) -> FloatArray:
        """Return poster boxes (n, 4): left, top, right, bottom in px."""
        rows = [(s.box.left, s.box.top, s.box.right, s.box.bottom) for s in self.slots]
        return np.asarray(rows, dtype=np.float64).reshape(-1, 4)

    def locate(self, xy_px: FloatArray, within_px: float = 0.0) -> IntArray:
        """Assign positions to slots.

        Args:
            xy_px: positions, shape (n, 2), in px; NaN belongs to no slot.
            within_px: also credit the closest poster up to this distance (RecGaze uses 60). 0 is strict.

        Returns:
            Slot index per position, shape (n,), -1 for none. Exact ties go to the lower index.
        """
        points = np.asarray(xy_px, dtype=np.float64).reshape(-1, 2)
        if not self.slots:
            return np.full(len(points), -1, dtype=np.int64)
        boxes = self.boxes()
        x, y = points[:, :1], points[:, 1:]
        inside = (x >= boxes[:, 0]) & (x < boxes[:, 2]) & (y >= boxes[:, 1]) & (y < boxes[:, 3])
        dx = np.maximum(np.maximum(boxes[:, 0] - x, x - boxes[:, 2]), 0.0)
        dy = np.maximum(np.maximum(boxes[:, 1] - y, y - boxes[:, 3]), 0.0)
        gap = np.where(inside, -1.0, np.hypot(dx, dy))
        gap[np.isnan(gap)] = np.inf
        best = np.argmin(gap, axis=1)
        nearest = gap[np.arange(len(points)), best]
        hit = (nearest < 0) | ((within_px > 0) & (nearest <= within_px))
        return np.where(hit, best, -1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class SlotDistribution:
    """Attention over the slots of one page.

    Attributes:
        weights: shape (n,), all >= 0, summing to 1 within 1e-6.
        origin: who looked: ``fixation``, ``cursor`` or ``model``.
        mass: what was normalised away: dwell in ms for people, raw relevance for a model.
    """

    weights: FloatArray
    origin: Origin
    mass: float

    def __post_init__(self) -> None:
        w = np.asarray(self.weights, dtype=np.float64)
        if w.ndim != 1 or len(w) == 0 or not np.isfinite(w).all() or (w < 0).any() or abs(w.sum() - 1) > 1e-6:
            raise EmptyDistribution(
                f"Slot weights {np.array2string(w, precision=4)} are not a distribution.",
                "Comparing people and models needs non-negative weights that sum to 1.",
                "Build distributions with SlotDistribution.of(amounts, origin).",
            )
        w.setflags(write=False)
        object.__setattr__(self, "weights", w)

    @classmethod
    def of(cls, amounts: FloatArray, origin: Origin) -> SlotDistribution:
        """Normalise amounts (n,) (ms of dwell, or relevance) to a distribution.

        Raises:
            EmptyDistribution: when nothing was looked at; there is no uniform fallback.
        """
        a = np.asarray(amounts, dtype=np.float64)
        total = float(a.sum()) if a.size else 0.0
        if not np.isfinite(total) or total <= 0 or (a < 0).any():
            raise EmptyDistribution(
                f"Amounts {np.array2string(a, precision=4)} hold no attention on {a.size} slots.",
                "An empty page view cannot be compared with anything.",
                "Leave this view out and count it as skipped.",
            )
        return cls(a / total, origin, total)
