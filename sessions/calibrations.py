"""Calibration attempts of a recording, and gaze mapped by those in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from acquisition.calibration import Calibration
from acquisition.eye_choice import Judged
from acquisition.quality import Validation
from acquisition.samples import GazeChunk
from acquisition.targets import ShownTarget
from protocols.errors import CalibrationError
from protocols.geometry import FloatArray

Kind = Literal["calibration", "failed", "begun", "drift", "chosen"]


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """How a calibration came about.

    Attributes:
        kind: ``calibration`` after targets; ``failed``: targets led to no map; ``begun``: targets are about
            to be shown, what was in force before is not any more; ``drift``: shifted after a drift check;
            ``chosen``: an earlier one was put in force again.
        reason: in words, why it is used or why not.
        shown: calibration targets with their times.
        tests: validation targets with their times.
        candidates: what was fitted and judged beside it, eye by eye.
    """

    kind: Kind = "calibration"
    reason: str = ""
    shown: tuple[ShownTarget, ...] = ()
    tests: tuple[ShownTarget, ...] = ()
    candidates: tuple[Judged, ...] = ()

    def to_json(self) -> str:
        """Return all of it as JSON; numbers keep every bit."""
        return _RECORD.dump_json(self).decode("utf-8")

    @classmethod
    def from_json(cls, text: str) -> AttemptRecord:
        """Read what ``to_json`` wrote.

        Raises:
            CalibrationError: the text is something else.
        """
        try:
            return _RECORD.validate_json(text)
        except ValidationError as error:
            raise CalibrationError(
                f"How a stored calibration came about cannot be read: {error.errors()[0]['msg']}.",
                "Why gaze is mapped as it is would be unknown.",
                "Open the recording with the version of GazeTwin that made it.",
            ) from error


_RECORD = TypeAdapter(AttemptRecord)


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationAttempt:
    """One calibration of a recording.

    Attributes:
        number: order of attempts, from 0.
        calibration: the map with its targets and residuals.
        used: whether gaze is mapped with it.
        from_s: gaze from this session time on is, until the next used attempt takes over.
        validation: how it did on other points; None when it was not validated.
        record: how it came about.
    """

    number: int
    calibration: Calibration
    used: bool
    from_s: float = float("-inf")
    validation: Validation | None = None
    record: AttemptRecord = field(default_factory=AttemptRecord)


def in_force(attempts: Iterable[CalibrationAttempt]) -> list[CalibrationAttempt]:
    """Return the used attempts in the order in which they take over."""
    return sorted((a for a in attempts if a.used), key=lambda a: (a.from_s, a.number))


def tried(attempts: Iterable[CalibrationAttempt]) -> list[CalibrationAttempt]:
    """Return what the operator saw as attempts: targets were shown, whatever came of it."""
    return [a for a in attempts if a.record.kind in ("calibration", "failed")]


def tried_as(used: CalibrationAttempt, attempts: Iterable[CalibrationAttempt]) -> CalibrationAttempt:
    """Return the attempt in which the map was made that a later record only put in force again."""
    if used.record.kind != "chosen":
        return used
    made = [a for a in tried(attempts) if a.number < used.number and _result(a) == _result(used)]
    return made[-1] if made else used


def _result(attempt: CalibrationAttempt) -> tuple[str, str]:
    validation = attempt.validation
    return attempt.calibration.to_json(), "" if validation is None else validation.to_json()


def validated(attempts: Iterable[CalibrationAttempt]) -> Validation | None:
    """Return how the map in force at the end did on other points, before drift checks shifted it.

    None when it was not validated, or when a later calibration was begun and came to nothing.
    """
    for attempt in reversed(in_force(attempts)):
        if attempt.record.kind != "drift":
            return attempt.validation
    return None


def calibrated_xy(chunk: GazeChunk, attempts: Iterable[CalibrationAttempt]) -> FloatArray:
    """Map gaze by the calibration in force at each sample.

    Args:
        chunk: gaze as delivered.
        attempts: of which only the used ones count.

    Returns:
        Positions, shape (n, 2), in px; as delivered where no calibration was in force.
    """
    xy_px = np.array(chunk.xy_px, dtype=np.float64)
    for attempt in in_force(attempts):
        later = chunk.t_s >= attempt.from_s
        xy_px[later] = attempt.calibration.apply(chunk)[later]
    return xy_px
