"""Which samples are still enough for a fixation, decided sample by sample with a bounded look ahead."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from acquisition.events.noise import NoiseMemory
from acquisition.events.parameters import IvtParameters, threshold_deg_s
from acquisition.events.silence import near_losses
from acquisition.events.track import Track, leapt, parted
from acquisition.events.velocity import velocity_deg_s
from protocols.geometry import BoolArray, FloatArray

PRIOR_DEG_S = 10.0
"""Velocity noise expected before any was measured, standard deviation per axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is known of each sample; every column has shape (n,).

    Attributes:
        still: it belongs to a fixation.
        parted: gaze was lost or the page changed since the sample before.
        velocity_deg_s: gaze velocity; infinite for a lone sample.
        spanning_deg_s: the same when no saccade is taken to have passed between samples.
        noise_deg_s: velocity noise known when it came, standard deviation per axis.
    """

    still: BoolArray
    parted: BoolArray
    velocity_deg_s: FloatArray
    spanning_deg_s: FloatArray
    noise_deg_s: FloatArray

    def __len__(self) -> int:
        return len(self.still)

    @classmethod
    def none(cls) -> Judgement:
        """Return a judgement of no samples."""
        no = np.empty(0, dtype=bool)
        return cls(no, no, np.empty(0), np.empty(0), np.empty(0))

    def followed_by(self, other: Judgement) -> Judgement:
        """Return this judgement and then the other."""
        columns = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return Judgement(*(np.concatenate(pair) for pair in columns))

    def part(self, first: int, stop: int | None = None) -> Judgement:
        """Return the judgement of the samples from ``first`` up to before ``stop``."""
        return Judgement(*(getattr(self, f.name)[first:stop] for f in fields(self)))


def judged(
    track: Track, known: Judgement, memory: NoiseMemory, cuts_s: FloatArray, end_s: float, p: IvtParameters
) -> Judgement:
    """Judge every sample of a track by what is in the track.

    Args:
        track: samples.
        known: what was decided of the first of them before; kept.
        memory: noise before the first sample that is not in ``known``.
        cuts_s: when what was on the screen changed, sorted, shape (cuts,), in s.
        end_s: until when it is known that there are no further samples.
        p: settings.
    """
    if len(track) == 0:
        return Judgement.none()
    n = len(known)
    apart = parted(track, cuts_s, p.gap_s)
    spanning = velocity_deg_s(track, apart, p.window_s)
    noise = np.concatenate([known.noise_deg_s, memory.noise(track.t_s[n:], spanning[n:])])
    leap = leapt(track, noise, p)
    apart = np.concatenate([known.parted, (apart | leap)[n:]])
    velocity = velocity_deg_s(track, apart, p.window_s) if leap.any() else spanning
    now = Judgement(np.zeros(len(track), dtype=bool), apart, velocity, spanning, noise)
    now = known.followed_by(now.part(n))
    fast = now.velocity_deg_s >= threshold_deg_s(noise, p)
    now.still[n:] = ~(fast | near_losses(track.t_s, now.parted, fast, cuts_s, end_s, p))[n:]
    return now
