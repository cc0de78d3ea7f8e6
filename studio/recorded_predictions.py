"""What the twin predicted during a recorded session, read back and scored as it was then. Qt-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.slots import SlotDistribution
from sessions.slots import ViewSlots
from studio.state import Score
from tuning.metrics import kl

SCORED = ("twin", "participant_mean", "population_mean", "uniform")

Predictions = Mapping[int, Mapping[str, FloatArray]]
"""Per trial and per row of the comparison, share per slot of the page the trial began with, shape (n,)."""


def predictions(markers: Iterable[Marker]) -> dict[int, dict[str, FloatArray]]:
    """Return what was predicted before each page appeared, as the markers of a recording keep it."""
    return {m.trial: _shares(m.payload) for m in markers if m.code is Code.PREDICTION}


def scores(foreseen: Predictions, views: Iterable[ViewSlots]) -> tuple[Score, ...]:
    """Score every prediction by the first view of its trial, in order of trials.

    Args:
        foreseen: from :func:`predictions`.
        views: of the recording, in order of time.
    """
    first: dict[int, ViewSlots] = {}
    for view in views:
        first.setdefault(view.view.trial, view)
    found = ((trial, scored(trial, view.fixation_ms, foreseen)) for trial, view in sorted(first.items()))
    return tuple(score for _, score in found if score is not None)


def scored(trial: int, fixation_ms: FloatArray, foreseen: Predictions) -> Score | None:
    """Return the KL divergence of each prediction for a page from the attention it got; None without either.

    Args:
        trial: trial number.
        fixation_ms: fixation time per slot of its first page, shape (n,).
        foreseen: predictions by trial.
    """
    rows = foreseen.get(trial, {})
    if not rows or fixation_ms.sum() <= 0:
        return None
    real = SlotDistribution.of(fixation_ms, "fixation").weights
    return Score(trial, **{row: kl(real, rows[row]) for row in SCORED if row in rows})


def _shares(payload: Mapping[str, object]) -> dict[str, FloatArray]:
    views = cast(Mapping[str, Mapping[str, object]], payload.get("views", {}))
    return {row: np.asarray(view["attention"], dtype=np.float64) for row, view in views.items()}
