"""What the operator may ask of a calibration that runs, and how the wishes reach it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from acquisition.targets import Point


@dataclass(frozen=True, slots=True)
class ShowTargets:
    """Show all targets, in a new order.

    Attributes:
        by_key: each target stays until the space bar is pressed, by the participant or the operator.
    """

    by_key: bool = False


@dataclass(frozen=True, slots=True)
class RedoTarget:
    """Show one target of an attempt again and fit or judge anew with everything else as it was.

    Attributes:
        number: of the attempt.
        target_px: a calibration or a validation target of that attempt.
    """

    number: int
    target_px: Point
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class ValidateAgain:
    """Show only the validation targets again, for the map of an attempt."""

    number: int
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class UseAttempt:
    """Map gaze by an earlier attempt."""

    number: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Go on with gaze as it is mapped now.

    Attributes:
        reason: why, when it is below the limits of the study.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class NextTarget:
    """The space bar was pressed."""


@dataclass(frozen=True, slots=True)
class StopTargets:
    """Stop showing targets; what was shown so far does not count."""


@dataclass(frozen=True, slots=True)
class CheckDriftNow:
    """Show a target between this trial and the next."""


@dataclass(frozen=True, slots=True)
class CalibrateNow:
    """Calibrate anew between this trial and the next."""


Wish = (
    ShowTargets
    | RedoTarget
    | ValidateAgain
    | UseAttempt
    | Accept
    | NextTarget
    | StopTargets
    | CheckDriftNow
    | CalibrateNow
)


class Wishes:
    """Wishes that have not been looked at, oldest first. Belongs to one thread."""

    def __init__(self) -> None:
        self._waiting: deque[Wish] = deque()

    def put(self, wish: Wish) -> None:
        """Add one."""
        self._waiting.append(wish)

    def take(self) -> Wish | None:
        """Return and forget the oldest, None when there is none."""
        return self._waiting.popleft() if self._waiting else None

    def took(self, kind: type[NextTarget] | type[StopTargets]) -> bool:
        """Tell whether there was a wish of this kind, and forget all of the kind."""
        kept = [wish for wish in self._waiting if not isinstance(wish, kind)]
        found = len(kept) < len(self._waiting)
        self._waiting = deque(kept)
        return found

    def clear(self) -> None:
        """Forget all: a key pressed earlier must not skip what comes now."""
        self._waiting.clear()
