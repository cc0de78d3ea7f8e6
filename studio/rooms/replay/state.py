"""What the replay room shows. Frozen values, made by the controller. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from protocols.geometry import FloatArray
from protocols.stimulus import Page
from studio.lanes import Lane
from studio.rooms.replay.moment import Moment
from studio.rooms.replay.session import ReplaySession

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
Stage = Literal["nothing", "loading", "ready"]


@dataclass(frozen=True, slots=True, eq=False)
class ReplayState:
    """Everything the room shows.

    Attributes:
        stage: whether there is a session.
        session: what is played, None before it is loaded.
        lanes: of its time line.
        moment: of the session, None without one.
        page: the picture of the moment's page; None while it is read, or without one.
        playing: time goes on by itself.
        speed: times as fast as it was recorded.
        simulated: the twin's share per slot of the moment's page, shape (slots,); None without any.
        simulated_words: what it was made with, or why there is none.
        persona: compared with instead of the predictions of the session, None for those.
        working: something is being loaded or compared.
        said: what is being done, or what went wrong; empty when all is well.
        progress: of loading or comparing, 0 to 1; None when it is not known.
    """

    stage: Stage = "nothing"
    session: ReplaySession | None = None
    lanes: tuple[Lane, ...] = ()
    moment: Moment | None = None
    page: Page | None = None
    playing: bool = False
    speed: float = 1.0
    simulated: FloatArray | None = None
    simulated_words: str = ""
    persona: Path | None = None
    working: bool = False
    said: str = ""
    progress: float | None = None

    @property
    def t_s(self) -> float:
        """The moment, session clock in s."""
        return 0.0 if self.moment is None else self.moment.t_s
