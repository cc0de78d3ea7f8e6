"""What is known of a participant beside the prompt, fitted on training screens only.

The combined twin multiplies what position habit, prompted model and bare model each know best::

    attention ∝ prior^α · attention of the prompted model^β · choice of the bare model^γ
    clicks    ∝ attention of the prompted model^β · choice of the bare model^γ

The bare model knows films; a prompt fitted on a participant's few clicks knows them less well. For training
screens the prior leaves the screen itself out, otherwise α would be too large.
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
_CLICK_RIDGE = 10.0
"""One click says far less about exponents than a page of dwell; both chosen on simulated participants."""

FACTORS = ("prior", "attention", "choice", "bare_choice")
"""What can be multiplied: position habit, the prompted model's attention and choice, the bare choice."""
_FITTED_ATTENTION, _FITTED_CLICK = [0, 1, 3], [1, 3]


@dataclass(frozen=True, eq=False)
class Pooling:
    """Exponents of the `FACTORS` of the combined twin; 0 leaves one out.

    Attributes:
        attention: for attention, (4,).
        click: for clicks, (4,).
    """

    attention: FloatArray
    click: FloatArray

    def combined(self, prior: FloatArray, model: Prediction, bare: Prediction) -> Prediction:
        """Combine a prior (n,) with the predictions of the prompted and of the bare model."""
        factors = _logs(prior, model, bare)
        return Prediction(pooled(self.attention, factors), pooled(self.click, factors))


UNFITTED = Pooling(attention=np.array([0.45, 0.65, 0.0, 0.1]), click=np.array([0.0, 0.5, 0.0, 0.9]))
"""Exponents where nothing is known, typical of simulated participants."""


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
        bare: what the model without a prompt predicted.
    """

    looked: Looked
    preferred: tuple[str, ...]
    click: int | None
    model: Prediction
    bare: Prediction


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
    priors = [known[v.screen_id].predict_at(v.shares) for v in looked]
    genre_features = [
        _genre_features(p, v.looked.films, v.preferred) for p, v in zip(priors, views, strict=True)
    ]
    genre = fit_exponents(genre_features, [v.weights for v in looked], _MAP_ALONE, _GENRE_RIDGE)
    maps = {
        "participant_mean": priors,
        "participant_mean_genre": [pooled(genre, f) for f in genre_features],
        "population_mean": [population.predict_at(v.shares) for v in looked],
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
    factors = [_logs(p, v.model, v.bare) for p, v in zip(priors, views, strict=True)]
    attention = centre.attention.copy()
    attention[_FITTED_ATTENTION] = fit_exponents(
        [f[_FITTED_ATTENTION] for f in factors],
        [v.looked.weights for v in views],
        centre.attention[_FITTED_ATTENTION],
        _ATTENTION_RIDGE,
    )
    clicked = [(f, v.click) for f, v in zip(factors, views, strict=True) if v.click is not None]
    click = centre.click.copy()
    click[_FITTED_CLICK] = fit_exponents(
        [f[_FITTED_CLICK] for f, _ in clicked],
        [np.eye(f.shape[1])[slot] for f, slot in clicked],
        centre.click[_FITTED_CLICK],
        _CLICK_RIDGE,
    )
    return Pooling(attention, click)


def with_uniform(weights: FloatArray, share: float) -> FloatArray:
    """Mix a distribution (n,) with the uniform one."""
    return np.asarray((1 - share) * weights + share / len(weights))


def _logs(prior: FloatArray, model: Prediction, bare: Prediction) -> FloatArray:
    """Return logarithms of the `FACTORS`, (4, n)."""
    return np.stack([floored_log(f) for f in (prior, model.attention, model.choice, bare.choice)])


def _genre_features(prior: FloatArray, films: Sequence[Film], preferred: Sequence[str]) -> FloatArray:
    return np.stack([floored_log(prior), genre_match(films, preferred)])


def _uniform_share(maps: Sequence[FloatArray], clicks: Sequence[int | None]) -> float:
    """Return the share with the smallest log-loss on the clicks; 0 without clicks."""
    clicked = [(m, c) for m, c in zip(maps, clicks, strict=True) if c is not None]

    def loss(share: float) -> float:
        return sum(metrics.logloss(with_uniform(m, share), c) for m, c in clicked)

    return float(min(_SHARES, key=loss))
