"""What a participant did with slots and genres, counted: how often shown, examined and clicked.

These tables need no model. They are measured, once, from the page views of screens that are not held out, so
that a simulator built on them can still be judged on the test screens. A view counts when there is attention
(`Example.attention` of the persona's signal) on at least one of its posters: without any, nobody knows
whether the participant looked away or the tracker lost the eyes. A slot is *examined* in a view when it got
any dwell; it is *clicked* when the view ended with a click on it. A view ends with one click at most.

Where a slot is, is said three ways:

* ``row``: carousel row on the whole scrollable page, 0 at the top;
* ``column``: place from the left within its row as shown, 0 to 4;
* ``position``: number among the fully visible posters in reading order, 0 to 14 on a carousel page. This is
  the place on the *screen*: scrolling moves rows through positions.

A film counts for its main genre (the first it is catalogued under), whatever row it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocols.errors import PersonaMismatch
from protocols.geometry import FloatArray
from protocols.slots import IntArray, SlotLayout
from tuning.examples import Example, Signal

PLACE = ("row", "column", "position")
COUNTS = ("shown", "examined", "clicked", "examined_clicked")
MAX_LINES = 10_000
PRIOR_VIEWS = 1.0
"""Rates are drawn to the mean rate of the table as if it had been seen this many times more."""


@dataclass(frozen=True, eq=False)
class Counts:
    """How often something was shown, examined and clicked; n lines.

    Attributes:
        shown: views that showed it, (n,).
        examined: of these, views in which it was looked at, (n,).
        clicked: of these, views that ended with a click on it, (n,).
        examined_clicked: clicks on it in views in which it was looked at before, (n,).
    """

    shown: IntArray
    examined: IntArray
    clicked: IntArray
    examined_clicked: IntArray

    @property
    def examination(self) -> FloatArray:
        """Probability to be examined when shown, (n,), inside (0, 1); see `PRIOR_VIEWS`."""
        return _rate(self.examined, self.shown)

    @property
    def click_given_examined(self) -> FloatArray:
        """Probability to be clicked when examined, (n,), inside (0, 1); see `PRIOR_VIEWS`."""
        return _rate(self.examined_clicked, self.examined)

    @property
    def click_given_shown(self) -> FloatArray:
        """Probability to be clicked when shown, (n,), inside (0, 1); see `PRIOR_VIEWS`."""
        return _rate(self.clicked, self.shown)

    def table(self) -> IntArray:
        """Return the four counts as columns, (n, 4), in the order of `COUNTS`."""
        return np.stack([self.shown, self.examined, self.clicked, self.examined_clicked], axis=1)

    @classmethod
    def of(cls, table: IntArray) -> Counts:
        """Return counts from columns (n, 4) in the order of `COUNTS`."""
        shown, examined, clicked, both = np.asarray(table, dtype=np.int64).reshape(-1, len(COUNTS)).T
        return cls(shown, examined, clicked, both)


@dataclass(frozen=True, eq=False)
class TablesOfUse:
    """A participant's examination and click tables.

    Attributes:
        signal: what counts as examining: ``fixation`` or ``cursor`` dwell.
        places: `PLACE` of each line, (k, 3), every place that was shown, in ascending order.
        slots: counts per line.
        dwell_ms: time on the slot per line, all views together, (k,).
        genres: main genres of the films shown, in ascending order.
        films: counts per genre; a view that shows three films of a genre counts three times.
        views: page views counted.
        unseen: page views left out because nothing on them was looked at.
    """

    signal: Signal
    places: IntArray
    slots: Counts
    dwell_ms: FloatArray
    genres: tuple[str, ...]
    films: Counts
    views: int
    unseen: int

    def by_position(self, positions: int = 0) -> Counts:
        """Return counts per position on the screen, (p,), index = position.

        Args:
            positions: p at least; 0 for as many as were ever shown.
        """
        return self._summed(self.places[:, 2:], (max(positions, self._span(2)),))

    def by_row_and_column(self) -> tuple[IntArray, Counts]:
        """Return the places (n, 2) of row and column that were shown, and their counts."""
        places, line = np.unique(self.places[:, :2], axis=0, return_inverse=True)
        return places, self._summed(line.reshape(-1, 1), (len(places),))

    def dwell_by_position_ms(self, positions: int = 0) -> FloatArray:
        """Return the mean time on a slot in views that examined it, (p,) in ms; NaN where there are none."""
        count = max(positions, self._span(2))
        total = np.bincount(self.places[:, 2], weights=self.dwell_ms, minlength=count)
        examined = self.by_position(count).examined
        return np.asarray(np.divide(total, examined, out=np.full(count, np.nan), where=examined > 0))

    @property
    def clicks(self) -> int:
        """Views that ended with a click."""
        return int(self.slots.clicked.sum())

    def arrays(self) -> dict[str, FloatArray]:
        """Return ``slots`` (k, 8): `PLACE`, `COUNTS`, dwell in ms; and ``genres`` (g, 4): `COUNTS`."""
        lines = [self.places, self.slots.table(), self.dwell_ms[:, None]]
        return {
            "slots": np.concatenate(lines, axis=1).astype(np.float64),
            "genres": self.films.table().astype(np.float64),
        }

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, FloatArray], signal: Signal, genres: Sequence[str], views: int, unseen: int
    ) -> TablesOfUse:
        """Rebuild tables from `arrays` and what they do not hold.

        Raises:
            PersonaMismatch: wrong shapes, or counts that cannot be.
        """
        lines, films = np.asarray(arrays["slots"]), np.asarray(arrays["genres"])
        _refuse_impossible(lines, films, len(genres), views)
        whole = lines[:, : len(PLACE) + len(COUNTS)].astype(np.int64)
        places, counts = whole[:, : len(PLACE)], whole[:, len(PLACE) :]
        seen = Counts.of(films.astype(np.int64))
        return cls(signal, places, Counts.of(counts), lines[:, -1], tuple(genres), seen, views, unseen)

    def _span(self, axis: int) -> int:
        return int(self.places[:, axis].max()) + 1 if len(self.places) else 0

    def _summed(self, line: IntArray, shape: tuple[int, ...]) -> Counts:
        total = np.zeros((*shape, len(COUNTS)), dtype=np.int64)
        np.add.at(total, line[:, 0], self.slots.table())
        return Counts.of(total)


def tables_of_use(examples: Iterable[Example], signal: Signal) -> TablesOfUse:
    """Count what a participant did on page views; held-out ones must have been left out by the caller.

    Args:
        examples: page views of one participant.
        signal: whose dwell counts as examining.
    """
    slots: dict[tuple[int, int, int], FloatArray] = {}
    films: dict[str, FloatArray] = {}
    views = unseen = 0
    for example in examples:
        attention = example.attention(signal)
        if attention is None:
            unseen += 1
            continue
        views += 1
        counts = _counted(attention.weights > 0, example.click)
        dwell_ms = attention.weights * attention.mass
        for position, (row, column) in enumerate(_rows_and_columns(example.page.layout)):
            line = slots.setdefault((row, column, position), np.zeros(len(COUNTS) + 1))
            line += [*counts[position], dwell_ms[position]]
            genre = example.page.films[position].genres[0]
            films.setdefault(genre, np.zeros(len(COUNTS)))[:] += counts[position]
    places, genres = sorted(slots), tuple(sorted(films))
    lines = np.array([slots[p] for p in places]).reshape(-1, len(COUNTS) + 1)
    return TablesOfUse(
        signal=signal,
        places=np.array(places, dtype=np.int64).reshape(-1, len(PLACE)),
        slots=Counts.of(lines[:, :-1].astype(np.int64)),
        dwell_ms=lines[:, -1],
        genres=genres,
        films=Counts.of(np.array([films[g] for g in genres], dtype=np.int64)),
        views=views,
        unseen=unseen,
    )


def _counted(examined: NDArray[np.bool_], click: int | None) -> IntArray:
    """Return what one view adds to the counts of its slots, (n, 4)."""
    clicked = np.arange(len(examined)) == (-1 if click is None else click)
    both = examined & clicked
    return np.stack([np.ones_like(examined), examined, clicked, both], axis=1).astype(np.int64)


def _rows_and_columns(layout: SlotLayout) -> list[tuple[int, int]]:
    """Return row on the whole page and place from the left in it, per slot."""
    lefts: dict[int, list[float]] = {}
    for slot in layout.slots:
        lefts.setdefault(slot.row, []).append(slot.box.left)
    return [(s.row, sorted(lefts[s.row]).index(s.box.left)) for s in layout.slots]


def _rate(some: IntArray, of: IntArray) -> FloatArray:
    """Return rates drawn to their mean, which itself is drawn to one half by one case."""
    mean = (some.sum() + 0.5) / (of.sum() + 1.0)
    return np.asarray((some + PRIOR_VIEWS * mean) / (of + PRIOR_VIEWS))


def _refuse_impossible(lines: FloatArray, films: FloatArray, genres: int, views: int) -> None:
    wide = len(PLACE) + len(COUNTS) + 1
    problem = ""
    if lines.ndim != 2 or lines.shape[1] != wide or films.shape != (genres, len(COUNTS)):
        problem = (
            f"shapes {lines.shape} and {films.shape} instead of (k, {wide}) and ({genres}, {len(COUNTS)})"
        )
    elif max(len(lines), genres) > MAX_LINES:
        problem = f"{max(len(lines), genres)} lines, more than {MAX_LINES}"
    elif _impossible(lines[:, len(PLACE) : -1]) or _impossible(films) or _impossible_places(lines):
        problem = "counts that cannot be"
    elif (lines[:, len(PLACE)] > views).any():
        problem = f"a slot that was shown in more than the {views} views"
    if problem:
        raise PersonaMismatch(
            f"The examination and click tables hold {problem}.",
            "A simulator built on them would do what nobody did.",
            "Fit the participant again.",
        )


def _impossible(counts: FloatArray) -> bool:
    shown, examined, clicked, both = counts.T
    whole = bool((counts == np.floor(counts)).all()) and bool((counts >= 0).all())
    return not whole or bool(
        (examined > shown).any()
        or (clicked > shown).any()
        or (both > np.minimum(examined, clicked)).any()
        or (counts > 2**53).any()
    )


def _impossible_places(lines: FloatArray) -> bool:
    places, dwell_ms = lines[:, : len(PLACE)], lines[:, -1]
    whole = bool((places == np.floor(places)).all() and (places >= 0).all() and (places < MAX_LINES).all())
    return not whole or len(np.unique(places, axis=0)) != len(places) or bool((dwell_ms < 0).any())
