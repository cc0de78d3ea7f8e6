"""Where a simulated viewer looks and what it clicks.

A viewer's expected dwell over the slots of a page is a product of two influences::

    attention ∝ exp(habit_strength · habit + genre_pull · affinity)

`habit` depends only on where a slot is on the screen, `affinity` only on the film's genres and the viewer's
preferences. The click distribution follows the same affinity, and what was looked at. All distributions
below are inventions for testing and demonstration: they are documented so that anyone can recompute what a
perfect model would know, and they are no claim about people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray
from protocols.slots import SlotLayout
from protocols.stimulus import Film

HABITS = ("f-pattern", "l-pattern", "centre", "left", "right", "top", "bottom", "uniform")


@dataclass(frozen=True, slots=True)
class Viewer:
    """A simulated participant's way of looking and choosing.

    Attributes:
        habit: one of HABITS, the position habit.
        habit_strength: 0 ignores position; 1 is typical.
        genre_pull: 0 ignores genres; 2 is a determined genre seeker.
        click_pull: how decisively preferred genres are clicked.
        click_gaze: how much the click follows attention.
        preferred: preferred genres, top genre first.
    """

    habit: str
    habit_strength: float
    genre_pull: float
    click_pull: float
    click_gaze: float
    preferred: tuple[str, ...]


def draw_viewer(rng: np.random.Generator, genres: Sequence[str]) -> Viewer:
    """Draw a viewer from the documented population.

    Habit uniform over HABITS; habit strength U(0.6, 1.4); genre pull U(0.6, 2.2);
    click pull U(3, 5); click gaze U(0.3, 0.8); three distinct preferred genres, uniform.
    """
    preferred = rng.choice(np.asarray(genres), size=3, replace=False)
    return Viewer(
        habit=str(rng.choice(np.asarray(HABITS))),
        habit_strength=float(rng.uniform(0.6, 1.4)),
        genre_pull=float(rng.uniform(0.6, 2.2)),
        click_pull=float(rng.uniform(3.0, 5.0)),
        click_gaze=float(rng.uniform(0.3, 0.8)),
        preferred=tuple(str(g) for g in preferred),
    )


def habit_map(habit: str, layout: SlotLayout) -> FloatArray:
    """Return the habit's log-weight per slot, shape (n,), with mean 0."""
    boxes = layout.boxes()
    width, height = layout.size_px
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / width
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / height
    raw = _HABIT_FORMULAS[habit](x, y)
    return np.asarray(raw - raw.mean())


def _f_pattern(x: FloatArray, y: FloatArray) -> FloatArray:
    first_row = 2.2 * np.exp(-(((y - 0.25) / 0.18) ** 2)) * (1.15 - 0.6 * x)
    second_row = 1.5 * np.exp(-(((y - 0.56) / 0.15) ** 2)) * (1.0 - 1.1 * x)
    return np.asarray(first_row + second_row + 1.0 * np.exp(-((x / 0.22) ** 2)))


def _l_pattern(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(2.2 * np.exp(-((x / 0.22) ** 2)) + 1.8 * np.exp(-(((y - 0.88) / 0.17) ** 2)))


def _centre(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(-((x - 0.5) ** 2) / (2 * 0.17**2) - ((y - 0.56) ** 2) / (2 * 0.26**2))


_HABIT_FORMULAS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "f-pattern": _f_pattern,
    "l-pattern": _l_pattern,
    "centre": _centre,
    "left": lambda x, y: -3.2 * x + 0.0 * y,
    "right": lambda x, y: 3.2 * x + 0.0 * y,
    "top": lambda x, y: -3.6 * y + 0.0 * x,
    "bottom": lambda x, y: 3.6 * y + 0.0 * x,
    "uniform": lambda x, y: 0.0 * x + 0.0 * y,
}


def affinity(films: Sequence[Film], preferred: Sequence[str]) -> FloatArray:
    """Return how well each film suits the preferences, shape (n,), 0 to 1.

    The main genre counts fully, the first secondary genre 0.4; the top genre weighs 1, the others 0.6.
    """
    weight = dict.fromkeys(preferred, 0.6)
    if preferred:
        weight[preferred[0]] = 1.0
    return np.asarray([_film_affinity(film, weight) for film in films], dtype=np.float64)


def _film_affinity(film: Film, weight: dict[str, float]) -> float:
    main = weight.get(film.genres[0], 0.0)
    second = 0.4 * weight.get(film.genres[1], 0.0) if len(film.genres) > 1 else 0.0
    return max(main, second)


def attention(viewer: Viewer, layout: SlotLayout, films: Sequence[Film]) -> FloatArray:
    """Return the viewer's expected share of dwell per slot, shape (n,), summing to 1."""
    score = viewer.habit_strength * habit_map(viewer.habit, layout)
    return _softmax(score + viewer.genre_pull * affinity(films, viewer.preferred))


def click_distribution(viewer: Viewer, layout: SlotLayout, films: Sequence[Film]) -> FloatArray:
    """Return the viewer's click probability per slot, shape (n,), summing to 1."""
    looked = np.log(attention(viewer, layout, films))
    return _softmax(viewer.click_pull * affinity(films, viewer.preferred) + viewer.click_gaze * looked)


def _softmax(score: FloatArray) -> FloatArray:
    weight = np.exp(score - score.max())
    return np.asarray(weight / weight.sum())
