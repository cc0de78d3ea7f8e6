"""Arrays of samples as they travel through acquisition: frozen columns, units in the names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from protocols.geometry import BoolArray, FloatArray

Eye = Literal["left", "right", "both"]
_NOT_TOLD_APART = np.empty((0, 2, 2))


@dataclass(frozen=True, slots=True, eq=False)
class GazeChunk:
    """A run of gaze samples, possibly empty.

    Attributes:
        t_s: session clock in s, shape (n,).
        t_source_s: the device's own stamp in s, never corrected, shape (n,).
        xy_px: screen px, origin top left, shape (n, 2); may lie off screen; NaN when invalid.
            Uncalibrated: a Calibration is applied later, never stored over it.
        valid: shape (n,).
        pupil_mm: left and right diameter in mm, shape (n, 2); NaN where absent.
        raw: every channel as the source delivered it, shape (n, channels), float64.
        eyes_px: left and right eye apart, shape (n, 2, 2), as ``xy_px``; NaN where an eye was lost, and all
            NaN from a source that does not tell the eyes apart, which is the default.
    """

    t_s: FloatArray
    t_source_s: FloatArray
    xy_px: FloatArray
    valid: BoolArray
    pupil_mm: FloatArray
    raw: FloatArray
    eyes_px: FloatArray = field(default_factory=lambda: _NOT_TOLD_APART)

    def __post_init__(self) -> None:
        """Fill in what the source does not tell."""
        if self.eyes_px is _NOT_TOLD_APART:
            object.__setattr__(self, "eyes_px", np.full((len(self.t_s), 2, 2), np.nan))

    def __len__(self) -> int:
        return len(self.t_s)

    def of_eye(self, eye: Eye) -> FloatArray:
        """Return the positions (n, 2) in px of one eye, or of both as the source gives them."""
        return self.xy_px if eye == "both" else self.eyes_px[:, ("left", "right").index(eye)]

    def rows(self, part: slice | BoolArray | NDArray[np.intp]) -> GazeChunk:
        """Return some of the samples."""
        return GazeChunk(
            self.t_s[part],
            self.t_source_s[part],
            self.xy_px[part],
            self.valid[part],
            self.pupil_mm[part],
            self.raw[part],
            self.eyes_px[part],
        )

    def by_time(self) -> GazeChunk:
        """Return the samples in order of session time; late ones may have arrived after newer ones."""
        if (np.diff(self.t_s) >= 0).all():
            return self
        return self.rows(np.argsort(self.t_s, kind="stable"))

    @classmethod
    def empty(cls, channels: int = 0) -> GazeChunk:
        """Return a chunk without samples."""
        none = np.empty(0)
        return cls(none, none, np.empty((0, 2)), np.empty(0, bool), np.empty((0, 2)), np.empty((0, channels)))

    @classmethod
    def joined(cls, chunks: list[GazeChunk]) -> GazeChunk:
        """Concatenate chunks in the given order; an empty list gives an empty chunk."""
        if not chunks:
            return cls.empty()
        return cls(
            np.concatenate([c.t_s for c in chunks]),
            np.concatenate([c.t_source_s for c in chunks]),
            np.concatenate([c.xy_px for c in chunks]),
            np.concatenate([c.valid for c in chunks]),
            np.concatenate([c.pupil_mm for c in chunks]),
            np.concatenate([c.raw for c in chunks]),
            np.concatenate([c.eyes_px for c in chunks]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CursorChunk:
    """A run of mouse cursor samples.

    Attributes:
        t_s: session clock in s, shape (n,).
        xy_px: screen px, origin top left, shape (n, 2).
        buttons: bit mask of pressed buttons, shape (n,); 0 for none.
    """

    t_s: FloatArray
    xy_px: FloatArray
    buttons: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)
