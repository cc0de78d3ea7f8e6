"""Where gaze is relative to a target in degrees, and where it rests."""

from __future__ import annotations

import numpy as np

from protocols.geometry import FloatArray, Screen

_SMOOTHED_S = 0.1
_DISPERSION_DEG = 1.0
_SHORTEST_S = 0.1


def offsets_deg(gaze_px: FloatArray, target_px: FloatArray, screen: Screen) -> FloatArray:
    """Return offset vectors (n, 2) in deg from the target (2,) to gaze (n, 2), both in px.

    Each is as long as the angle between the rays to both, exact at any eccentricity, and points as the line
    between both on the screen.
    """
    way_mm = screen.to_mm(gaze_px) - screen.to_mm(target_px)
    length_mm = np.linalg.norm(way_mm, axis=1, keepdims=True)
    direction = np.divide(way_mm, length_mm, out=np.zeros_like(way_mm), where=length_mm > 0)
    return np.asarray(screen.angle_deg(gaze_px, target_px)[:, None] * direction)


def steadiest(t_s: FloatArray, offset_deg: FloatArray) -> slice:
    """Return the longest stretch in which gaze stays within 1 deg, empty when none lasts 100 ms.

    Noise of single samples does not count: what has to stay is the running median over 100 ms.

    Args:
        t_s: stamps of valid samples, increasing, shape (n,).
        offset_deg: position, shape (n, 2), in deg from anywhere near.
    """
    if len(t_s) < 2:
        return slice(0, 0)
    smooth = _running_median(offset_deg, _SMOOTHED_S / float(np.median(np.diff(t_s))))
    start, longest = 0, slice(0, 0)
    for stop in range(1, len(smooth) + 1):
        while np.ptp(smooth[start:stop], axis=0).max() > _DISPERSION_DEG:
            start += 1
        if stop - start > longest.stop - longest.start:
            longest = slice(start, stop)
    lasts_s = t_s[longest.stop - 1] - t_s[longest.start]
    return longest if lasts_s >= _SHORTEST_S else slice(0, 0)


def _running_median(values: FloatArray, samples: float) -> FloatArray:
    half = max(round(samples), 1) // 2
    padded = np.pad(values, ((half, half), (0, 0)), mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, 0), axis=-1))
