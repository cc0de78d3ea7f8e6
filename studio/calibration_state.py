"""What the operator sees of a calibration at one moment: frozen values. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from acquisition.eye_choice import Judged
from acquisition.samples import GazeChunk
from acquisition.targets import Point
from protocols.geometry import Screen

Step = Literal["positions", "targets", "validation", "deciding", "drift", "over"]
Grade = Literal["green", "amber", "red"]


@dataclass(frozen=True, slots=True)
class EyesSeen:
    """How much of the last second each eye was seen.

    Attributes:
        any: share of valid samples, 0 to 1.
        left: of the left eye, None from a tracker that does not tell the eyes apart.
        right: of the right eye.
        distance_mm: of the eyes from the screen, None from a tracker that does not tell.
        planned_mm: the viewing distance that the session reckons with.
    """

    any: float = 0.0
    left: float | None = None
    right: float | None = None
    distance_mm: float | None = None
    planned_mm: float = 0.0

    @classmethod
    def of(cls, gaze: GazeChunk) -> EyesSeen:
        """Measure a stretch of gaze; nothing is seen in an empty one."""
        if not len(gaze):
            return cls()
        apart = np.isfinite(gaze.eyes_px).all(axis=2)
        left, right = (float(share) for share in apart.mean(axis=0))
        seen = float(gaze.valid.mean())
        return cls(seen, left, right) if apart.any() else cls(seen)

    @property
    def lit(self) -> tuple[bool, bool]:
        """Whether the left and the right eye are seen; both alike where they are not told apart."""
        eyes = [self.any if share is None else share for share in (self.left, self.right)]
        return eyes[0] >= _SEEN, eyes[1] >= _SEEN

    @property
    def words(self) -> str:
        """What is to be said about it, and what to do."""
        if self.any < _SEEN:
            return "The tracker does not see the eyes. Move to the middle of the screen, 60 to 70 cm away."
        if self.lit == (True, True):
            seen = "The eyes are seen" if self.left is None else "Both eyes are seen"
            return f"{seen}{self._far_words}."
        lost = "right" if self.lit[0] else "left"
        todo = "Turn the head to the screen; lift hair or glasses."
        return f"Only one eye is seen: the {lost} one is lost. {todo}"

    @property
    def _far_words(self) -> str:
        if self.distance_mm is None:
            return ""
        far = f", {self.distance_mm / 10:.0f} cm from the screen"
        if self.placed:
            return far
        move = "closer" if self.distance_mm > self.planned_mm else "back"
        return f"{far} instead of {self.planned_mm / 10:.0f} cm: move {move}"

    @property
    def placed(self) -> bool:
        """Whether the eyes are about where the session reckons with, as far as the tracker tells."""
        if self.distance_mm is None or self.planned_mm <= 0:
            return True
        return abs(self.distance_mm - self.planned_mm) <= _MOST_OFF * self.planned_mm

    @property
    def well(self) -> bool:
        """Whether every eye that the tracker tells apart is seen, and at the right distance."""
        shares = (self.any, self.left, self.right)
        return self.placed and all(share >= _SEEN for share in shares if share is not None)


_SEEN = 0.5
_MOST_OFF = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One attempt, as it is in the file.

    Attributes:
        number: in the file, from 0.
        what: what was shown for it, in words.
        shown: calibration targets in the order of presentation, px.
        tests: validation targets.
        verdict: by the limits of the study.
        why: why it is used or not, or why it failed.
        candidates: each eye's map and gaze as delivered (the last), as judged; none when it failed.
        chosen: the best of them; None when it failed.
        missed: targets that could not be used, and why.
    """

    number: int
    what: str
    shown: tuple[Point, ...]
    tests: tuple[Point, ...]
    verdict: Grade
    why: str
    candidates: tuple[Judged, ...] = ()
    chosen: Judged | None = None
    missed: tuple[tuple[Point, str], ...] = ()

    @property
    def accuracy_deg(self) -> float | None:
        """Mean error on the validation targets, None when unknown."""
        return None if self.chosen is None else self.chosen.validation.accuracy_mean_deg

    @property
    def as_delivered(self) -> Judged | None:
        """Gaze without any correction."""
        found = [judged for judged in self.candidates if judged.calibration.method == "identity"]
        return found[-1] if found else None

    @property
    def usable(self) -> bool:
        """Whether gaze can be mapped by it."""
        return self.chosen is not None and self.accuracy_deg is not None


@dataclass(frozen=True, slots=True)
class DriftLook:
    """One drift check.

    Attributes:
        how: at a target, or at what was clicked.
        decision: what was done about it, in words.
        well: whether nothing had to be done.
        offset_deg: from the place to gaze, None when unknown.
        distance_deg: its length; to the poster when it was clicked.
        trial: during which, -1 between trials.
    """

    how: Literal["target", "click"]
    decision: str
    well: bool
    offset_deg: Point | None
    distance_deg: float | None
    trial: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationState:
    """Everything about calibration and drift.

    Attributes:
        step: what is going on; ``over`` while none of it is.
        target_px: the target that is shown now.
        done: targets shown before it.
        total: targets of this step.
        by_key: the space bar ends each target.
        screen: the display.
        attempts: all of the session, in order.
        in_force: number of the attempt that maps gaze, None for gaze as delivered.
        verdict: of that; ``red`` before anything was validated.
        accuracy_deg: of that.
        since: index in ``attempts`` of the first attempt of the calibration that is going on or was last.
        question: why the last wish was not followed, empty when it was.
        drifts: all drift checks, in order.
    """

    step: Step = "over"
    target_px: Point | None = None
    done: int = 0
    total: int = 0
    by_key: bool = False
    screen: Screen = field(default_factory=Screen)
    attempts: tuple[Attempt, ...] = ()
    in_force: int | None = None
    verdict: Grade = "red"
    accuracy_deg: float | None = None
    since: int = 0
    question: str = ""
    drifts: tuple[DriftLook, ...] = ()

    @property
    def latest(self) -> Attempt | None:
        """The last attempt of this calibration."""
        return self.attempts[-1] if len(self.attempts) > self.since else None

    @property
    def used(self) -> Attempt | None:
        """The attempt that maps gaze."""
        return next((a for a in self.attempts if a.number == self.in_force), None)


Tell = Callable[[CalibrationState], None]


def nobody(state: CalibrationState) -> None:
    """Be told and look away."""
    del state


class CalibrationBoard:
    """The state, and who is told when it changes. Belongs to the thread of the session."""

    def __init__(self, screen: Screen, tell: Tell) -> None:
        self.state = CalibrationState(screen=screen)
        self._tell = tell

    def change(self, **fields: object) -> None:
        """Replace some fields and tell."""
        self.state = replace(self.state, **fields)  # type: ignore[arg-type] # by name, checked by dataclass
        self._tell(self.state)
