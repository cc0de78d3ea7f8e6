"""Judges how gaze was calibrated: accuracy, precision and loss per eye, and how far it drifted since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acquisition.quality import Validation, verdict
from protocols.blocks import QualityLimits
from protocols.markers import Code, Marker
from sessions.calibrations import CalibrationAttempt, in_force, tried, tried_as, validated
from sessions.eye_quality import EYES, eye_qualities
from sessions.gaze_check import CheckItem, Verdict, item

_MOST_RMS_DEG = 0.5
_FILTERED_RATIO = 1.0
_MOST_CLICKS_OFF = 0.25

_VERDICTS: dict[str, Verdict] = {"green": "good", "amber": "warning", "red": "bad"}


@dataclass(frozen=True, slots=True)
class DriftNumbers:
    """What drift checks found.

    Attributes:
        targets: checks at targets.
        clicks: checks at clicks of which something is known.
        worst_deg: largest distance at a target, None without any.
        corrected: how often gaze was shifted.
        recalibrated: how often it was calibrated anew.
        left: checks that found gaze too far off and were not acted upon.
        last_deg: distance at the last target that was looked at, before anything was done about it.
        clicks_off: share of the clicks with gaze further from the poster than the limit, None without any.
    """

    targets: int
    clicks: int
    worst_deg: float | None
    corrected: int
    recalibrated: int
    left: int
    last_deg: float | None
    clicks_off: float | None


def calibration_items(
    attempts: Sequence[CalibrationAttempt], markers: Sequence[Marker], limits: QualityLimits
) -> Iterator[CheckItem]:
    """Yield the verdicts on calibration and drift.

    Args:
        attempts: every calibration of the recording.
        markers: all of them.
        limits: of the study.
    """
    yield _calibrated(attempts, markers)
    used, validation = in_force(attempts), validated(attempts)
    if used and validation is not None:
        yield _accuracy(used, validation, limits)
        yield _precision(validation)
        yield _loss(validation, limits)
    drift = drift_numbers(markers, limits)
    if drift.targets:
        yield _drift_at_targets(drift, limits)
    if drift.clicks_off is not None:
        yield _drift_at_clicks(drift, drift.clicks_off, limits)


def drift_numbers(markers: Sequence[Marker], limits: QualityLimits) -> DriftNumbers:
    """Count what drift checks found."""
    checks = [m.payload for m in markers if m.code is Code.DRIFT_CHECK and "decision" in m.payload]
    targets = [c for c in checks if _looks(c) and _looks(c)[0]["how"] == "target"]
    decisions = [str(c["decision"]) for c in targets]
    at_targets = [d for c in targets if (d := _looks(c)[-1]["distance_deg"]) is not None]
    at_clicks = [
        d
        for c in checks
        for look in _looks(c)
        if look["how"] == "click" and (d := look["distance_deg"]) is not None
    ]
    off = sum(d > limits.drift_ok_deg for d in at_clicks)
    return DriftNumbers(
        targets=len(targets),
        clicks=len(at_clicks),
        worst_deg=max(at_targets, default=None),
        corrected=decisions.count("corrected"),
        recalibrated=decisions.count("recalibrate"),
        left=sum(d in ("recorded", "not confirmed", "unknown") for d in decisions),
        last_deg=at_targets[-1] if at_targets else None,
        clicks_off=off / len(at_clicks) if at_clicks else None,
    )


def carried_on(markers: Sequence[Marker]) -> str:
    """Return why the session went on with calibration below the limits, empty when it did not."""
    accepted = [m.payload for m in markers if m.code is Code.CALIBRATION_ACCEPTED]
    return str(accepted[-1]["reason"]) if accepted and accepted[-1]["verdict"] == "red" else ""


def _looks(check: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(check.get("looks", ()))


def _calibrated(attempts: Sequence[CalibrationAttempt], markers: Sequence[Marker]) -> CheckItem:
    name, used, seen = "calibration", in_force(attempts), tried(attempts)
    excuse = carried_on(markers)
    why = f"; carried on because {excuse}" if excuse else ""
    if not used or used[-1].record.kind == "begun":
        failed = [a.record.reason for a in seen if a.record.kind == "failed"]
        if failed:
            advice = (
                "Find out why before the next session; this one has gaze as delivered, of unknown accuracy."
            )
            words = failed[-1].rstrip(".")
            return item(name, "bad", f"none of {len(seen)} attempts led to one: {words}{why}", advice)
        return item(name, "warning", f"none used{why}", "Gaze is as the tracker delivered it; say so.")
    validation, last = validated(attempts), used[-1]
    mapped = [a for a in used if a.record.kind != "drift"] or used
    if validation is None or validation.accuracy_mean_deg is None:
        return item(name, "warning", f"used, not validated{why}", "Accuracy is unknown; validate next time.")
    eye, number = EYES[last.calibration.eye], tried_as(mapped[-1], attempts).number + 1
    shifts = sum(a.record.kind == "drift" for a in used)
    shifted = f", shifted {shifts} x after drift checks" if shifts else ""
    found = f"attempt {number} ({len(seen)} tried), {eye}{shifted}; rated {validation.verdict}{why}"
    advice = "Slots may be mistaken for their neighbours; consider leaving the session out."
    return item(name, _VERDICTS[validation.verdict], found, advice)


def _accuracy(used: Sequence[CalibrationAttempt], validation: Validation, limits: QualityLimits) -> CheckItem:
    mean, worst, median = (
        validation.accuracy_mean_deg,
        validation.accuracy_max_deg,
        validation.accuracy_median_deg,
    )
    found = f"mean offset {_deg(mean)}, worst target {_deg(worst)}; median offset {_deg(median)}"
    eyes = [f"{q.name} {_deg(q.accuracy_mean_offset_deg)}" for q in eye_qualities(used)]
    advice = "Calibrate in the tracker's own program, then again here; check distance, glasses and light."
    more = f" ({', '.join(eyes)})" if len(eyes) > 1 else ""
    offsets = [p.accuracy_mean_offset_deg for p in validation.points]
    known = [deg for deg in offsets if deg is not None] if None not in offsets else []
    alone = verdict(known, [0.0], limits)  # loss has a line of its own
    return item("accuracy", _VERDICTS[alone], found + more, advice)


def _precision(validation: Validation) -> CheckItem:
    rms, ratio = validation.rms_s2s_deg, validation.rms_sd_ratio
    kind = "" if ratio is None else f" {ratio:.2f}, {'filtered' if ratio < _FILTERED_RATIO else 'unfiltered'}"
    found = f"RMS-S2S {_deg(rms)}, SD {_deg(validation.sd_deg)}, ratio{kind or ' unknown'}"
    noisy = rms is not None and rms > _MOST_RMS_DEG
    advice = "Short fixations and small saccades cannot be told apart; check light, glasses and distance."
    return item("precision", "warning" if noisy else "good", found, advice)


def _loss(validation: Validation, limits: QualityLimits) -> CheckItem:
    worst = max(p.data_loss for p in validation.points)
    bad = validation.data_loss > limits.loss or worst > limits.point_loss
    found = (
        f"{validation.data_loss:.1%} of the expected samples, {worst:.1%} on the worst target; "
        f"{validation.invalid_share:.1%} of those delivered were flagged invalid"
    )
    advice = "Check glasses, light, eyelids and the distance before the next session."
    return item("loss at validation", "bad" if bad else "good", found, advice)


def _drift_at_targets(drift: DriftNumbers, limits: QualityLimits) -> CheckItem:
    found = (
        f"{drift.targets} checks, worst {_deg(drift.worst_deg)}; {drift.corrected} corrected, "
        f"{drift.recalibrated} calibrated anew, {drift.left} left as they were"
    )
    far = drift.last_deg is not None and drift.last_deg > limits.drift_correctable_deg
    grade: Verdict = "good" if not drift.left else "bad" if far else "warning"
    advice = "Gaze after these checks is off by what they found: leave these blocks out, or say so."
    return item("drift at targets", grade, found, advice)


def _drift_at_clicks(drift: DriftNumbers, off: float, limits: QualityLimits) -> CheckItem:
    found = (
        f"{drift.clicks} clicks, before {off:.0%} of them gaze was more than {limits.drift_ok_deg:g} deg off"
    )
    advice = "People look where they click: look at these trials, gaze may have drifted in them."
    return item("gaze at clicks", "warning" if off > _MOST_CLICKS_OFF else "good", found, advice)


def _deg(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} deg"
