"""How far the eyes are from the screen, where the tracker tells."""

from __future__ import annotations

import numpy as np

from acquisition.source import SourceInfo
from protocols.geometry import FloatArray

_DEPTHS = ("z.position_in_user_coordinates.gaze_origin.", "EyePosition_Z_")
_MM = ("mm", "millimeters")
_PLAUSIBLE_MM = (200.0, 2000.0)


def distance_mm(source: SourceInfo, raw: FloatArray) -> float | None:
    """Return the median distance of the eyes in mm; None where the tracker tells nothing plausible.

    Args:
        source: names the channels.
        raw: samples as delivered, shape (n, channels).
    """
    depths = [
        column
        for column, (label, unit) in enumerate(zip(source.channels, source.units, strict=True))
        if label.startswith(_DEPTHS) and unit in _MM
    ]
    if not depths or raw.shape[1] != len(source.channels):
        return None
    found = np.abs(raw[:, depths])
    known = found[np.isfinite(found) & (found >= _PLAUSIBLE_MM[0]) & (found <= _PLAUSIBLE_MM[1])]
    return float(np.median(known)) if len(known) else None
