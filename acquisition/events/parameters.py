"""Settings of the event detectors."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np

from protocols.geometry import FloatArray


@dataclass(frozen=True, slots=True)
class IvtParameters:
    """Settings of the velocity threshold detector. None of them depends on the sampling rate.

    Attributes:
        velocity_deg_s: lowest threshold; at or above the threshold a sample is fast.
        noise_factor: the threshold is at least this many times the velocity noise measured before the sample.
        window_s: length of the window, centred on the sample, over which velocity is measured.
        gap_s: a longer stretch without valid samples is a loss and always ends a fixation.
        rare_s: a shorter one, but longer than this, and so long that a saccade fits in ...
        gap_deg: ... ends it when gaze moved further than this, and than noise would.
        artefact_s: what is fast this close to a loss, and what lies between, is the eyelid and not the eye.
        merge_s: fixations less than this apart in time ...
        merge_deg: ... and less than this apart in space are one.
        min_s: shorter fixations are dropped, after merging.
    """

    velocity_deg_s: float = 20.0
    noise_factor: float = 3.0
    window_s: float = 0.030
    gap_s: float = 0.075
    rare_s: float = 0.025
    gap_deg: float = 1.0
    artefact_s: float = 0.100
    merge_s: float = 0.075
    merge_deg: float = 0.5
    min_s: float = 0.050

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all settings."""
        return _digest(self)

    @property
    def lookahead_s(self) -> float:
        """How far after a sample what is known of it can depend on other samples, in s."""
        return self.artefact_s + self.gap_s + max(self.gap_s, self.window_s / 2)


@dataclass(frozen=True, slots=True)
class IdtParameters:
    """Settings of the dispersion detector.

    Attributes:
        dispersion_deg: horizontal plus vertical extent that a fixation does not exceed.
        gap_s: a longer stretch without valid samples always ends a fixation.
        min_s: shortest fixation.
    """

    dispersion_deg: float = 1.0
    gap_s: float = 0.075
    min_s: float = 0.100

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all settings."""
        return _digest(self)


def threshold_deg_s(noise_deg_s: FloatArray, p: IvtParameters) -> FloatArray:
    """Return the velocity threshold (n,) in deg/s under this much velocity noise (n,)."""
    return np.maximum(p.velocity_deg_s, p.noise_factor * noise_deg_s)


def _digest(parameters: IvtParameters | IdtParameters) -> str:
    text = json.dumps(asdict(parameters), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
