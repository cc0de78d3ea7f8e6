"""``gazetwin record`` behind its options: a source, a stage, a session."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from acquisition.clock import Clock, SteadyClock
from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.settings import ViewerSettings
from protocols.errors import SourceNotFound, StudyInvalid
from protocols.participant import Participant
from protocols.study import StudyProtocol, load_study
from protocols.wire import Progress
from studio.conductor import Conductor
from studio.progress import told
from studio.recording import Order, Recorded, new_file, record
from studio.sources import Rig, SourceChoice, opened, own_network
from studio.stage import HeadlessStage
from studio.watching import interruptible, watched


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command; see its help."""

    study: str
    participant: str
    source: str
    out: Path
    headless: bool = False
    duration_s: float | None = None
    seed: int = 0
    name: str = ""
    preferred: tuple[str, ...] = ()
    profile: Path | None = None
    surface: Path | None = None
    publish: bool = False


def run(request: Request) -> Recorded:
    """Record the session that is asked for.

    Raises:
        GazeTwinError: something about it is wrong; nothing was recorded.
    """
    choice = SourceChoice.parse(request.source, request.name, request.profile, request.surface)
    study = load_study(request.study)
    Participant(pseudonym=request.participant)  # a wrong one is refused before anything is started
    _refuse_unknown_genres(request.preferred, study)
    if study.kind == "free-gaze" and choice.kind == "mouse" and request.headless:
        raise _no_window()
    path = new_file(request.out)
    settings = ViewerSettings(seed=request.seed, screen=ScreenSettings.of(study.screen))
    with ExitStack() as stack:
        if choice.kind == "mock":
            stack.enter_context(own_network())
        clock = SteadyClock()
        rig = stack.enter_context(opened(choice, study.screen, clock, settings=settings))
        order = Order(
            study=study,
            participant=_participant(request, rig),
            path=path,
            seed=request.seed,
            headless=request.headless,
            duration_s=request.duration_s,
            publish=request.publish,
        )
        return _headless(order, rig, clock) if request.headless else _on_display(order, rig, clock)


def _on_display(order: Order, rig: Rig, clock: Clock) -> Recorded:
    from studio.windows.performing import application
    from studio.windows.record import record_on_display

    app = application()
    with interruptible(app.exit) as watch:
        return record_on_display(app, order, rig, clock, watch)


def _headless(order: Order, rig: Rig, clock: Clock) -> Recorded:
    with told() as tell, interruptible() as watch, watched(tell) as progress:

        def both(conductor: Conductor) -> None:
            tell(Progress(done=0, message=f"Recording {order.path}; Ctrl-C ends it and keeps everything."))
            watch(conductor)
            progress(conductor)

        return record(order, rig, HeadlessStage(clock), clock, watch=both)


def _no_window() -> SourceNotFound:
    return SourceNotFound(
        "The mouse is followed on the participant's window, and --headless shows none.",
        "No sample would ever come.",
        "Leave out --headless, or record another source.",
    )


def _refuse_unknown_genres(preferred: tuple[str, ...], study: StudyProtocol) -> None:
    unknown = [genre for genre in preferred if genre not in study.questionnaire.genres]
    if unknown:
        raise StudyInvalid(
            f"The study asks about no genre called {', '.join(unknown)}.",
            "A twin is told the participant's genres; one that no film has would mean nothing to it.",
            f"Choose among {', '.join(study.questionnaire.genres)}.",
        )


def _participant(request: Request, rig: Rig) -> Participant:
    preferred = request.preferred or rig.preferred
    top = preferred[0] if preferred else ""
    return Participant(pseudonym=request.participant, top_genre=top, preferred_genres=preferred)
