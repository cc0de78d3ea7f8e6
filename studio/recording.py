"""Records one session into one file: source, recorder, conductor and writer, from opening to sealing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from acquisition.clock import Clock, unix_pair
from acquisition.marker_stream import MarkerStream
from acquisition.recorder import Recorder, RecorderReport
from acquisition.viewer.messages import Ended
from protocols.blocks import Geometry
from protocols.errors import GazeTwinError, SessionError, SetupError, StudyInvalid
from protocols.geometry import Screen
from protocols.markers import Marker
from protocols.participant import Participant
from protocols.study import StudyProtocol, Trial
from sessions.live import LiveSlots
from sessions.schema import SUFFIX
from sessions.slots import Slots
from sessions.writer import Header, SessionWriter
from studio.conductor import Conductor
from studio.foresight import Foresight
from studio.guard import DISTRIBUTION
from studio.inputs import of_viewer
from studio.journal import GazeTap, Journal
from studio.programs import Said
from studio.script import Ending, Script
from studio.sources import Rig
from studio.stage import Stage, WatchedStage
from studio.visit import Rest

log = logging.getLogger(__name__)

FILE_NAME = f"session{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Order:
    """What to record.

    Attributes:
        study: as loaded.
        participant: pseudonym and questionnaire.
        path: the file to write; must not exist.
        seed: decides the order inside shuffled blocks.
        headless: nobody can press a key.
        duration_s: end after this time, None for when the study, a replay or somebody ends it.
        display: the study's page on the participant's display, None for as the study says.
        consent: what the participant agreed to, empty without any.
        without_twin: why nothing is predicted, in one sentence.
        operated: somebody looks at the result of a calibration and says how it goes on.
        rest: only these trials are shown, None for all.
        publish: markers also go onto LSL while the session runs, so that other recorders can follow.
    """

    study: StudyProtocol
    participant: Participant
    path: Path
    seed: int = 0
    headless: bool = True
    duration_s: float | None = None
    display: Screen | None = None
    consent: Mapping[str, object] = field(default_factory=dict)
    without_twin: str = "This session has no twin."
    operated: bool = False
    publish: bool = False
    rest: Rest | None = None

    @property
    def screen(self) -> Screen:
        """The study's page as it is seen."""
        return self.display or self.study.screen

    @property
    def shown(self) -> StudyProtocol:
        """The study with the geometry of the display that it is really shown on."""
        seen = self.screen
        geometry = Geometry(size_px=seen.size_px, size_mm=seen.size_mm, distance_mm=seen.distance_mm)
        return self.study.model_copy(update={"geometry": geometry})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session that was recorded.

    Attributes:
        path: the sealed file.
        ending: how the session ended.
        report: how the recording went.
        viewer: what the simulated participant sent, None for a real one.
        slots: fixations and views as found while recording, None when that failed.
    """

    path: Path
    ending: Ending
    report: RecorderReport
    viewer: Ended | None
    slots: Slots | None


def new_file(folder: Path) -> Path:
    """Return the path of the session to record in a folder.

    Raises:
        SessionError: there is a session already.
    """
    path = folder / FILE_NAME
    if path.exists():
        raise SessionError(
            f"{path} exists already.",
            "A recording never overwrites another.",
            "Choose another folder with --out, or move the old recording away.",
        )
    return path


def participant_index(pseudonym: str) -> int:
    """Return which place in the counterbalancing a participant takes: P01 the first, P02 the second ...

    A pseudonym that does not end in a number takes a place drawn from its letters.
    """
    number = re.search(r"(\d+)$", pseudonym)
    if number:
        return max(int(number.group(1)) - 1, 0)
    return int(hashlib.sha256(pseudonym.encode()).hexdigest()[:8], 16)


def record(
    order: Order,
    rig: Rig,
    stage: Stage,
    clock: Clock,
    *,
    foresight: Foresight | None = None,
    watch: Callable[[Conductor], None] | None = None,
) -> Recorded:
    """Record one session; blocks until it is over and its file is sealed.

    Args:
        order: what to record.
        rig: the open source.
        stage: what the participant sees.
        clock: session clock.
        foresight: the twin, None for a session without one.
        watch: given the conductor before the session begins.

    Returns:
        How it went; look at ``ending.error``.

    Raises:
        StudyInvalid: the study cannot be run like this.
        SessionError: the file cannot be written.
    """
    script = _script(order, rig)
    order.path.parent.mkdir(parents=True, exist_ok=True)
    tap, live = GazeTap(), LiveSlots(order.screen)
    writer = _SealingWriter(order.path, _header(order, rig, clock))
    recorder = Recorder(rig.source, writer, tap, clock)
    info = rig.source.info
    journal = Journal(recorder, tap, live, info.nominal_hz, info)
    writer.last_words = journal.finished
    writer.published = _published(order)
    watched = stage if rig.viewer is None else WatchedStage(stage, rig.viewer)
    conductor = Conductor(script, journal, watched, clock, foresight)
    if rig.viewer is not None:
        rig.viewer.act_on(_acting(conductor))
    if watch is not None:
        watch(conductor)
    return _conducted(order, rig, recorder, journal, conductor)


def _published(order: Order) -> MarkerStream | None:
    """Return where markers go besides the file, None when nobody wants that or it is not possible here."""
    if not order.publish:
        return None
    try:
        return MarkerStream(order.path.parent.name)
    except SetupError as error:
        log.warning("markers are not published: %s", error)
        return None


def _conducted(
    order: Order, rig: Rig, recorder: Recorder, journal: Journal, conductor: Conductor
) -> Recorded:
    ending, viewer = Ending("aborted", "the program failed"), None
    recorder.start()
    try:
        ending = conductor.run()
        viewer = _left(rig, recorder)
    finally:
        report = recorder.stop(ending.outcome)
        conductor.conclude()
    return Recorded(order.path, ending, report, viewer, journal.final)


def _left(rig: Rig, recorder: Recorder) -> Ended | None:
    """Have the simulated participant leave; when it cannot any more, the session is no worse for it."""
    try:
        return rig.finish(lambda: recorder.status().samples)
    except GazeTwinError as error:
        log.warning("the simulated viewer did not end in order: %s", error)
        return None


def _acting(conductor: Conductor) -> Callable[[Said], None]:
    def act(said: Said) -> None:
        for item in of_viewer(said):
            conductor.post(item)

    return act


def _script(order: Order, rig: Rig) -> Script:
    study, simulated = order.study, rig.viewer is not None
    index = participant_index(order.participant.pseudonym)
    trials = _trials(order, index)
    if order.headless and trials and not simulated:
        raise StudyInvalid(
            f"Study {study.name} shows pages, but nobody can see them with --headless.",
            "Gaze would be recorded for pages that were never on a screen.",
            "Leave out --headless, use --source mock, or record the study free-gaze.",
        )
    return Script(
        study=order.shown,
        trials=trials,
        calibrate=bool(trials) and rig.source.info.kind == "lsl",
        reads_by_itself=order.headless or simulated,
        duration_s=order.duration_s,
        simulated=simulated,
        without_twin=order.without_twin,
        operated=order.operated,
        replayed=rig.source.info.replayed,
        seed=(abs(order.seed), index),
        facts=_facts(order, index),
    )


def _trials(order: Order, index: int) -> tuple[Trial, ...]:
    """Return the trials to be shown, counted from 0 in this recording whatever the whole session has."""
    every = order.study.trials(index, order.seed) if order.study.kind == "carousel" else ()
    shown = every if order.rest is None else [every[position] for position in order.rest.positions]
    return tuple(replace(trial, index=number) for number, trial in enumerate(shown))


def _facts(order: Order, index: int) -> dict[str, object]:
    """Return what the file says about its beginning; ``sessions.unfinished`` reads it again."""
    facts: dict[str, object] = {
        "seed": order.seed,
        "participant_index": index,
        "headless": order.headless,
    }
    if order.rest is not None:
        facts |= {"continues": order.rest.of, "positions": list(order.rest.positions)}
    return facts


def _header(order: Order, rig: Rig, clock: Clock) -> Header:
    return Header(
        study=order.study,
        participant=order.participant,
        screen=order.screen,
        source=rig.source.info,
        clock_pair=unix_pair(clock),
        software=f"{DISTRIBUTION} {version(DISTRIBUTION)}",
        consent=dict(order.consent),
    )


class _SealingWriter(SessionWriter):
    """Publishes markers, and writes what was found live as the last thing, when all gaze is in the file."""

    last_words: Callable[[], Slots | None]
    published: MarkerStream | None = None

    def marker(self, marker: Marker) -> None:
        if self.published is not None:
            self.published.push(marker)
        super().marker(marker)

    def close(self, reason: str) -> None:
        slots = self.last_words()
        if slots is not None:
            self.live_slots(slots)
        super().close(reason)
        if self.published is not None:
            self.published.close()
