"""Judges the gaze samples of a recording: rate, order, gaps, losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from acquisition.samples import GazeChunk
from protocols.geometry import Screen
from protocols.words import counted

Verdict = Literal["good", "warning", "bad"]

GOOD_LOSS, MOST_LOSS = 0.1, 0.2
_MOST_OFF_SCREEN = 0.05
_OFF_SCREEN_MARGIN = 0.05
_MOST_OFF_RATE = 0.05
_GAP_INTERVALS = 3.0
_MOST_NOISE_DEG = 0.5
_LEAST_NOISE_DEG = 0.005  # the quietest trackers there are have twice that
_MANY = 100  # samples; a screen looked at for a second has a step between most of them
_LEAST_PLACE, _PLACE_S = 0.02, 30.0
_RMS_PER_MEDIAN = 1.0 / np.sqrt(np.log(2.0))
"""For steps in two dimensions with normal noise, whose lengths follow a Rayleigh distribution."""
_MOST_MISSING = 0.02


class CheckItem(BaseModel):
    """One thing that was looked at.

    Attributes:
        name: what.
        verdict: ``good``, ``warning`` (usable with care) or ``bad``.
        found: what was found, with values.
        advice: what to do; empty when good.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


class GazeNumbers(BaseModel):
    """Numbers about the gaze samples; None where there are too few to tell.

    Attributes:
        samples: how many.
        seconds: from the first to the last.
        nominal_hz: claimed by the source; 0 when it claims none.
        measured_hz: from the median interval between stamps.
        gaps: intervals of more than three times the median.
        longest_gap_s: the longest interval.
        missing_share: samples that the gaps would have held, of all.
        invalid_share: samples flagged invalid, of all.
        noise_deg: RMS of sample-to-sample distances as the median distance tells it, which saccades hardly
            change; so it needs no targets.
        place: width and height that nine tenths of the valid samples keep to on each axis, as shares of the
            screen's.
        off_screen_share: valid samples more than a twentieth of the screen beside it, of all valid ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int
    seconds: float
    nominal_hz: float
    measured_hz: float | None = None
    gaps: int = 0
    longest_gap_s: float | None = None
    missing_share: float | None = None
    invalid_share: float | None = None
    noise_deg: float | None = None
    off_screen_share: float | None = None
    place: tuple[float, float] | None = None

    @property
    def loss(self) -> float | None:
        """Share of the expected samples that did not come or were invalid."""
        if self.missing_share is None or self.invalid_share is None:
            return None
        return 1.0 - (1.0 - self.missing_share) * (1.0 - self.invalid_share)


def numbers(chunk: GazeChunk, nominal_hz: float, screen: Screen) -> GazeNumbers:
    """Measure rate, gaps, losses and place of gaze as delivered."""
    intervals_s = np.diff(chunk.t_s)
    seconds = float(chunk.t_s[-1] - chunk.t_s[0]) if len(chunk) else 0.0
    if not len(intervals_s) or not (median_s := float(np.median(intervals_s))) > 0:
        return GazeNumbers(samples=len(chunk), seconds=seconds, nominal_hz=nominal_hz)
    long_s = intervals_s[intervals_s > _GAP_INTERVALS * median_s]
    missing = float(np.sum(np.round(long_s / median_s) - 1))
    return GazeNumbers(
        samples=len(chunk),
        seconds=seconds,
        nominal_hz=nominal_hz,
        measured_hz=1.0 / median_s,
        gaps=len(long_s),
        longest_gap_s=float(intervals_s.max()),
        missing_share=missing / (len(chunk) + missing),
        invalid_share=float(1.0 - chunk.valid.mean()),
        noise_deg=_noise_deg(chunk, screen, 1.5 * median_s),
        off_screen_share=_off_screen(chunk, screen),
        place=_place(chunk, screen),
    )


def _noise_deg(chunk: GazeChunk, screen: Screen, longest_s: float) -> float | None:
    seen = chunk.valid & (np.abs(chunk.xy_px) < 10 * max(screen.size_px)).all(axis=1)  # nonsense is no noise
    paired = seen[1:] & seen[:-1] & (np.diff(chunk.t_s) <= longest_s)
    if not paired.any():
        return None
    median_deg = np.median(screen.angle_deg(chunk.xy_px[1:][paired], chunk.xy_px[:-1][paired]))
    return float(median_deg * _RMS_PER_MEDIAN)


def _off_screen(chunk: GazeChunk, screen: Screen) -> float | None:
    seen = chunk.xy_px[chunk.valid] / np.asarray(screen.size_px)
    beside = (seen < -_OFF_SCREEN_MARGIN) | (seen > 1.0 + _OFF_SCREEN_MARGIN)
    return float(beside.any(axis=1).mean()) if len(seen) else None


def _place(chunk: GazeChunk, screen: Screen) -> tuple[float, float] | None:
    seen = chunk.xy_px[chunk.valid] / np.asarray(screen.size_px)
    seen = seen[np.isfinite(seen).all(axis=1)]
    if not len(seen):
        return None
    low, high = np.percentile(seen, [5, 95], axis=0)
    return float(high[0] - low[0]), float(high[1] - low[1])


def item(name: str, verdict: Verdict, found: str, advice: str) -> CheckItem:
    """Return an item, with advice only where it is needed."""
    return CheckItem(name=name, verdict=verdict, found=found, advice="" if verdict == "good" else advice)


def gaze_items(chunk: GazeChunk, gaze: GazeNumbers) -> Iterator[CheckItem]:
    """Yield the verdicts on gaze samples and their numbers."""
    yield _samples(gaze)
    if gaze.measured_hz is not None:
        yield _stamps(chunk)
        yield _rate(gaze, gaze.measured_hz)
        yield _gaps(gaze)
        yield _loss(gaze)
        yield _on_screen(gaze)
        yield from _noise(gaze)


def _samples(gaze: GazeNumbers) -> CheckItem:
    found = f"{gaze.samples} in {gaze.seconds:.1f} s"
    return item("gaze samples", "good" if gaze.samples else "bad", found, "Check the gaze source.")


def _stamps(chunk: GazeChunk) -> CheckItem:
    back = int(np.sum(np.diff(chunk.t_s) <= 0))
    verdict: Verdict = "good" if not back else "warning"
    advice = "These samples are left out of fixations; check the clock of the tracker's computer."
    return item("time stamps", verdict, f"{counted(back, 'sample')} not later than the one before", advice)


def _rate(gaze: GazeNumbers, measured_hz: float) -> CheckItem:
    if not gaze.nominal_hz:
        return item("sampling rate", "good", f"{measured_hz:.1f} Hz, none claimed", "")
    off = abs(measured_hz / gaze.nominal_hz - 1.0) > _MOST_OFF_RATE
    found = f"{measured_hz:.1f} Hz measured, {gaze.nominal_hz:g} Hz claimed"
    return item("sampling rate", "warning" if off else "good", found, "Check the tracker's settings.")


def _gaps(gaze: GazeNumbers) -> CheckItem:
    missing = gaze.missing_share or 0.0
    found = (
        f"{counted(gaze.gaps, 'gap')}, the longest {gaze.longest_gap_s:.3f} s; {missing:.1%} of the samples "
        "missing, whatever the reason"
    )
    verdict: Verdict = "warning" if missing > _MOST_MISSING else "good"
    return item("gaps", verdict, found, "Check cable, network and the load of the tracker's computer.")


def _loss(gaze: GazeNumbers) -> CheckItem:
    share, invalid = gaze.loss or 0.0, gaze.invalid_share or 0.0
    found = f"{share:.1%} of the expected samples; {invalid:.1%} of those delivered were invalid"
    if invalid >= 1.0:
        advice = "Not one sample holds gaze: was the tracker calibrated in its own program, and is gaze on?"
        return item("lost gaze", "bad", found, advice)
    verdict: Verdict = "good" if share <= GOOD_LOSS else "warning" if share <= MOST_LOSS else "bad"
    advice = "Check glasses, light and the distance; consider leaving this participant out."
    return item("lost gaze", verdict, found, advice)


def _on_screen(gaze: GazeNumbers) -> CheckItem:
    if gaze.off_screen_share is None:
        return item("gaze on screen", "bad", "no valid gaze", "See lost gaze.")
    off = gaze.off_screen_share
    found = f"{off:.1%} of the valid samples beside the screen"
    # Both sides count: whoever reads one line keeps to a small area, too, and not to a small width.
    if off <= _MOST_OFF_SCREEN and gaze.seconds >= _PLACE_S and gaze.place:
        width, height = gaze.place
        if max(width, height) < np.sqrt(_LEAST_PLACE):
            found += f", and nine tenths of them within {width:.1%} x {height:.1%} of it"
            advice = "Did nobody look about? Else the unit or the scale of the coordinates is another."
            return item("gaze on screen", "warning", found, advice)
    verdict: Verdict = "good" if off <= _MOST_OFF_SCREEN else "warning" if off <= 0.25 else "bad"
    advice = "Swapped axes, another display, its scaling or its origin? Compare the tracker's set-up."
    return item("gaze on screen", verdict, found, advice)


def _noise(gaze: GazeNumbers) -> Iterator[CheckItem]:
    if gaze.noise_deg is not None:
        found = f"RMS-S2S about {gaze.noise_deg:.2f} deg, from the median step between samples"
        if gaze.noise_deg < _LEAST_NOISE_DEG and gaze.samples >= _MANY:
            advice = (
                "No noise at all: filtered, repeated or wrongly scaled, or no eye but a mouse. "
                "Check unit and filters."
            )
            yield item("noise", "warning", found, advice)
            return
        noisy = gaze.noise_deg > _MOST_NOISE_DEG
        advice = "Small saccades and short fixations are hidden in it; check light, glasses and distance."
        yield item("noise", "warning" if noisy else "good", found, advice)
