"""Tables of calibration: every attempt, used or not, and every target of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sessions.calibrations import CalibrationAttempt
from sessions.exporters.table import Column, Row, Table
from sessions.reader import Recording

ATTEMPT = Column("attempt", "", "Number of the attempt, from 0.")
ATTEMPTS = (
    ATTEMPT,
    Column("used", "0 or 1", "Whether gaze was mapped with it."),
    Column("from_s", "s", "Session time from which on it holds; empty for from the beginning."),
    Column("kind", "", "How it came about: after targets, a drift check, or chosen again; or why not."),
    Column("reason", "", "Why it was used, or why not."),
    Column("eye", "", "Whose gaze it maps; both is what the device gives as one."),
    Column("method", "", "How it was fitted."),
    Column("shift_x_px", "px", "What drift checks added since the fit, to the right."),
    Column("shift_y_px", "px", "What drift checks added since the fit, downwards."),
    Column("targets", "", "Number of targets it was fitted to."),
    Column("expected_error_deg", "deg", "Mean error on targets left out of the fit one at a time."),
    Column("fitted_error_deg", "deg", "Mean error on the targets of the fit (optimistic)."),
    Column("verdict", "", "green, amber or red; empty when it was not validated."),
    Column("accuracy_mean_deg", "deg", "Mean offset over the validation targets."),
    Column("accuracy_max_deg", "deg", "Largest offset on a validation target."),
    Column("rms_s2s_deg", "deg", "Precision: root mean square distance of successive samples."),
    Column("sd_deg", "deg", "Precision: standard deviation around the mean."),
    Column("data_loss", "0 to 1", "Share of the expected samples that were lost."),
)
TARGETS = (
    ATTEMPT,
    Column("kind", "", "calibration for a target of the fit, validation for another one."),
    Column("target_x_px", "px", "The target, from the left edge."),
    Column("target_y_px", "px", "The target, from the top edge."),
    Column("gaze_x_px", "px", "Median gaze as delivered, from the left edge; calibration targets only."),
    Column("gaze_y_px", "px", "Median gaze as delivered, from the top edge; calibration targets only."),
    Column("samples", "", "Valid samples that were used."),
    Column("spread_deg", "deg", "Standard deviation of gaze on a calibration target."),
    Column("valid_share", "0 to 1", "Valid samples among those delivered, calibration targets."),
    Column("accuracy_deg", "deg", "Length of the mean offset, validation targets."),
    Column("accuracy_median_deg", "deg", "Median length of the offsets, validation targets."),
    Column("rms_s2s_deg", "deg", "Precision, validation targets."),
    Column("sd_deg", "deg", "Standard deviation, validation targets."),
    Column("bcea_deg2", "deg^2", "Area of the ellipse that holds 68 % of gaze, validation targets."),
    Column("data_loss", "0 to 1", "Share of the expected samples that were lost, validation targets."),
)


def calibration_tables(recording: Recording) -> Iterator[Table]:
    """Yield the tables of calibration."""
    attempts = recording.calibrations()
    yield Table("calibrations", "One calibration attempt.", ATTEMPTS, lambda: (_attempt(a) for a in attempts))
    yield Table(
        "calibration_targets",
        "One target of one attempt.",
        TARGETS,
        lambda: (row for a in attempts for row in _targets(a)),
    )


def _attempt(attempt: CalibrationAttempt) -> Row:
    c, v = attempt.calibration, attempt.validation
    from_s = attempt.from_s if math.isfinite(attempt.from_s) else None
    made = (attempt.record.kind, attempt.record.reason, c.eye, c.method, *c.shift_px)
    fit = (len(c.points), c.expected_error_deg, c.fitted_error_deg)
    judged: Row = (None,) * 6
    if v is not None:
        judged = (
            v.verdict,
            v.accuracy_mean_deg,
            v.accuracy_max_deg,
            v.rms_s2s_deg,
            v.sd_deg,
            v.data_loss,
        )
    return (attempt.number, int(attempt.used), from_s, *made, *fit, *judged)


def _targets(attempt: CalibrationAttempt) -> Iterator[Row]:
    for p in attempt.calibration.points:
        fitted = (p.samples, p.spread_deg, p.valid_share)
        yield (attempt.number, "calibration", *p.target_px, *p.gaze_px, *fitted, *(None,) * 6)
    for q in attempt.validation.points if attempt.validation else ():
        offsets = (q.accuracy_mean_offset_deg, q.accuracy_median_deg)
        spread = (q.rms_s2s_deg, q.sd_deg, q.bcea_deg2, q.data_loss)
        nothing = (None, None)
        yield (attempt.number, "validation", *q.target_px, *nothing, q.samples, *nothing, *offsets, *spread)
