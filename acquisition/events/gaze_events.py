"""All that happened in a recording of gaze: fixations, the saccades between them, blinks and losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.events.fixations import Fixations
from acquisition.events.grouping import grouped
from acquisition.events.ivt import summary
from acquisition.events.noise import NoiseMemory
from acquisition.events.parameters import IvtParameters, threshold_deg_s
from acquisition.events.silence import near_losses
from acquisition.events.stillness import PRIOR_DEG_S, Judgement, judged
from acquisition.events.track import Track, parted, usable
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray

BLINK_S = 0.5
"""No blink lasts longer; what does is a loss of the eye."""

LONGEST_SACCADE_S = 0.2
"""What lasts longer between two fixations is no single saccade."""


@dataclass(frozen=True, slots=True, eq=False)
class Saccades:
    """Fast movements between two fixations that gaze was followed through; each column has shape (n,).

    Attributes:
        onset_s: stamp of the last sample of the fixation before.
        offset_s: stamp of the first sample of the fixation after.
        amplitude_deg: angle between the mean positions of both fixations.
        peak_velocity_deg_s: highest velocity over the detector's window.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    amplitude_deg: FloatArray
    peak_velocity_deg_s: FloatArray

    def __len__(self) -> int:
        return len(self.onset_s)


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Stretches without gaze; each column has shape (n,).

    Attributes:
        onset_s: stamp of the last sample before it that is not spoilt by the lid.
        offset_s: stamp of the first such sample after it.
        blink: gaze was away as shortly as in a blink; the eyelid is not measured.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    blink: BoolArray

    def __len__(self) -> int:
        return len(self.onset_s)


@dataclass(frozen=True, slots=True, eq=False)
class GazeEvents:
    """Events of one recording, each kind in order of time."""

    fixations: Fixations
    saccades: Saccades
    losses: Losses


def detect_events(
    t_s: FloatArray,
    xy_px: FloatArray,
    valid: BoolArray,
    screen: Screen,
    parameters: IvtParameters | None = None,
    cuts_s: Sequence[float] | FloatArray = (),
) -> GazeEvents:
    """Find all events in a whole recording; arguments and fixations as of ``detect_ivt``."""
    p = parameters or IvtParameters()
    track, end_s = usable(t_s, xy_px, valid, screen, -np.inf)
    cuts = np.sort(np.asarray(cuts_s, dtype=np.float64))
    judgement = judged(track, Judgement.none(), NoiseMemory.new(PRIOR_DEG_S), cuts, end_s, p)
    fixations = summary(grouped(track, judgement, -np.inf, cuts, p), track, judgement, p)
    start_s = float(np.min(np.asarray(t_s)[np.isfinite(t_s)], initial=np.inf))
    return GazeEvents(
        fixations,
        _saccades(fixations, track, judgement, np.cumsum(parted(track, cuts, p.gap_s)), screen),
        _losses(track, judgement, cuts, (start_s, end_s), p),
    )


def _saccades(
    fixations: Fixations, track: Track, judgement: Judgement, segment: IntArray, screen: Screen
) -> Saccades:
    a = np.searchsorted(track.t_s, fixations.offset_s[:-1])
    b = np.searchsorted(track.t_s, fixations.onset_s[1:])
    seen = (segment[a] == segment[b]) & (track.t_s[b] - track.t_s[a] <= LONGEST_SACCADE_S)
    amplitude_deg = screen.angle_deg(fixations.xy_px[:-1], fixations.xy_px[1:])[seen]
    a, b = a[seen], b[seen]
    speed = np.append(judgement.spanning_deg_s, 0.0)
    bounds = np.column_stack([a, b + 1]).ravel()
    peak = np.maximum.reduceat(speed, bounds)[::2] if len(a) else np.empty(0)
    return Saccades(track.t_s[a], track.t_s[b], amplitude_deg, peak)


def _losses(
    track: Track, judgement: Judgement, cuts_s: FloatArray, span_s: tuple[float, float], p: IvtParameters
) -> Losses:
    t = track.t_s
    fast = judgement.velocity_deg_s >= threshold_deg_s(judgement.noise_deg_s, p)
    clean = np.flatnonzero(~near_losses(t, judgement.parted, fast, cuts_s, span_s[1], p))
    ends = np.concatenate([[span_s[0]], t, [span_s[1]]])
    before = np.flatnonzero(np.diff(ends) > p.gap_s)
    away_s = np.diff(ends)[before]
    onset_s = np.append(span_s[0], t[clean])[np.searchsorted(clean, before - 1, side="right")]
    offset_s = np.append(t[clean], span_s[1])[np.searchsorted(clean, before, side="left")]
    inside = (before > 0) & (before < len(t))
    first = np.flatnonzero(np.diff(onset_s, prepend=-np.inf) > 0)
    blink = inside & (away_s <= BLINK_S)
    whole = np.logical_and.reduceat(blink, first) if len(first) else blink
    last = np.append(first[1:], len(onset_s))[: len(first)] - 1
    short = offset_s[last] - onset_s[first] <= BLINK_S + 2 * p.artefact_s
    return Losses(onset_s[first], offset_s[last], whole & short)
