"""What went otherwise than planned in a session: trials skipped and repeated, pauses, displays lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocols.markers import DISPLAY_LOST, Code, Marker

_END_PAUSES = {Code.RESUME, Code.ABORT, Code.SESSION_END}


@dataclass(frozen=True, slots=True)
class Course:
    """How a session went.

    Attributes:
        skipped: trials the operator ended, and did not repeat.
        repeated: trials shown once more, of which only the last time counts.
        pauses_s: how long each pause lasted that came to an end, in s.
        displays_lost: pauses because the participant's display was gone or had changed.
    """

    skipped: frozenset[int]
    repeated: frozenset[int]
    pauses_s: tuple[float, ...]
    displays_lost: int


def course(markers: Iterable[Marker]) -> Course:
    """Read from markers, in the order in which they were written, how a session went."""
    skipped: set[int] = set()
    repeated: set[int] = set()
    pauses_s: list[float] = []
    since_s: float | None = None
    lost = 0
    for marker in markers:
        if marker.code is Code.TRIAL_END and marker.payload.get("reason") == "skip":
            skipped.add(marker.trial)
        elif marker.code is Code.REPEAT:
            skipped.discard(marker.trial)
            repeated.add(marker.trial)
        elif marker.code is Code.PAUSE:
            since_s = marker.t_s if since_s is None else since_s
            lost += marker.payload.get("reason") == DISPLAY_LOST
        elif marker.code in _END_PAUSES and since_s is not None:
            pauses_s.append(marker.t_s - since_s)
            since_s = None
    return Course(frozenset(skipped), frozenset(repeated), tuple(pauses_s), lost)
