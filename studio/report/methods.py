"""The methods in words, with every parameter, in the order guidelines ask for.

The items follow Dunn and colleagues, "Minimal reporting guideline for research involving eye tracking (2023
edition)", Behavior Research Methods 56 (2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from acquisition.calibration import SETTLE_S, SHRINKAGE
from acquisition.fixations import Fixations, IvtParameters
from acquisition.quality import Validation
from protocols.words import counted
from sessions.calibration_check import DriftNumbers
from sessions.calibrations import CalibrationAttempt, tried
from sessions.course import Course
from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, paragraphs, tag
from studio.report.names import listing
from studio.report.quality import number, percent
from studio.report.results import Results

_ARRIVES = {
    "imported": "in files of another program",
    "lsl": "over Lab Streaming Layer",
    "mouse": "from the computer's mouse in place of an eye tracker",
    "replay": "by replaying an earlier recording",
    "scripted": "from a script",
}


def methods(evidence: Evidence, results: Results) -> Html:
    """Return the section."""
    said = [
        " ".join(_recording(evidence)),
        " ".join(_calibration(evidence)),
        " ".join(_events(evidence)),
        " ".join(_twin(results)),
        " ".join(_exclusions(evidence, results)),
        " ".join(_unknown()),
    ]
    return joined([tag("h2", "Methods"), paragraphs(s for s in said if s)])


def _recording(evidence: Evidence) -> Iterator[str]:
    source, screen, gaze = evidence.source, evidence.screen, evidence.gaze
    whose = "a simulated viewer" if evidence.simulated else f"participant {evidence.participant.pseudonym}"
    device = f", device {source.source_id}" if source.source_id else ""
    came = "imported" if source.kind == "imported" else "recorded"
    yield f"Gaze of {whose} was {came} on {evidence.started} from {source.name}"
    yield f"(format {source.profile}{device}), {_ARRIVES.get(source.kind, source.kind)}, with"
    yield f"{evidence.software}; time stamps are the device's, mapped to the session clock, never smoothed."
    claimed = f"{gaze.nominal_hz:g} Hz" if gaze.nominal_hz else "not stated"
    yield f"The nominal sampling rate was {claimed}, the measured one"
    yield f"{number(gaze.measured_hz, '{:.2f} Hz')}; {percent(gaze.loss)} of the expected samples were"
    yield "missing or invalid."
    (width, height), (width_mm, height_mm) = screen.size_px, screen.size_mm
    yield f"Pages filled a display of {width} x {height} px ({width_mm:g} x {height_mm:g} mm) at a"
    yield "distance of"
    yield f"{screen.distance_mm:g} mm ({screen.px_per_deg():.1f} px per degree at its centre)."
    yield from _tasks(evidence)
    yield from (f"Page onsets: {item.found}." for item in evidence.checks if item.name == "page onsets")


def _tasks(evidence: Evidence) -> Iterator[str]:
    asked = {view.trial: view.task.value.replace("_", " ") for view in evidence.views}
    if asked:
        counts = Counter(asked.values())
        told = listing([f"{task} ({counted(number, 'trial')})" for task, number in counts.items()])
        yield f"The task was {told}; {counted(len(evidence.views), 'page view')} were recorded."


def _exclusions(evidence: Evidence, results: Results) -> Iterator[str]:
    yield "No participant, trial or sample was excluded for its quality beyond what is said above;"
    yield f"the session ended as {evidence.ended}."
    if evidence.source.kind != "imported":  # other programs may not say
        yield _otherwise(evidence.course)
    if results.skipped:
        told = listing([f"{counted(n, 'page view')} ({why})" for why, n in sorted(results.skipped.items())])
        yield f"Left out of the comparison: {told}."
    yield "With one participant there are no group values: means and standard deviations are over targets."


def _otherwise(course: Course) -> str:
    """Return what was skipped, repeated and interrupted; what of it counts is told with it."""
    pauses = counted(len(course.pauses_s), "pause")
    parts = [
        f"{counted(len(course.skipped), 'trial')} skipped by the operator (what was seen until then counts)",
        f"{counted(len(course.repeated), 'trial')} repeated (only the last showing counts)",
        f"{pauses} of {sum(course.pauses_s):.1f} s in all (nothing of them counts)",
        f"the participant's display was lost {counted(course.displays_lost, 'time')}",
    ]
    return f"During the session: {'; '.join(parts)}."


def _unknown() -> Iterator[str]:
    yield "Not known to the software, to be added: age and sight of the participant, head support,"
    yield "illumination, the display's refresh rate, the tracker's firmware, and what was said aloud."
    yield "The items follow Dunn et al. (2023), Minimal reporting guideline for research involving eye"
    yield "tracking, Behavior Research Methods 56, 4351-4357, doi 10.3758/s13428-023-02187-1."


def _calibration(evidence: Evidence) -> Iterator[str]:
    used = evidence.used
    tries = len(tried(evidence.attempts))
    if used is None:
        how = f" ({tries} tried, none used)" if tries else ""
        yield f"Beyond the tracker's own calibration, none was applied{how}."
    elif used.calibration.method == "identity":
        yield "Gaze was used as the tracker delivered it, without a correction on top."
    else:
        yield from _correction(used, tries)
    if evidence.validation is None:
        yield "Accuracy was not validated."
    else:
        yield from _validation(evidence.validation)
    if evidence.accepted:
        yield f"The session went on below the limits of the study because {evidence.accepted}."
    yield from _drift(evidence.drift)


def _correction(used: CalibrationAttempt, tries: int) -> Iterator[str]:
    fitted = used.calibration
    eye = {"both": "both eyes together", "left": "the left eye", "right": "the right eye"}[fitted.eye]
    yield f"On top of the tracker's own calibration, a correction ({fitted.method}) of {eye} was fitted to"
    those = f"{tries} attempts" if tries > 1 else "one attempt"
    yield f"{len(fitted.points)} targets in random order, the best of {those} and of both eyes or one by"
    yield "validation: second-order terms of the"
    yield f"residual, shrunk towards zero by {SHRINKAGE:g}, offset unpenalised, from the steadiest gaze after"
    yield f"{1000 * SETTLE_S:.0f} ms; error on targets left out one at a time:"
    yield f"{number(fitted.expected_error_deg, '{:.2f}°')}."


def _validation(validation: Validation) -> Iterator[str]:
    offsets = [
        p.accuracy_mean_offset_deg for p in validation.points if p.accuracy_mean_offset_deg is not None
    ]
    spread = float(np.std(offsets, ddof=1)) if len(offsets) > 1 else None
    yield f"Validation on {len(validation.points)} other targets gave a mean accuracy of"
    yield f"{number(validation.accuracy_mean_deg, '{:.2f}°')} (SD over targets"
    yield f"{number(spread, '{:.2f}°')}, worst"
    yield f"{number(validation.accuracy_max_deg, '{:.2f}°')}; mean of the median offsets"
    yield f"{number(validation.accuracy_median_deg, '{:.2f}°')}), a precision of"
    yield f"{number(validation.rms_s2s_deg, '{:.3f}°')} RMS sample to sample and"
    yield f"{number(validation.sd_deg, '{:.3f}°')} SD, and {percent(validation.data_loss)} data loss."


def _drift(drift: DriftNumbers) -> Iterator[str]:
    if drift.targets:
        yield f"Drift was checked {drift.targets} times at a target in the middle of the screen: the largest"
        yield f"offset was {number(drift.worst_deg, '{:.2f}°')}; gaze was shifted {drift.corrected} times and"
        yield f"calibrated anew {drift.recalibrated} times after a second look had confirmed the first."
    if drift.clicks_off is not None:
        yield f"Before {drift.clicks} clicks on posters, gaze was outside the limit in"
        yield f"{percent(drift.clicks_off)}."


def _events(evidence: Evidence) -> Iterator[str]:
    if evidence.fixations_by:
        yield f"Fixations are those of {evidence.fixations_by}; none were detected here."
    else:
        yield from _detector(evidence.slots.parameters.ivt)
        yield from _thresholds(evidence.slots.fixations)
    within_px = evidence.slots.parameters.within_px
    yield f"Areas of interest are the fully visible posters{_poster_size(evidence)}; a"
    yield "fixation counts"
    margin = f"or for the closest within {within_px:g} px" if within_px else "without any margin"
    yield f"for the poster it lies on, {margin}."
    yield "Attention on a page is the share of its fixation time per poster."


def _detector(ivt: IvtParameters) -> Iterator[str]:
    yield f"Fixations were detected by a velocity threshold (I-VT) of {ivt.velocity_deg_s:g}"
    yield f"deg/s, raised to {ivt.noise_factor:g} times the velocity noise of the preceding seconds where"
    yield "that is more, with velocity"
    yield f"between the means of both halves of a window of {1000 * ivt.window_s:g} ms; gaps longer than"
    yield f"{1000 * ivt.gap_s:g} ms, or longer than {1000 * ivt.rare_s:g} ms with a movement of more than"
    yield f"{ivt.gap_deg:g} deg, end a fixation; samples within {1000 * ivt.artefact_s:g} ms of a gap that"
    yield "the eyelid moved were left out;"
    yield f"fixations less than {1000 * ivt.merge_s:g} ms and {ivt.merge_deg:g} deg apart were"
    yield "merged, then those"
    yield f"shorter than {1000 * ivt.min_s:g} ms dropped. No fixation spans a scroll or swipe. Gaze was not"
    yield "filtered."


def _thresholds(fixations: Fixations) -> Iterator[str]:
    known = fixations.threshold_deg_s[np.isfinite(fixations.threshold_deg_s)]
    if len(known):
        yield f"Under the noise of this recording the threshold was {known.min():.0f} to {known.max():.0f}"
        yield "deg/s."


def _poster_size(evidence: Evidence) -> str:
    boxes = [slot.box for view in evidence.views for slot in view.layout.slots[:1]]
    if not boxes:
        return ""
    box, centre = boxes[0], np.asarray(evidence.screen.rect.centre)
    half = np.asarray([box.width / 2, box.height / 2])
    edges = centre + half * np.asarray([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    width, height = evidence.screen.angle_deg(edges[::2], edges[1::2]).tolist()
    return f" ({box.width:g} x {box.height:g} px, {width:.1f} x {height:.1f} deg at the centre)"


def _twin(results: Results) -> Iterator[str]:
    model = results.backbone.get("id", "")
    if not model:
        return
    config = results.config
    told = [f"{name} {config[name]}" for name in ("operator", "placement", "objective") if name in config]
    settings = f" ({', '.join(told)})" if told else ""
    yield f"The twin is a soft prompt for the frozen model {model}{settings}; its relevance on the"
    yield "page's tokens"
    yield "is summed per poster. It was fitted on this participant's training screens; settings"
    yield "were chosen on"
    yield "validation screens; held-out numbers are from test screens in neither. The model explains its own"
    yield "answer, never the true click."
