"""Fixations as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from acquisition.events.parameters import IdtParameters, IvtParameters, threshold_deg_s
from protocols.geometry import FloatArray
from protocols.slots import IntArray

COLUMNS = ("onset_s", "offset_s", "x_px", "y_px", "n", "noise_deg_s")


@dataclass(frozen=True, slots=True, eq=False)
class Fixations:
    """Fixations in order of time, and the settings that made them.

    Attributes:
        onset_s: stamp of the first sample, shape (n,).
        offset_s: stamp of the last sample, shape (n,).
        x_px: mean of the valid samples, shape (n,); screen px, origin top left.
        y_px: likewise, downwards.
        n: number of valid samples, shape (n,).
        parameters: settings of the detector.
        noise_deg_s: velocity noise known at onset, standard deviation per axis, shape (n,); NaN when none was
            measured.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    x_px: FloatArray
    y_px: FloatArray
    n: IntArray
    parameters: IvtParameters | IdtParameters
    noise_deg_s: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if len(self.noise_deg_s) != len(self.onset_s):
            object.__setattr__(self, "noise_deg_s", np.full(len(self.onset_s), np.nan))

    def __len__(self) -> int:
        return len(self.onset_s)

    @property
    def xy_px(self) -> FloatArray:
        """Positions, shape (n, 2), in px."""
        return np.column_stack([self.x_px, self.y_px])

    @property
    def duration_ms(self) -> FloatArray:
        """Time from first to last sample, shape (n,), in ms."""
        return (self.offset_s - self.onset_s) * 1000.0

    @property
    def threshold_deg_s(self) -> FloatArray:
        """Velocity threshold in force at onset, shape (n,), in deg/s; NaN when there was none."""
        if isinstance(self.parameters, IdtParameters):
            return np.full(len(self), np.nan)
        return threshold_deg_s(self.noise_deg_s, self.parameters)

    def part(self, which: slice) -> Fixations:
        """Return some of them."""
        columns = (getattr(self, name)[which] for name in COLUMNS)
        return Fixations(**dict(zip(COLUMNS, columns, strict=True)), parameters=self.parameters)

    @classmethod
    def empty(cls, parameters: IvtParameters | IdtParameters) -> Fixations:
        """Return no fixations."""
        none = np.empty(0)
        return cls(none, none, none, none, np.empty(0, dtype=np.int64), parameters, none)

    @classmethod
    def joined(cls, parts: Sequence[Fixations], parameters: IvtParameters | IdtParameters) -> Fixations:
        """Concatenate in the given order; no parts give no fixations."""
        parts = [cls.empty(parameters), *parts]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
        return cls(**columns, parameters=parameters)
