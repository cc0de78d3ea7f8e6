"""What a BIDS data set says about its tables: units, devices, display, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

import numpy as np

from acquisition.quality import effective_rate_hz
from sessions.calibrations import in_force, validated
from sessions.exporters.blocks import chunks
from sessions.exporters.provenance import file_digest, software
from sessions.reader import Recording
from sessions.slots import METHOD, Slots

BIDS_VERSION = "1.11.1"
RecordedEye = Literal["left", "right", "cyclopean"]
Facts = dict[str, object]

_STAND_INS = {"mouse": "none: the mouse cursor stands in for gaze", "scripted": "none: scripted gaze"}
_SIMULATED = {"gazetwin": "none: simulated viewer"}

PARTICIPANTS: Facts = {
    "participant_id": {"Description": "Label of the participant in this data set."},
    "pseudonym": {
        "Description": "Pseudonym in the recordings. The label is its letters and digits; n2, n3 ... follow "
        "where two pseudonyms have the same ones."
    },
    "top_genre": {"Description": "Favourite genre, as told in the questionnaire."},
    "preferred_genres": {"Description": "All genres the participant likes, the favourite first."},
}
SESSIONS: Facts = {
    "session_id": {"Description": "Label of the recording among those of the participant."},
    "acq_time": {"Description": "When the recording began (UTC)."},
    "recording": {"Description": "Id of the GazeTwin recording."},
    "sha256": {"Description": "SHA-256 of the recording's file."},
    "state": {
        "Description": "How the recording ended.",
        "Levels": {
            "sealed": "It ran to its end.",
            "aborted": "It was stopped before, or its gaze source was lost; the last trial may be partial.",
            "recovered": "The program died; up to half a second may be missing at the end.",
        },
    },
}


def dataset(recording: Recording) -> Facts:
    """Describe a data set that begins with a recording."""
    name, version = software().rsplit(" ", 1)
    return {
        "Name": f"Gaze on carousel pages: {recording.study_name}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": name, "Version": version, "Description": "gazetwin export session"}],
    }


def physio(recording: Recording, eye: RecordedEye, columns: Mapping[str, Facts], judged: bool) -> Facts:
    """Describe the samples of one eye.

    Args:
        recording: to describe, with at least one sample.
        eye: whose samples.
        columns: name and description of each column, in order.
        judged: whether it is this gaze whose accuracy was measured.
    """
    source = recording.source
    facts: Facts = {
        "TaskName": recording.study_name,
        **_asked(recording),
        "SamplingFrequency": _measured_hz(recording),
        "StartTime": 0,
        "Columns": list(columns),
        "PhysioType": "eyetrack",
        "RecordedEye": eye,
        "SampleCoordinateSystem": "gaze-on-screen",
        "Source": {"Name": source.name, "Kind": source.kind, "Profile": source.profile},
        "SessionClockAtStart": float(recording.gaze(0, 1).t_s[0]),
    }
    if source.nominal_hz:
        facts["SamplingFrequencyClaimed"] = source.nominal_hz
    stand_in = _STAND_INS.get(source.kind) or _SIMULATED.get(source.profile)
    if stand_in:
        facts["EyeTrackingMethod"] = stand_in
    return {**facts, **_calibration(recording, judged), **columns}


def physioevents(recording: Recording, slots: Slots, columns: Mapping[str, Facts]) -> Facts:
    """Describe the events found in the samples."""
    foreign = recording.fixations_by
    finder = foreign or f"GazeTwin ({METHOD}) in gaze as one"
    return {
        "TaskName": recording.study_name,
        "Columns": list(columns),
        "Description": f"Eye movements, found by {finder}.",
        "OnsetSource": "timestamp",
        **({} if foreign else {"Parameters": asdict(slots.parameters.ivt)}),
        **columns,
    }


def events(recording: Recording, columns: Mapping[str, Facts]) -> Facts:
    """Describe what happened and the display it happened on."""
    screen = recording.screen
    name, _, version = recording.software.rpartition(" ")
    return {
        "StimulusPresentation": {
            "ScreenDistance": _m(screen.distance_mm),
            "ScreenOrigin": ["top", "left"],
            "ScreenResolution": list(screen.size_px),
            "ScreenSize": [_m(side_mm) for side_mm in screen.size_mm],
            "SoftwareName": name or recording.software,
            "SoftwareVersion": version,
        },
        **columns,
    }


def _asked(recording: Recording) -> Facts:
    """Return what participants were asked; nothing where the recording does not tell."""
    trials = recording.trials()
    tasks = ", ".join(dict.fromkeys(trial.task.value for trial in trials))
    words = " / ".join(dict.fromkeys(trial.instruction for trial in trials if trial.instruction))
    said = {"TaskDescription": tasks and f"Carousel screens with the tasks {tasks}.", "Instructions": words}
    return {name: text for name, text in said.items() if text}


def session_row(recording: Recording, session: str) -> Facts:
    """Return the row of a recording in the table of sessions."""
    began = recording.created_utc.replace("+00:00", "Z")
    return {
        "session_id": f"ses-{session}",
        "acq_time": began,
        "recording": recording.session_id,
        "sha256": file_digest(recording.path),
        "state": recording.state.value,
    }


def participant_row(recording: Recording, subject: str) -> Facts:
    """Return the row of a participant in the table of participants."""
    participant = recording.participant
    return {
        "participant_id": f"sub-{subject}",
        "pseudonym": participant.pseudonym,
        "top_genre": participant.top_genre,
        "preferred_genres": ", ".join(participant.preferred),
    }


def _measured_hz(recording: Recording) -> float:
    """Return the rate of the samples from the median interval, else what the device claims."""
    stamps = [gaze.t_s for gaze in chunks(recording)]
    return round(effective_rate_hz(np.concatenate(stamps)), 3) or recording.source.nominal_hz


def _calibration(recording: Recording, judged: bool) -> Facts:
    """Return what is known of the calibration in force at the end."""
    attempts = recording.calibrations()
    used = in_force(attempts)
    if not used:  # the tracker may have been calibrated with its own program
        return {}
    last = used[-1].calibration
    facts: Facts = {"CalibrationCount": sum(a.record.kind == "calibration" for a in used)}
    if last.points:
        facts["CalibrationType"] = f"HV{len(last.points)}"
        facts["CalibrationPosition"] = [list(point.target_px) for point in last.points]
        facts["CalibrationUnit"] = "pixel"
    validation = validated(attempts)
    if judged and validation is not None:
        errors = (validation.accuracy_mean_deg, validation.accuracy_max_deg)
        names = ("AverageCalibrationError", "MaximalCalibrationError")
        facts |= {name: error for name, error in zip(names, errors, strict=True) if error is not None}
    return facts


def _m(mm: float) -> float:
    return round(mm / 1000.0, 9)
