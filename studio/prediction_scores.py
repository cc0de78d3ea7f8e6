"""How the predictions made before each page did, from the recording alone: as the operator saw them live."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import Code
from protocols.slots import SlotDistribution
from sessions.reader import Recording
from sessions.views import PageView
from studio.state import Score
from studio.theme import SERIES
from tuning.metrics import kl

_Rows = Mapping[str, Mapping[str, object]]


def prediction_scores(recording: Recording) -> tuple[Score, ...]:
    """Return the KL in nats of every page that was predicted before it appeared, in order of trials.

    The first view of a trial counts, when a poster was looked at: what is scrolled to was not predicted.

    Raises:
        SessionError: the recording is damaged, or its gaze is none on the screen.
    """
    predicted = {m.trial: m.payload["views"] for m in recording.markers() if m.code is Code.PREDICTION}
    if not predicted:
        return ()
    first: dict[int, PageView] = {}
    for view in recording.views():
        first.setdefault(view.trial, view)
    judged = [first[t] for t in sorted(predicted) if t in first and first[t].fixation_ms.sum() > 0]
    return tuple(_score(view, cast("_Rows", predicted[view.trial])) for view in judged)


def _score(view: PageView, rows: _Rows) -> Score:
    real = SlotDistribution.of(view.fixation_ms, "fixation").weights
    found = {series.key: _kl(real, rows, series.key) for series in SERIES}
    return Score(view.trial, **found)


def _kl(real: FloatArray, rows: _Rows, row: str) -> float:
    if row not in rows:
        return math.nan
    shares = np.asarray(rows[row]["attention"], dtype=np.float64)
    return kl(real, shares) if len(shares) == len(real) else math.nan
