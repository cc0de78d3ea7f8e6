"""Quality of calibrated gaze eye by eye, as numbers for tables and for ``check --json``."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from acquisition.eye_choice import Judged
from acquisition.quality import PointQuality
from acquisition.samples import Eye
from sessions.calibrations import CalibrationAttempt, in_force

EYES: dict[Eye, str] = {"both": "both eyes", "left": "left eye", "right": "right eye"}


class EyeQuality(BaseModel):
    """How gaze of one eye, or of both, did on the validation targets; see ``acquisition.quality``.

    Attributes:
        eye: whose.
        used: whether gaze is mapped by this one.
        corrected: whether it was mapped; else it is gaze as delivered.
        verdict: by the limits of the study.
        points: the same target by target.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    eye: Eye
    used: bool
    corrected: bool
    verdict: str
    accuracy_mean_offset_deg: float | None
    accuracy_max_deg: float | None
    accuracy_median_deg: float | None
    rms_s2s_deg: float | None
    sd_deg: float | None
    rms_sd_ratio: float | None
    bcea_deg2: float | None
    data_loss: float
    invalid_share: float
    points: tuple[PointQuality, ...]

    @property
    def name(self) -> str:
        """In words."""
        return EYES[self.eye] if self.corrected else "as delivered"


def eye_qualities(attempts: Iterable[CalibrationAttempt]) -> tuple[EyeQuality, ...]:
    """Return how each eye did in the attempt that the map in force comes from, as far as it was judged."""
    for attempt in reversed(in_force(attempts)):
        if attempt.record.kind == "begun":
            return ()
        if attempt.record.candidates:
            return tuple(_quality(judged, attempt) for judged in attempt.record.candidates)
        if attempt.validation is not None:
            return (_quality(Judged(attempt.calibration, attempt.validation), attempt),)
    return ()


def _quality(judged: Judged, attempt: CalibrationAttempt) -> EyeQuality:
    calibration, validation = judged.calibration, judged.validation
    return EyeQuality(
        eye=judged.eye,
        used=calibration == attempt.calibration,
        corrected=calibration.method != "identity",
        verdict=validation.verdict,
        accuracy_mean_offset_deg=validation.accuracy_mean_deg,
        accuracy_max_deg=validation.accuracy_max_deg,
        accuracy_median_deg=validation.accuracy_median_deg,
        rms_s2s_deg=validation.rms_s2s_deg,
        sd_deg=validation.sd_deg,
        rms_sd_ratio=validation.rms_sd_ratio,
        bcea_deg2=validation.bcea_deg2,
        data_loss=validation.data_loss,
        invalid_share=validation.invalid_share,
        points=validation.points,
    )
