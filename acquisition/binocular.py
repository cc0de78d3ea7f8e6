"""Gaze of both eyes before any wire format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class BinocularGaze:
    """Samples of both eyes; NaN where an eye was lost.

    Attributes:
        t_s: time in s from any origin, non-decreasing, shape (n,).
        xy: fraction of the display with the origin top left, left and right eye, shape (n, 2, 2).
        pupil_mm: diameter of the left and right pupil, shape (n, 2).
    """

    t_s: FloatArray
    xy: FloatArray
    pupil_mm: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    def part(self, first: int, last: int, shift_s: float = 0.0, speed: float = 1.0) -> BinocularGaze:
        """Return samples ``first`` to before ``last``, their times sped up and then moved by ``shift_s``."""
        rows = slice(first, last)
        return BinocularGaze(self.t_s[rows] / speed + shift_s, self.xy[rows], self.pupil_mm[rows])

    @property
    def rate_hz(self) -> float:
        """Sampling rate by the median interval, 0 for fewer than two samples."""
        return float(1.0 / np.median(np.diff(self.t_s))) if len(self) > 1 else 0.0
