"""Round times for the axis of a time line, and how they are written. Qt-free."""

from __future__ import annotations

import math

_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


def marks_s(begin_s: float, end_s: float, most: float) -> list[float]:
    """Return round times within a window, at most ``most`` of them."""
    length_s = end_s - begin_s
    step_s = next((step for step in _STEPS_S if length_s / step <= most), _STEPS_S[-1])
    first, last = math.ceil(begin_s / step_s - 1e-9), math.floor(end_s / step_s + 1e-9)
    return [k * step_s for k in range(first, last + 1)]


def clock_words(t_s: float) -> str:
    """Return a time since the beginning as ``m:ss.s``, or ``h:mm:ss.s`` from an hour on."""
    tenths = round(max(t_s, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
