"""What reaches a running session from outside: the participant, the operator, a child program."""

from __future__ import annotations

from dataclasses import dataclass

import acquisition.viewer.messages as viewer
from protocols.errors import GazeTwinError, ProgramError
from protocols.trial_events import Click, Event, Scroll, Swipe
from protocols.wire import Failed
from studio.programs import Said
from studio.wishes import Wish


@dataclass(frozen=True, slots=True)
class Did:
    """Somebody did something that the trial runner understands.

    Attributes:
        event: what.
        t_s: session time in s; None for now.
    """

    event: Event
    t_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pointed:
    """The pointer is somewhere.

    Attributes:
        t_s: session time in s.
        xy_px: page px.
        buttons: bit mask of pressed buttons.
    """

    t_s: float
    xy_px: tuple[float, float]
    buttons: int = 0


@dataclass(frozen=True, slots=True)
class Noted:
    """The operator wrote something down."""

    text: str


@dataclass(frozen=True, slots=True)
class Wished:
    """The operator wants something of the calibration; see ``studio.wishes``."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that the session needs has failed; it cannot go on."""

    error: GazeTwinError


Input = Did | Pointed | Noted | Wished | Broken


def of_viewer(said: Said) -> tuple[Input, ...]:
    """Return what the simulated viewer's message means for the session."""
    match said:
        case viewer.Scroll():
            return (Did(Scroll(said.delta_px), said.t_s),)
        case viewer.Swipe():
            return (Did(Swipe(said.row, said.step), said.t_s),)
        case viewer.Pointer():
            return (Pointed(said.t_s, said.xy_px),)
        case viewer.Click():
            return (Pointed(said.t_s, said.xy_px, buttons=1), Did(Click(said.xy_px), said.t_s))
        case Failed():
            return (Broken(said.error()),)
        case GazeTwinError():
            return (Broken(said),)
        case _:
            unexpected = ProgramError(
                f"The simulated viewer said {type(said).__name__} during a session.",
                "What it meant by that is unknown.",
                "Use both programs from the same installation.",
            )
            return (Broken(unexpected),)
