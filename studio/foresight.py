"""The twin during a session: it predicts each page before it is shown and learns from it afterwards.

The engine program does the work. When it fails the session goes on without predictions, and ``note`` says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from protocols.errors import GazeTwinError, ProgramCrashed, ProgramError
from protocols.geometry import FloatArray
from protocols.stimulus import CarouselScreen, Viewport
from protocols.wire import Cancelled, Done, Failed, Message
from studio.programs import Program
from tuning.config import FitConfig
from tuning.events import (
    Begin,
    Load,
    Observe,
    Observed,
    PageSpec,
    Predict,
    Predicted,
    Ready,
    Warned,
)

log = logging.getLogger(__name__)

LEARN_S = 0.5
CONCLUDE_S = 30.0
RESTARTS = 2


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A prediction that has come.

    Attributes:
        t_s: session time at which it had come, in s.
        predicted: what is expected.
    """

    t_s: float
    predicted: Predicted

    def payload(self) -> dict[str, object]:
        """Return what the marker of a prediction holds: shares per row of the comparison."""
        views = {row: view.model_dump(exclude={"kind"}) for row, view in self.predicted.views.items()}
        return {"views": views, "observed": self.predicted.observed}


_LOADING = "The twin is being loaded."


class Foresight:
    """Asks the engine before a page and tells it afterwards. Belongs to one thread.

    Args:
        program: the started engine.
        now_s: session clock.
        images: folder of poster images, empty to draw all posters.
        backbone: id.
        again: starts another engine program when this one has crashed; None to go on without.
    """

    def __init__(
        self,
        program: Program,
        now_s: Callable[[], float],
        images: str = "",
        backbone: str = "carousel-tiny",
        again: Callable[[], Program] | None = None,
    ) -> None:
        self._program, self._now_s, self._again = program, now_s, again
        self._images, self._backbone = images, backbone
        self._foreseen: dict[int, Foreseen] = {}
        self._asked: list[int] = []
        self._answered = 0
        self._begun: set[int] = set()
        self._open: list[Message] = []
        self._newcomer: Begin | None = None
        self._told: list[Observe] = []
        self._ready = self._crashed = False
        self._restarts = self._behind = 0
        self.observed = 0
        self.failure = ""

    @property
    def alive(self) -> bool:
        """Whether predictions can still come."""
        return not self.failure

    @property
    def ready(self) -> bool:
        """Whether predictions can come now."""
        return self._ready and self.alive and not self._behind

    @property
    def note(self) -> str:
        """What the twin is doing, or why it does nothing, in one sentence."""
        if self.failure:
            return f"No predictions any more: {self.failure}"
        if not self.ready:
            return "The engine had crashed; the twin is being loaded again." if self._restarts else _LOADING
        return f"Learned from {self.observed} page{'' if self.observed == 1 else 's'} so far."

    def begin(self, participant: str, preferred: tuple[str, ...], config: FitConfig) -> None:
        """Load the model and start with a newcomer."""
        self._newcomer = Begin(participant=participant, preferred=preferred, config=config)
        self._ask(Load(backbone=self._backbone))
        self._ask(self._newcomer)

    def revive(self) -> None:
        """Start a crashed engine again and tell it everything that it knew; for between trials."""
        if self._crashed and self._again is not None and self._newcomer and self._restarts < RESTARTS:
            self._restarts += 1
            log.warning("the engine is started again")
            self._program = self._again()
            self._crashed, self._ready, self.failure = False, False, ""
            self._open, self._asked = [], self._asked[: self._answered]
            known = (Load(backbone=self._backbone), self._newcomer, *self._told)
            self._behind = len(known)
            for request in known:
                self._ask(request)

    def ask(self, trial: int, screen: CarouselScreen, viewport: Viewport) -> None:
        """Ask for a prediction of the page with which a trial begins; once per trial."""
        if trial not in self._asked:
            self._asked.append(trial)
            self._ask(Predict(page=self._spec(screen, viewport)))

    def tell(
        self, screen: CarouselScreen, viewport: Viewport, dwell_ms: FloatArray, click: int | None
    ) -> None:
        """Tell what really happened on a page."""
        gaze = tuple(float(ms) for ms in dwell_ms)
        page = self._spec(screen, viewport)
        self._told.append(Observe(page=page, gaze=gaze, click=click, budget_s=LEARN_S))
        self._ask(self._told[-1])

    def begun(self, trial: int) -> Foreseen | None:
        """Return the prediction for a trial whose page appears now; one that comes later does not count."""
        self._begun.add(trial)
        return self.foreseen(trial)

    def has_begun(self, trial: int) -> bool:
        """Whether a trial has begun before."""
        return trial in self._begun

    def foreseen(self, trial: int) -> Foreseen | None:
        """Return the prediction for a trial, None when it has not come."""
        return self._foreseen.get(trial)

    def listen(self) -> None:
        """Take note of everything the engine has said since."""
        try:
            while self.alive and (said := self._program.poll()) is not None:
                self._hear(said)
        except GazeTwinError as error:
            self._fail(error)

    def _hear(self, said: Message) -> None:
        match said:
            case Ready():
                self._ready = True
            case Predicted():
                trial = self._asked[self._answered]
                self._answered += 1
                if trial not in self._begun:
                    self._foreseen[trial] = Foreseen(self._now_s(), said)
            case Observed():
                self.observed = said.observed
            case Warned():
                log.warning("%s %s %s", said.what, said.why, said.fix)
            case Failed():
                self._fail(said.error())
            case Done():
                self._open.pop(0)
                self._behind = max(self._behind - 1, 0)
            case Cancelled():
                self._fail(ProgramError("The engine stopped.", "Nobody asked it to.", "Start again."))
            case _:
                log.debug("engine: %s", said)

    def _ask(self, request: Message) -> None:
        if not self.alive:
            return
        try:
            self._program.send(request)
            self._open.append(request)
        except GazeTwinError as error:
            self._fail(error)

    def concluded(self) -> bool:
        """Wait until everything that was asked is worked off; return whether the engine is fit for more."""
        deadline = time.monotonic() + CONCLUDE_S
        while self.alive and self._open and time.monotonic() < deadline:
            time.sleep(0.01)
            self.listen()
        return self.alive and not self._open

    def _fail(self, error: GazeTwinError) -> None:
        log.warning("the twin has failed: %s", error)
        self.failure = error.what
        self._crashed = isinstance(error, ProgramCrashed)

    def _spec(self, screen: CarouselScreen, viewport: Viewport) -> PageSpec:
        return PageSpec(screen=screen, viewport=viewport, images=self._images)
