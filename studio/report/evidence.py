"""What a recording tells a report, gathered once, so that everything else works on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from acquisition.quality import Validation
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.participant import Participant
from sessions.calibration_check import DriftNumbers, carried_on, drift_numbers
from sessions.calibrations import CalibrationAttempt, in_force, validated
from sessions.check import quality_items
from sessions.course import Course, course
from sessions.eye_quality import EyeQuality, eye_qualities
from sessions.gaze_check import CheckItem, GazeNumbers, numbers
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.views import PageView

SIMULATED_PROFILE = "gazetwin"


@dataclass(frozen=True, eq=False)
class Evidence:
    """One recording as a report sees it.

    Attributes:
        session_id: its UUID.
        created_utc: when it was started.
        software: what recorded it.
        ended: how it ended.
        study: name and digest of the study.
        participant: pseudonym and tastes.
        screen: the display.
        source: the gaze source.
        gaze: rate, gaps and losses.
        attempts: every calibration.
        eyes: how each eye did at the last validation.
        drift: what drift checks found.
        accepted: why the session went on with calibration below the limits, empty when it did not.
        checks: every verdict on gaze, as ``gazetwin check`` gives them.
        slots: fixations and attention, with the settings they were derived with.
        views: every page view.
        fixations_by: who found the fixations of an imported recording, empty when detected here.
        course: what went otherwise than planned.
    """

    session_id: str
    created_utc: str
    software: str
    ended: str
    study: tuple[str, str]
    participant: Participant
    screen: Screen
    source: SourceInfo
    gaze: GazeNumbers
    attempts: tuple[CalibrationAttempt, ...]
    eyes: tuple[EyeQuality, ...]
    drift: DriftNumbers
    accepted: str
    checks: tuple[CheckItem, ...]
    slots: Slots
    views: tuple[PageView, ...]
    fixations_by: str
    course: Course

    @property
    def started(self) -> str:
        """When it was started, to the minute."""
        return datetime.fromisoformat(self.created_utc).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

    @property
    def simulated(self) -> bool:
        """Whether the gaze comes from a simulated viewer."""
        return self.source.profile == SIMULATED_PROFILE

    @property
    def used(self) -> CalibrationAttempt | None:
        """The calibration in force at the end, None without any."""
        used = in_force(self.attempts)
        return used[-1] if used else None

    @property
    def validation(self) -> Validation | None:
        """Quality on other points of that calibration."""
        return validated(self.attempts)


def gather(recording: Recording) -> Evidence:
    """Read everything a report needs but the pages' pixels.

    Raises:
        SessionError: the recording is damaged.
    """
    source, chunk = recording.source, recording.gaze()
    gaze = numbers(chunk, source.nominal_hz, recording.screen)
    attempts, markers = recording.calibrations(), recording.markers()
    return Evidence(
        session_id=recording.session_id,
        created_utc=recording.created_utc,
        software=recording.software,
        ended=recording.state.value,
        study=(recording.study_name, recording.study_digest),
        participant=recording.participant,
        screen=recording.screen,
        source=source,
        gaze=gaze,
        attempts=attempts,
        eyes=eye_qualities(attempts),
        drift=drift_numbers(markers, recording.study.calibration.limits),
        accepted=carried_on(markers),
        checks=tuple(quality_items(recording, chunk, gaze)),
        slots=recording.slots(),
        views=tuple(recording.views()),
        fixations_by=recording.fixations_by,
        course=course(markers),
    )
