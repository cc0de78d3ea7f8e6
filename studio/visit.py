"""What has been decided for the next session, room by room. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.placement import DisplayFrame
from protocols.study import StudyProtocol

if TYPE_CHECKING:
    from studio.sources import SourceChoice


@dataclass(frozen=True, slots=True)
class Display:
    """The participant's display.

    Attributes:
        name: as the window system calls it; empty for the one that is not the operator's.
        screen: the study's page on it: page px, the millimetres that those px take up, viewing distance.
        frame: the whole display, which a tracker's coordinates refer to, and where the page lies; None
            when it fills the display. For ``studio.sources.opened``; ``screen`` also for ``Order.display``.
    """

    name: str
    screen: Screen
    frame: DisplayFrame | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a session that ended early.

    Attributes:
        of: UUID of that session.
        positions: of the trials that are left, in the order of the whole session.
    """

    of: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One participant's visit to the lab.

    Attributes:
        study: what will be shown, None until it is chosen.
        participant: pseudonym and questionnaire, None until they are there.
        consent: what the participant agreed to, as the session file stores it; empty without any.
        source: where gaze comes from, None until it is chosen.
        display: the participant's, None until it is set up.
        seed: decides the order inside shuffled blocks, and a simulated participant.
        rest: only this is shown, because an earlier session ended early; None for everything.
        recorded: the session file of this visit, None before it is recorded.
        done: keys of the rooms after the recording in which it has been dealt with.
    """

    study: StudyProtocol | None = None
    participant: Participant | None = None
    consent: dict[str, object] = field(default_factory=dict)
    source: SourceChoice | None = None
    display: Display | None = None
    seed: int = 0
    rest: Rest | None = None
    recorded: Path | None = None
    done: frozenset[str] = frozenset()

    def begun_with(self, study: StudyProtocol) -> Visit:
        """Return a new visit; the gaze source stays, and the display where pages are alike."""
        same = self.study is not None and self.study.geometry == study.geometry
        return Visit(study=study, source=self.source, display=self.display if same else None)
