"""How good gaze is: accuracy, precision and data loss on validation targets, by named definitions.

An offset is the angle between the rays to gaze and to target, pointing as the line between both on the
screen. Definitions follow Niehorster, Zemblys, Beelders & Holmqvist 2020, "Characterizing gaze position
signals and synthesizing noise during fixations in eye-tracking data".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from acquisition.calibration import SETTLE_S, Calibration
from acquisition.offsets import offsets_deg
from acquisition.targets import Point, TargetWindow
from protocols.blocks import QualityLimits
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray, Screen

Verdict = Literal["green", "amber", "red"]

_BCEA_SHARE = 0.68


@dataclass(frozen=True, slots=True)
class PointQuality:
    """Gaze on one target; angles in deg, None where there is too little valid gaze to tell.

    Attributes:
        target_px: the target.
        samples: valid samples.
        accuracy_mean_offset_deg: length of the mean offset vector.
        accuracy_median_deg: median length of the offset vectors.
        rms_s2s_deg: root mean square distance of successive valid samples.
        sd_deg: root of the sum of the variances of both axes.
        bcea_deg2: area of the ellipse that holds 68 % of a bivariate normal distribution of the same spread.
        data_loss: share of the samples expected at the sampling rate that did not come or were invalid.
        invalid_share: share of the delivered samples that were flagged invalid.
        mean_offset_deg: mean offset vector from the target to gaze, (x, y) in deg, y downwards; None also in
            recordings from before it was kept.
    """

    target_px: Point
    samples: int
    accuracy_mean_offset_deg: float | None
    accuracy_median_deg: float | None
    rms_s2s_deg: float | None
    sd_deg: float | None
    bcea_deg2: float | None
    data_loss: float
    invalid_share: float
    mean_offset_deg: Point | None = None

    @property
    def rms_sd_ratio(self) -> float | None:
        """RMS-S2S by SD: 1.41 for white noise, less than 1 when the tracker filters its signal."""
        return self.rms_s2s_deg / self.sd_deg if self.rms_s2s_deg is not None and self.sd_deg else None


@dataclass(frozen=True, slots=True)
class Validation:
    """Quality of calibrated gaze on targets that no calibration was fitted to.

    Attributes:
        points: quality on each target.
        accuracy_mean_deg: mean over the targets of ``accuracy_mean_offset_deg``, None when one is unknown.
        accuracy_max_deg: the worst of them, None when one is unknown.
        rms_s2s_deg: mean over the targets, None when one is unknown.
        sd_deg: mean over the targets, None when one is unknown.
        data_loss: mean over the targets.
        rate_hz: sampling rate that data loss refers to.
        verdict: by the study's limits; by default ``green`` up to 0.5 deg on average and 1.0 at worst,
            ``amber`` up to 1.0 and 1.5; ``red`` otherwise, and when more than 20 % of the data are lost, or
            half of them on one target.
    """

    points: tuple[PointQuality, ...]
    accuracy_mean_deg: float | None
    accuracy_max_deg: float | None
    rms_s2s_deg: float | None
    sd_deg: float | None
    data_loss: float
    rate_hz: float
    verdict: Verdict

    @property
    def accuracy_median_deg(self) -> float | None:
        """Mean over the targets of ``accuracy_median_deg``, None when one is unknown."""
        return _mean(_known([p.accuracy_median_deg for p in self.points]))

    @property
    def bcea_deg2(self) -> float | None:
        """Mean over the targets, None when one is unknown."""
        return _mean(_known([p.bcea_deg2 for p in self.points]))

    @property
    def rms_sd_ratio(self) -> float | None:
        """Mean over the targets, None when one is unknown."""
        return _mean(_known([p.rms_sd_ratio for p in self.points]))

    @property
    def invalid_share(self) -> float:
        """Mean over the targets of the share of the delivered samples that were flagged invalid."""
        return float(np.mean([p.invalid_share for p in self.points]))

    def to_json(self) -> str:
        """Return all of it as JSON; numbers keep every bit."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Validation:
        """Read what ``to_json`` wrote.

        Raises:
            CalibrationError: the text is something else.
        """
        try:
            fields = json.loads(text)
            points = []
            for point in fields.pop("points"):
                target_px, offset = _pair(point.pop("target_px")), point.pop("mean_offset_deg", None)
                offset_deg = None if offset is None else _pair(offset)
                points.append(PointQuality(target_px=target_px, mean_offset_deg=offset_deg, **point))
            return cls(points=tuple(points), **fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CalibrationError(
                f"A stored validation cannot be read: {error!r}.",
                "The quality of the recording would be unknown.",
                "Recover the file, or judge quality from the recorded gaze.",
            ) from error


def validate(
    calibration: Calibration,
    windows: Sequence[TargetWindow],
    screen: Screen,
    rate_hz: float,
    limits: QualityLimits | None = None,
) -> Validation:
    """Judge calibrated gaze on validation targets.

    Args:
        calibration: to judge.
        windows: gaze as delivered while each target stood still; other targets than those of the calibration.
        screen: the display.
        rate_hz: sampling rate; see ``effective_rate_hz``.
        limits: of the verdict; None for the defaults.

    Raises:
        CalibrationError: there is no window, or no rate.
    """
    if not windows or not rate_hz > 0:
        raise CalibrationError(
            f"Validation got {len(windows)} targets at {rate_hz:g} Hz.",
            "Without targets and a sampling rate there is nothing to judge.",
            "Show the validation targets while gaze is recorded.",
        )
    points = tuple(
        point_quality(window.mapped(calibration.map_px(window.xy_px)), screen, rate_hz) for window in windows
    )
    offsets = _known([p.accuracy_mean_offset_deg for p in points])
    return Validation(
        points=points,
        accuracy_mean_deg=_mean(offsets),
        accuracy_max_deg=max(offsets) if offsets else None,
        rms_s2s_deg=_mean(_known([p.rms_s2s_deg for p in points])),
        sd_deg=_mean(_known([p.sd_deg for p in points])),
        data_loss=float(np.mean([p.data_loss for p in points])),
        rate_hz=rate_hz,
        verdict=verdict(offsets, [p.data_loss for p in points], limits or QualityLimits()),
    )


def point_quality(
    window: TargetWindow, screen: Screen, rate_hz: float, settle_s: float = SETTLE_S
) -> PointQuality:
    """Measure gaze on one target, all valid samples from ``settle_s`` after it stood still.

    Args:
        window: calibrated gaze.
        screen: the display.
        rate_hz: sampling rate.
        settle_s: time left out at the beginning.
    """
    w = window.after(settle_s)
    offsets = offsets_deg(w.xy_px[w.valid], np.asarray(w.target_px), screen)
    count, enough = len(offsets), len(offsets) >= 2
    expected = max((w.t_off_s - w.t_on_s) * rate_hz, 1.0)
    return PointQuality(
        target_px=w.target_px,
        samples=count,
        accuracy_mean_offset_deg=float(np.hypot(*offsets.mean(axis=0))) if count else None,
        accuracy_median_deg=float(np.median(np.hypot(*offsets.T))) if count else None,
        rms_s2s_deg=_rms_s2s_deg(w, screen, rate_hz),
        sd_deg=float(np.sqrt(offsets.var(axis=0, ddof=1).sum())) if enough else None,
        bcea_deg2=_bcea_deg2(offsets) if enough else None,
        data_loss=float(np.clip(1.0 - count / expected, 0.0, 1.0)),
        invalid_share=float(1.0 - w.valid.mean()) if len(w.valid) else 1.0,
        mean_offset_deg=_pair(offsets.mean(axis=0)) if count else None,
    )


def verdict(offsets: Sequence[float], losses: Sequence[float], limits: QualityLimits) -> Verdict:
    """Judge targets by their mean offsets in deg (none when one is unknown) and their data losses."""
    if not offsets or np.mean(losses) > limits.loss or max(losses) > limits.point_loss:
        return "red"
    mean_deg, max_deg = float(np.mean(offsets)), max(offsets)
    if mean_deg <= limits.green_mean_deg and max_deg <= limits.green_max_deg:
        return "green"
    amber = mean_deg <= limits.amber_mean_deg and max_deg <= limits.amber_max_deg
    return "amber" if amber else "red"


def effective_rate_hz(t_s: FloatArray) -> float:
    """Return the sampling rate from the median interval between stamps, 0 for fewer than two."""
    return float(1.0 / np.median(np.diff(t_s))) if len(t_s) > 1 else 0.0


def _pair(xy: Sequence[float] | FloatArray) -> Point:
    x, y = xy
    return float(x), float(y)


def _rms_s2s_deg(w: TargetWindow, screen: Screen, rate_hz: float) -> float | None:
    """Root mean square over successive valid pairs; a pair across a gap is no pair."""
    paired = w.valid[1:] & w.valid[:-1] & (np.diff(w.t_s) <= 1.5 / rate_hz)
    steps = screen.angle_deg(w.xy_px[1:][paired], w.xy_px[:-1][paired])
    return float(np.sqrt(np.mean(steps**2))) if len(steps) else None


def _bcea_deg2(offsets: FloatArray) -> float:
    determinant = float(np.linalg.det(np.cov(offsets.T)))
    return float(-2.0 * np.log(1.0 - _BCEA_SHARE) * np.pi * np.sqrt(max(determinant, 0.0)))


def _known(values: Sequence[float | None]) -> list[float]:
    """Return the values, or nothing when one of them is unknown."""
    return [v for v in values if v is not None] if all(v is not None for v in values) else []


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
