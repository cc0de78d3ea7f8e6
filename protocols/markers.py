"""Markers: what happened when, in one closed vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Every kind of marker a recording can hold."""

    SESSION_START = "session_start"
    SESSION_END = "session_end"
    CALIBRATION_POINT = "calibration_point"
    CALIBRATION_START = "calibration_start"
    CALIBRATION_RESULT = "calibration_result"
    VALIDATION_POINT = "validation_point"
    VALIDATION_RESULT = "validation_result"
    CALIBRATION_ACCEPTED = "calibration_accepted"
    DRIFT_CHECK = "drift_check"
    INSTRUCTION = "instruction"
    TRIAL_START = "trial_start"
    PAGE_SHOWN = "page_shown"
    VIEWPORT_CHANGED = "viewport_changed"
    HOVER = "hover"
    CLICK = "click"
    TRIAL_END = "trial_end"
    REPEAT = "repeat"
    BREAK = "break"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    SOURCE_STALLED = "source_stalled"
    SOURCE_LOST = "source_lost"
    SOURCE_RESUMED = "source_resumed"
    SOURCE_RECONNECTED = "source_reconnected"
    SOURCE_DUPLICATED = "source_duplicated"
    SOURCE_LATE = "source_late"
    CLOCK_FOREIGN = "clock_foreign"
    CLOCK_JUMPED = "clock_jumped"
    WRITING_LATE = "writing_late"
    WRITING_RESUMED = "writing_resumed"
    PREDICTION = "prediction"
    NOTE = "note"


BY_RECORDER = frozenset(code for code in Code if code.split("_")[0] in ("source", "clock", "writing"))
"""Markers about the recording itself, written by whoever notices, so not in order with the others."""


DISPLAY_LOST = "display lost"
"""``reason`` of a pause: the participant's display was gone or had changed."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One event of a session.

    Attributes:
        t_s: session clock in s.
        code: what happened.
        trial: trial number from 0 in order of presentation, -1 outside trials.
        payload: small JSON-able details, for example ``{"slot": 3, "x_px": 400.0}``.
    """

    t_s: float
    code: Code
    trial: int = -1
    payload: Mapping[str, object] = field(default_factory=dict)
