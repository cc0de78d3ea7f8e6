"""What is known of a participant beside the prompt, fitted on training screens only.

The combined twin multiplies the participant's position habit with what the prompted model sees::

    attention ∝ prior^α · model^β          clicks likewise, with exponents of their own

For training screens the prior leaves the screen itself out, otherwise α would be too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray
from protocols.slots import SlotLayout
from protocols.stimulus import Film
from tuning import metrics
from tuning.baselines import Looked, PositionMap, best_smoothing, genre_match, left_out_maps
from tuning.loglinear import fit_exponents, floored_log, pooled
from tuning.predictions import Prediction

_SHARES = np.linspace(0.0, 1.0, 21)
_MAP_ALONE = np.array([1.0, 0.0])
_GENRE_RIDGE = 0.5
_ATTENTION_RIDGE = 3.0
_CLICK_RIDGE = 30.0
"""One click says far less about exponents than a page of dwell; both chosen on simulated newcomers."""


@dataclass(frozen=True, eq=False)
class Pooling:
    """Exponents of prior and model in the combined twin.

    Attributes:
        attention: α, β for attention, (2,).
        click: α, β for clicks, (2,); the prior of clicks is the attention map too.
    """

    attention: FloatArray
    click: FloatArray

    def combined(self, prior: FloatArray, model: Prediction) -> Prediction:
        """Combine a prior (n,) with a model's prediction."""
        attention = pooled(self.attention, _logs(prior, model.attention))
        return Prediction(attention, pooled(self.click, _logs(prior, model.choice)))


UNFITTED = Pooling(attention=np.array([0.7, 0.7]), click=np.array([0.3, 1.0]))
"""Exponents where nothing is known: both sides count, the model's clicks more than the habit's."""


@dataclass(frozen=True, eq=False)
class Habit:
    """A participant's position habit, and how far it and genres explain attention and clicks.

    Attributes:
        map: mean attention by position.
        genre: exponents (2,) of the map and of e^match, for the baseline that uses catalogue genres.
        pooling: exponents of the combined twin.
        uniform_shares: per position baseline, the share of a uniform distribution that makes its map the
            best click prediction.
    """

    map: PositionMap
    genre: FloatArray
    pooling: Pooling
    uniform_shares: Mapping[str, float]

    def with_genres(self, layout: SlotLayout, films: Sequence[Film], preferred: Sequence[str]) -> FloatArray:
        """Return map^α · exp(γ match) over the slots of a page, (n,), summing to 1."""
        return pooled(self.genre, _genre_features(self.map.predict(layout), films, preferred))


@dataclass(frozen=True, eq=False)
class TrainingView:
    """One training page with attention.

    Attributes:
        looked: what the participant looked at.
        preferred: genres from the questionnaire.
        click: clicked slot, None for none.
        model: what the prompted model predicted.
    """

    looked: Looked
    preferred: tuple[str, ...]
    click: int | None
    model: Prediction


def fit_habit(views: Sequence[TrainingView], population: PositionMap, centre: Pooling) -> Habit:
    """Fit everything a participant's training pages can tell.

    Args:
        views: at least one.
        population: mean map of other participants, for its click smoothing.
        centre: exponents that few pages are drawn to.
    """
    looked = [v.looked for v in views]
    smoothing = best_smoothing(looked)
    known = left_out_maps(looked, lambda rest: PositionMap.of(rest, smoothing))
    priors = [known[v.screen_id].predict(v.layout) for v in looked]
    genre_features = [
        _genre_features(p, v.looked.films, v.preferred) for p, v in zip(priors, views, strict=True)
    ]
    genre = fit_exponents(genre_features, [v.weights for v in looked], _MAP_ALONE, _GENRE_RIDGE)
    maps = {
        "participant_mean": priors,
        "participant_mean_genre": [pooled(genre, f) for f in genre_features],
        "population_mean": [population.predict(v.layout) for v in looked],
    }
    clicks = [v.click for v in views]
    return Habit(
        map=PositionMap.of(looked, smoothing),
        genre=genre,
        pooling=fit_pooling(views, priors, centre),
        uniform_shares={name: _uniform_share(found, clicks) for name, found in maps.items()},
    )


def fit_pooling(views: Sequence[TrainingView], priors: Sequence[FloatArray], centre: Pooling) -> Pooling:
    """Fit the exponents of the combined twin; a prior (n,) must not know its page."""
    attention = fit_exponents(
        [_logs(p, v.model.attention) for p, v in zip(priors, views, strict=True)],
        [v.looked.weights for v in views],
        centre.attention,
        _ATTENTION_RIDGE,
    )
    both = zip(priors, views, strict=True)
    clicked = [(p, v.model.choice, v.click) for p, v in both if v.click is not None]
    click = fit_exponents(
        [_logs(p, choice) for p, choice, _ in clicked],
        [np.eye(len(p))[slot] for p, _, slot in clicked],
        centre.click,
        _CLICK_RIDGE,
    )
    return Pooling(attention, click)


def with_uniform(weights: FloatArray, share: float) -> FloatArray:
    """Mix a distribution (n,) with the uniform one."""
    return np.asarray((1 - share) * weights + share / len(weights))


def _logs(prior: FloatArray, model: FloatArray) -> FloatArray:
    return np.stack([floored_log(prior), floored_log(model)])


def _genre_features(prior: FloatArray, films: Sequence[Film], preferred: Sequence[str]) -> FloatArray:
    return np.stack([floored_log(prior), genre_match(films, preferred)])


def _uniform_share(maps: Sequence[FloatArray], clicks: Sequence[int | None]) -> float:
    """Return the share with the smallest log-loss on the clicks; 0 without clicks."""
    clicked = [(m, c) for m, c in zip(maps, clicks, strict=True) if c is not None]

    def loss(share: float) -> float:
        return sum(metrics.logloss(with_uniform(m, share), c) for m, c in clicked)

    return float(min(_SHARES, key=loss))
