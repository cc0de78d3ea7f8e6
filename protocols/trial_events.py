"""What the trial runner is told, and what it asks for in return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from protocols.markers import Code
from protocols.stimulus import CarouselScreen, Viewport

MessageKind = Literal["welcome", "instruction", "blank", "break", "pause", "goodbye"]
Outcome = Literal["complete", "aborted"]


@dataclass(frozen=True, slots=True)
class Begin:
    """The session may start."""


@dataclass(frozen=True, slots=True)
class Continue:
    """The participant has read a message."""


@dataclass(frozen=True, slots=True)
class Scroll:
    """The participant scrolled down by so many px (negative: up)."""

    delta_px: float


@dataclass(frozen=True, slots=True)
class Swipe:
    """The participant swiped a row by so many groups of five (negative: back)."""

    row: int
    step: int


@dataclass(frozen=True, slots=True)
class PointerMoved:
    """The pointer is now there, in page px."""

    xy_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Click:
    """The participant clicked there, in page px."""

    xy_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CheckWanted:
    """The operator wants a drift check before the next trial."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The running trial, or the last one when none is running, is shown again and alone counts."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody interrupts; nothing is shown until Resume.

    Attributes:
        reason: why, empty when the operator wanted it.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """The operator goes on where Pause interrupted."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The operator ends whatever is on the display now."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The session must end now."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The timer that was started last has run down."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The drift check that was asked for is over."""


Event = (
    Begin
    | Continue
    | Scroll
    | Swipe
    | PointerMoved
    | Click
    | Pause
    | Resume
    | Skip
    | Abort
    | TimedOut
    | Checked
    | CheckWanted
    | Repeat
)


@dataclass(frozen=True, slots=True)
class ShowMessage:
    """Show text instead of a page; ``blank`` has none."""

    title: str
    body: str
    kind: MessageKind


@dataclass(frozen=True, slots=True)
class CheckDrift:
    """Show a target and measure where gaze is, then send Checked."""


@dataclass(frozen=True, slots=True)
class ShowPage:
    """Show one view of a screen; ``hover`` is the slot whose details are open, None for none."""

    trial: int
    screen: CarouselScreen
    viewport: Viewport
    hover: int | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Stamp and record a marker, now; ``trial`` is -1 outside trials."""

    code: Code
    trial: int = -1
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Send TimedOut after so many seconds; replaces a running timer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Forget the running timer, if any; TimedOut must not arrive afterwards."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The session is over; no command follows."""

    reason: Outcome


Command = ShowMessage | CheckDrift | ShowPage | Mark | StartTimer | StopTimer | Finish
