"""What a session is to do, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocols.errors import GazeTwinError
from protocols.study import StudyProtocol, Trial
from protocols.trial_events import Outcome
from studio.calibrating import Verdict


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended.

    Attributes:
        outcome: ``complete`` or ``aborted``.
        why: in words, empty when the study simply came to its end.
        error: what broke, None when nothing did.
        verdict: of the calibration, None without one.
    """

    outcome: Outcome
    why: str = ""
    error: GazeTwinError | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What a session is to do.

    Attributes:
        study: as loaded.
        trials: of this participant; empty for free gaze.
        calibrate: begin with targets, and check drift as often as the study says.
        reads_by_itself: messages are left after a moment, because nobody can press a key.
        duration_s: end after this time, None for when the study ends.
        simulated: the participant is simulated.
        without_twin: why nothing is predicted in a session without a twin, in one sentence.
        replayed: gaze comes from a recording that a stand-in sends, which ends.
        facts: written beside the start of the session.
        seed: two numbers that decide the order of targets.
        operated: somebody looks at the result of a calibration and says how it goes on.
    """

    study: StudyProtocol
    trials: tuple[Trial, ...]
    calibrate: bool
    reads_by_itself: bool
    duration_s: float | None = None
    simulated: bool = False
    without_twin: str = "This session has no twin."
    replayed: bool = False
    facts: Mapping[str, object] | None = None
    seed: tuple[int, int] = (0, 0)
    operated: bool = False
