"""The session of a visit: from what the rooms have decided to a file, with the twin beside it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from acquisition.clock import Clock
from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.settings import ViewerSettings
from protocols.consent import TWIN, refused
from protocols.errors import SetupError
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.study import StudyProtocol
from studio.engine import NOT_INSTALLED, installed, running
from studio.foresight import Foresight
from studio.house import House
from studio.performance import Performance
from studio.recording import FILE_NAME, Order, Recorded, record
from studio.sources import Rig, SourceChoice, opened
from studio.visit import Visit
from studio.windows.displays import choose, show_participant
from studio.windows.participant import ParticipantWindow
from tuning.config import FitConfig


def begin(house: House) -> Performance[Recorded]:
    """Begin to record the visit; ``house.performance`` holds the session from now on.

    The participant's window appears at once; ``result`` has the file when ``over`` was emitted.

    Raises:
        SetupError: something has not been decided yet, or the participant's display is not there.
    """
    visit = house.visit.value
    job = VisitSession(visit, new_path(house.sessions_folder, visit), house.clock)
    displays = choose(visit.display.name if visit.display else "")
    job.publish = house.settings.value.publish_markers
    performance = Performance(job, job.study.screen.size_px, house.clock)
    performance.window.show_patch(house.settings.value.photodiode)

    def place(window: ParticipantWindow) -> None:
        show_participant(window, displays, alone=job.source.kind != "mock")

    def over() -> None:
        if performance.error is None:
            recorded = performance.result().path
            house.visit.put(replace(house.visit.value, recorded=recorded, done=frozenset()))

    performance.over.connect(over)
    performance.start(place)
    house.performance.put(performance)
    return performance


def missing(visit: Visit) -> str:
    """Return what has not been decided yet, and where that is done; empty when a session can begin."""
    if visit.study is None:
        return "No study is chosen yet: choose one in room 1, Start."
    if visit.participant is None:
        return "Nobody takes part yet: fill in room 2, Participant."
    if visit.source is None:
        return "Where gaze comes from is not chosen yet: choose it in room 3, Devices."
    return ""


def new_path(folder: Path, visit: Visit) -> Path:
    """Return a file for this visit's session that does not exist, in a folder of its own."""
    pseudonym = visit.participant.pseudonym if visit.participant else "nobody"
    name = f"{pseudonym}-{time.strftime('%Y%m%d-%H%M%S')}"
    taken = sum(1 for _ in folder.glob(f"{name}*"))
    return folder / (f"{name}-{taken + 1}" if taken else name) / FILE_NAME


class VisitSession:
    """The job of one session: opens the source, starts the twin, records, closes both.

    Args:
        visit: complete, see ``missing``.
        path: the file to write.
        clock: session clock.

    Attributes:
        study: that is shown.
        source: where gaze comes from.
        publish: markers also go onto LSL.

    Raises:
        SetupError: something has not been decided yet.
    """

    def __init__(self, visit: Visit, path: Path, clock: Clock) -> None:
        if lacking := missing(visit):
            raise SetupError(lacking, "A session needs it.", "Go back to that room.")
        assert visit.study is not None
        assert visit.participant is not None
        assert visit.source is not None
        self.study: StudyProtocol = visit.study
        self.source: SourceChoice = visit.source
        self._participant: Participant = visit.participant
        self._visit, self._path, self._clock = visit, path, clock
        self.publish = False

    @property
    def _screen(self) -> Screen:
        return self._visit.display.screen if self._visit.display else self.study.screen

    def __call__(self, performance: Performance[Recorded]) -> Recorded:
        """Record the session; called in its thread.

        Raises:
            GazeTwinError: it could not begin, or the file could not be sealed.
        """
        with ExitStack() as stack:
            foresight, without = self._twin(stack)
            rig = stack.enter_context(self._opened())
            order = self._order(rig, without)
            if foresight is not None:
                config = FitConfig(seed=self._visit.seed)
                foresight.begin(order.participant.pseudonym, order.participant.preferred, config)
            performance.listen(rig)
            return record(
                order, rig, performance.stage, self._clock, foresight=foresight, watch=performance.began
            )

    def _twin(self, stack: ExitStack) -> tuple[Foresight | None, str]:
        """Start the engine when there are pages to predict; else say why there is no twin."""
        if self.study.kind != "carousel":
            return None, "This study shows no pages, so there is nothing for a twin to predict."
        if refused(TWIN, self.study.consent, self._visit.consent):
            return None, "The participant did not agree to a twin, so none is fitted."
        if not installed():
            return None, NOT_INSTALLED
        program = stack.enter_context(running())
        again = lambda: stack.enter_context(running())  # noqa: E731 (closed with everything else)
        return Foresight(program, self._clock.now_s, str(self.study.images or ""), again=again), ""

    def _opened(self) -> AbstractContextManager[Rig]:
        frame = self._visit.display.frame if self._visit.display else None
        settings = ViewerSettings(seed=self._visit.seed, screen=ScreenSettings.of(self._screen))
        return opened(self.source, self._screen, self._clock, settings=settings, frame=frame)

    def _order(self, rig: Rig, without: str) -> Order:
        return Order(
            study=self.study,
            participant=self._answering(rig),
            path=self._path,
            seed=self._visit.seed,
            headless=False,
            display=self._visit.display.screen if self._visit.display else None,
            consent=self._visit.consent,
            without_twin=without,
            rest=self._visit.rest,
            operated=True,
            publish=self.publish,
        )

    def _answering(self, rig: Rig) -> Participant:
        """Return the participant; a simulated one answers what the operator has left out."""
        if not rig.preferred or self._participant.preferred:
            return self._participant
        tastes = {"top_genre": rig.preferred[0], "preferred_genres": rig.preferred}
        return self._participant.model_copy(update=tastes)
