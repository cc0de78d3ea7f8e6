"""Judges trials: was there gaze in each, and how exactly is it known when its page appeared?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from acquisition.samples import GazeChunk
from protocols.markers import Code, Marker
from sessions.gaze_check import CheckItem, Verdict, item

_LEAST_GAZE = 0.5
_MOST_JITTER_MS = 20.0


def trial_items(chunk: GazeChunk, markers: Sequence[Marker]) -> Iterator[CheckItem]:
    """Yield the verdict on gaze trial by trial; none without trials or gaze."""
    spans = _spans(markers)
    if not spans or len(chunk) < 2:
        return
    interval_s = float(np.median(np.diff(chunk.t_s)))
    poor = [
        trial
        for trial, (start_s, end_s) in spans.items()
        if _covered_s(chunk, start_s, end_s, interval_s) < _LEAST_GAZE * (end_s - start_s)
    ]
    share = len(poor) / len(spans)
    named = ", ".join(str(trial + 1) for trial in poor[:8]) + (" ..." if len(poor) > 8 else "")
    found = f"{len(poor)} of {len(spans)} have gaze for less than half of their time"
    verdict: Verdict = "good" if not poor else "warning" if share <= 0.2 else "bad"
    yield item("gaze in trials", verdict, f"{found}: {named}" if poor else found, "Leave these trials out.")


def onset_item(markers: Sequence[Marker]) -> CheckItem:
    """Return the verdict on the stamps of page onsets, as far as ``onset_error_ms`` was measured."""
    shown = [m for m in markers if m.code is Code.PAGE_SHOWN]
    errors_ms = [float(str(m.payload["onset_error_ms"])) for m in shown if "onset_error_ms" in m.payload]
    if not errors_ms:
        words = "stamped when the program showed them; the display's own delay was not measured"
        return item("page onsets", "good", f"{len(shown)}, {words}", "")
    mean_ms, sd_ms = float(np.mean(errors_ms)), float(np.std(errors_ms))
    found = f"{len(errors_ms)} of {len(shown)} measured: {mean_ms:+.1f} ms late on average, SD {sd_ms:.1f} ms"
    verdict: Verdict = "warning" if sd_ms > _MOST_JITTER_MS else "good"
    return item("page onsets", verdict, found, "Close other programs on this computer; use a wired display.")


def _spans(markers: Sequence[Marker]) -> dict[int, tuple[float, float]]:
    starts = {m.trial: m.t_s for m in markers if m.code is Code.TRIAL_START}
    ends = {m.trial: m.t_s for m in markers if m.code is Code.TRIAL_END}
    return {k: (starts[k], ends[k]) for k in sorted(starts.keys() & ends.keys()) if ends[k] > starts[k]}


def _covered_s(chunk: GazeChunk, start_s: float, end_s: float, interval_s: float) -> float:
    inside = (chunk.t_s >= start_s) & (chunk.t_s < end_s) & chunk.valid
    return float(np.count_nonzero(inside)) * interval_s
