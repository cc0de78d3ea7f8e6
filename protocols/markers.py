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
    CALIBRATION_RESULT = "calibration_result"
    VALIDATION_POINT = "validation_point"
    VALIDATION_RESULT = "validation_result"
    INSTRUCTION = "instruction"
    TRIAL_START = "trial_start"
    PAGE_SHOWN = "page_shown"
    VIEWPORT_CHANGED = "viewport_changed"
    HOVER = "hover"
    CLICK = "click"
    TRIAL_END = "trial_end"
    BREAK = "break"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    SOURCE_STALLED = "source_stalled"
    SOURCE_RESUMED = "source_resumed"
    PREDICTION = "prediction"
    NOTE = "note"


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
