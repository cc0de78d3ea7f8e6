"""Gaze of both eyes before any wire format."""

from __future__ import annotations

from dataclasses import dataclass

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
