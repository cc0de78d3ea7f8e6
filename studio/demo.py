"""The whole loop on a simulated participant: a session, its slots, a twin, and an honest comparison.

What the simulated participant really did is used for scoring only: neither the session nor the engine knows.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from acquisition.clock import SteadyClock
from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.settings import ViewerSettings
from protocols.errors import SessionError
from protocols.participant import Participant
from protocols.study import StudyProtocol, load_study
from protocols.wire import Progress, decode
from sessions.agreement import fixation_differences, view_differences
from sessions.derive import derive
from sessions.reader import Recording
from sessions.slots import Slots
from studio.cli.output import jsonable
from studio.conductor import Conductor
from studio.engine import load, running, work
from studio.foresight import Foresight
from studio.programs import Program
from studio.recording import FILE_NAME, Order, Recorded, record
from studio.report import Results, write_report
from studio.sources import Rig, SourceChoice, opened
from studio.stage import Stage
from studio.state import Score
from studio.truth import TruthScore, score
from tuning.config import FitConfig
from tuning.events import Comparison, Fit, Load, Step

log = logging.getLogger(__name__)

STUDY = "demo"
PARTICIPANT = "SIM01"
FIXATIONS = (13, 16)
"""Fixations per page of the simulated participant: about five seconds."""

PERSONA, REPORT, RESULTS = "persona.safetensors", "report.html", "results.json"

Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """What to demonstrate.

    Attributes:
        folder: where everything is written; earlier results there are moved aside.
        seed: draws the simulated participant, the order of pages and the split of screens.
        study: name or file.
    """

    folder: Path
    seed: int = 7
    study: str = STUDY


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came out.

    Attributes:
        recorded: the session.
        truth: found against true fixations.
        comparison: the twin beside every baseline on held-out screens.
        running: scores of the predictions made before each page.
        twin_failure: why the twin stopped predicting during the session, empty when it did not.
        differences: where slots found live differ from those derived from the file; none if all is well.
        seconds: how long each part took.
    """

    recorded: Recorded
    truth: TruthScore
    comparison: Comparison
    running: tuple[Score, ...]
    twin_failure: str
    differences: tuple[str, ...]
    seconds: dict[str, float]

    @property
    def samples(self) -> dict[str, int]:
        """Gaze samples that the viewer sent, that are in the file, and that are not."""
        sent, recorded = (
            self.recorded.viewer.sent if self.recorded.viewer else 0,
            self.recorded.report.samples,
        )
        return {"sent": sent, "recorded": recorded, "lost": sent - recorded}

    def summary(self) -> dict[str, object]:
        """Return the numbers that ``gazetwin demo --json`` prints."""
        return {
            "samples": self.samples,
            "fixations": {"precision": self.truth.precision, "recall": self.truth.recall},
            "slots": {"accuracy": self.truth.slot_accuracy},
            "heldout": self.comparison.heldout,
            "seconds": self.seconds,
            "skipped": self.comparison.skipped,
            "missing": self.comparison.missing,
            "counts": self.comparison.counts,
            "words": self.comparison.verdicts,
            "live_equals_file": not self.differences,
            "predicted_pages": len(self.running),
            "twin_failure": self.twin_failure,
        }

    def reported(self) -> Results:
        """Return what the report shows."""
        return Results.of_comparison(
            self.comparison,
            running=[jsonable(s) for s in self.running],
            simulated=True,
            samples=self.samples,
            fixations={"precision": self.truth.precision, "recall": self.truth.recall},
            slots={"accuracy": self.truth.slot_accuracy},
            seconds=self.seconds,
        )


class Demonstration:
    """Runs the whole loop once.

    Args:
        order: what to demonstrate.
        tell: told about progress.
        engine: starts the engine program for as long as its context lasts.
    """

    def __init__(
        self,
        order: DemoOrder,
        tell: Tell,
        engine: Callable[[], AbstractContextManager[Program]] = running,
    ) -> None:
        self._order, self._tell, self._engine = order, tell, engine
        self._study = load_study(order.study)
        self._seconds: dict[str, float] = {}
        self._conductor: Conductor | None = None

    @property
    def study(self) -> StudyProtocol:
        """The study that is run."""
        return self._study

    def run(self, stage: Stage, watch: Callable[[Conductor], None]) -> DemoResult:
        """Run it; blocks for minutes. Call it inside ``studio.sources.own_network``.

        Args:
            stage: shows the pages.
            watch: given the conductor before the session begins.

        Raises:
            GazeTwinError: a part failed; what was recorded is kept.
        """
        _make_room(self._order.folder)
        started = time.perf_counter()
        with ExitStack() as stack:
            secret = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gazetwin-demo-")))
            program = stack.enter_context(self._engine())
            with self._timed("session", "Recording a session with a simulated participant"):
                recorded, foresight = self._session(program, secret / "truth.npz", stage, watch)
            with self._timed("slots", "Finding fixations and slots"):
                slots = derive(recorded.path)
                truth = score(recorded.path, slots, secret / "truth.npz")
            with self._timed("fit", "Fitting the twin"):
                comparison = self._fitted(program, foresight, secret / "comparison.json")
        self._seconds["total"] = round(time.perf_counter() - started, 2)
        result = DemoResult(
            recorded=recorded,
            truth=truth,
            comparison=comparison,
            running=self._scores(),
            twin_failure=foresight.failure,
            differences=_differences(recorded.slots, slots),
            seconds=self._seconds,
        )
        with self._timed("report", "Writing the report"):
            self._write(result)
        if self._conductor is not None:
            self._conductor.announce("finished", f"Everything is in {self._order.folder}.")
        return result

    @contextmanager
    def _timed(self, name: str, words: str) -> Iterator[None]:
        self._tell(Progress(done=0, message=words))
        if self._conductor is not None:
            self._conductor.announce("fitting", f"{words} …")
        started = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - started, 2)
        log.info("%s: %.1f s", words, self._seconds[name])

    def _session(
        self,
        program: Program,
        truth: Path,
        stage: Stage,
        watch: Callable[[Conductor], None],
    ) -> tuple[Recorded, Foresight]:
        seed, screen = self._order.seed, self._study.screen
        settings = ViewerSettings(seed=seed, screen=ScreenSettings.of(screen), fixations=FIXATIONS)
        clock = SteadyClock()
        foresight = Foresight(program, clock.now_s)

        def watched(conductor: Conductor) -> None:
            self._conductor = conductor
            watch(conductor)

        with opened(SourceChoice("mock"), screen, clock, settings=settings, truth=truth) as rig:
            order = self._recording(rig)
            foresight.begin(order.participant.pseudonym, order.participant.preferred, self._config())
            recorded = record(order, rig, stage, clock, foresight=foresight, watch=watched)
        if recorded.ending.outcome != "complete":
            raise recorded.ending.error or SessionError(
                f"The session was ended early: {recorded.ending.why}.",
                "A twin is fitted to a whole session.",
                f"Run the demonstration again; what was recorded is kept in {recorded.path}.",
            )
        return recorded, foresight

    def _recording(self, rig: Rig) -> Order:
        participant = Participant(
            pseudonym=PARTICIPANT, top_genre=rig.preferred[0], preferred_genres=rig.preferred
        )
        path = self._order.folder / FILE_NAME
        return Order(study=self._study, participant=participant, path=path, seed=self._order.seed)

    def _config(self) -> FitConfig:
        return FitConfig(seed=self._order.seed)

    def _fitted(self, program: Program, foresight: Foresight, out: Path) -> Comparison:
        request = Fit(
            sessions=(str(self._order.folder / FILE_NAME),),
            out=str(self._order.folder / PERSONA),
            config=self._config(),
            comparison=str(out),
        )
        if foresight.concluded():
            self._work(program, request)
        else:
            with self._engine() as fresh:
                load(fresh, Load())
                self._work(fresh, request)
        return decode(out.read_text(encoding="utf-8"), Comparison)

    def _work(self, program: Program, request: Fit) -> None:
        for event in work(program, request):
            if isinstance(event, Step):
                self._tell(
                    Progress(done=event.step, total=event.total, unit="steps", message="Fitting the twin")
                )

    def _scores(self) -> tuple[Score, ...]:
        return self._conductor.live_state().scores if self._conductor else ()

    def _write(self, result: DemoResult) -> None:
        told = result.reported()
        with Recording.open(result.recorded.path) as recording:
            write_report(self._order.folder / REPORT, told, recording)
        everything = {**result.summary(), "running": result.running, "comparison": result.comparison}
        text = json.dumps(jsonable(everything), ensure_ascii=False, allow_nan=False, indent=1)
        (self._order.folder / RESULTS).write_text(text + "\n", encoding="utf-8")


def _differences(live: Slots | None, derived: Slots) -> tuple[str, ...]:
    if live is None:
        return ("the live pipeline failed",)
    return (
        *fixation_differences(live.fixations, derived.fixations),
        *view_differences(live.views, derived.views),
    )


def _make_room(folder: Path) -> None:
    """Move the results of an earlier demonstration aside, so that nothing is ever overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (FILE_NAME, PERSONA, REPORT, RESULTS)
    old = [folder / name for name in names if (folder / name).exists()]
    if old:
        number = 1 + sum(path.is_dir() for path in folder.glob("earlier-*"))
        aside = folder / f"earlier-{number}"
        aside.mkdir()
        for path in old:
            path.rename(aside / path.name)
