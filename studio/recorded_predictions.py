"""What the twin predicted during a recorded session, read back and scored as it was then. Qt-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.slots import SlotDistribution
from sessions.reader import Recording
from sessions.slots import ViewSlots
from studio.state import Score
from tuning.metrics import kl

SCORED = ("twin", "participant_mean", "population_mean", "uniform")

Predictions = Mapping[int, Mapping[str, FloatArray]]
"""Per trial and per row of the comparison, share per slot of the page the trial began with, shape (n,)."""


def predictions(markers: Iterable[Marker]) -> dict[int, dict[str, FloatArray]]:
    """Return what was predicted before each page appeared, as the markers of a recording keep it.

    A trial that was repeated has no prediction: its page was no news any more.
    """
    found: dict[int, dict[str, FloatArray]] = {}
    for marker in markers:
        if marker.code is Code.PREDICTION:
            found[marker.trial] = _shares(marker.payload)
        elif marker.code is Code.REPEAT:
            found.pop(marker.trial, None)
    return found


def prediction_scores(recording: Recording) -> tuple[Score, ...]:
    """Return the score of every page that was predicted before it appeared, in order of trials.

    Raises:
        SessionError: the recording is damaged, or its gaze is none on the screen.
    """
    foreseen = predictions(recording.markers())
    return scores(foreseen, recording.slots().views) if foreseen else ()


def score_differences(found: Iterable[Score], expected: Iterable[Score]) -> list[str]:
    """Return one sentence per score that differs; empty when all are bit-identical."""
    ours, theirs = {s.trial: s for s in found}, {s.trial: s for s in expected}
    return [
        f"trial {trial + 1}: {_told(ours.get(trial))} instead of {_told(theirs.get(trial))}"
        for trial in sorted(ours.keys() | theirs.keys())
        if _told(ours.get(trial)) != _told(theirs.get(trial))
    ]


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


def _told(score: Score | None) -> str:
    """Return a score with every digit that counts."""
    return "no prediction score" if score is None else f"prediction score {score!r}"


def _shares(payload: Mapping[str, object]) -> dict[str, FloatArray]:
    views = cast(Mapping[str, Mapping[str, object]], payload.get("views", {}))
    return {row: np.asarray(view["attention"], dtype=np.float64) for row, view in views.items()}
