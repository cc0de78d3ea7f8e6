"""What a perfect model would answer: expectations over the documented population of simulated viewers.

`acquisition.viewer.policy.draw_viewer` defines the population. A question that names no habit is answered by
the mean over all viewers with these preferences; one that names a habit and two levels by the mean over the
viewers within those thirds of the population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.viewer.policy import HABITS
from protocols.geometry import FloatArray

STRENGTH = (0.6, 1.4)
PULL = (0.6, 2.2)
CLICK_PULL = (3.0, 5.0)
CLICK_GAZE = (0.3, 0.8)
POINTS = 4
"""Quadrature points per uniformly distributed parameter."""


@dataclass(frozen=True, slots=True)
class Manner:
    """A written viewing habit: which, and the population's third of strength and genre pull (0, 1, 2)."""

    habit: str
    strength: int
    pull: int


@dataclass(frozen=True, eq=False)
class Expected:
    """Expected dwell shares and click probabilities over slots, each (n,)."""

    gaze: FloatArray
    click: FloatArray


def expected(habit_maps: FloatArray, affinity: FloatArray, manner: Manner | None) -> Expected:
    """Average over the viewers that a question describes.

    Args:
        habit_maps: log-weights of all habits on this page, (habits, n).
        affinity: of the page's films to the asked preferences, (n,).
        manner: the written habit, None for anyone.
    """
    if manner is None:
        maps, strengths, pulls = habit_maps, _points(*STRENGTH), _points(*PULL)
    else:
        maps = habit_maps[HABITS.index(manner.habit)][None]
        strengths, pulls = _third(*STRENGTH, manner.strength), _third(*PULL, manner.pull)
    score = strengths[None, :, None, None] * maps[:, None, None, :] + pulls[:, None] * affinity
    gaze = _softmax(score).reshape(-1, len(affinity))
    choice = _points(*CLICK_PULL, 2)[:, None, None, None] * affinity + (
        _points(*CLICK_GAZE, 2)[None, :, None, None] * np.log(gaze)
    )
    return Expected(gaze.mean(0), _softmax(choice).reshape(-1, len(affinity)).mean(0))


def _points(low: float, high: float, count: int = POINTS) -> FloatArray:
    """Return midpoints of equal parts of an interval."""
    return np.asarray(low + (high - low) * (np.arange(count) + 0.5) / count)


def _third(low: float, high: float, third: int) -> FloatArray:
    width = (high - low) / 3
    return _points(low + third * width, low + (third + 1) * width, 2)


def _softmax(score: FloatArray) -> FloatArray:
    weight = np.exp(score - score.max(-1, keepdims=True))
    return np.asarray(weight / weight.sum(-1, keepdims=True))
