"""What can be done in the start room. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from protocols.consent import EXPORT, TWIN
from protocols.errors import GazeTwinError
from protocols.study import StudyProtocol, load_study
from protocols.words import counted
from studio.background import Later
from studio.erasing import Erasure, Job, forgotten, look, remove
from studio.house import House
from studio.observed import Observed
from studio.rooms.start.demo_run import DemoRun
from studio.rooms.start.resuming import continued
from studio.rooms.start.state import SessionLine, StartState, StudyLine
from studio.rooms.start.studies import known_studies
from studio.session_jobs import session_job
from studio.state import Notice
from studio.visit import Visit

Format = Literal["csv", "bids", "xdf"]
AboutSession = Literal["replay", "twin", "report"]


class StartController:
    """Lists studies and sessions, and begins what is done with them.

    Args:
        house: what the rooms share.
        later: runs slow work; the house's by default.
        job: runs one job on recordings.
        demo: makes the demonstration for a folder.

    Attributes:
        state: what the room shows.
    """

    def __init__(
        self,
        house: House,
        later: Later | None = None,
        job: Job = session_job,
        demo: Callable[[Path], DemoRun] = DemoRun,
    ) -> None:
        self.state = Observed(StartState())
        self._house, self._later, self._job, self._make_demo = house, later or house.background, job, demo
        self._demo: DemoRun | None = None

    @property
    def _data(self) -> Path:
        return self._house.settings.value.data_folder

    def refresh(self) -> None:
        """Read studies and sessions anew."""
        data = self._data
        self._put(loading=True)

        def read() -> tuple[tuple[StudyLine, ...], Mapping[str, Any]]:
            return known_studies(data), self._job("list", data)

        self._later(read, lambda told: self._take(*told), self._fail)

    def refresh_studies(self) -> None:
        """Read only the studies anew: a file may have been put there by another program."""
        data = self._data
        self._later(lambda: known_studies(data), self._take_studies, self._fail)

    def search(self, query: str) -> None:
        """Show only sessions with all these words."""
        self._put(query=query)

    def select(self, path: Path | None) -> None:
        """Choose a session."""
        self._put(selected=path)

    def choose_study(self, key: str) -> None:
        """Choose a study."""
        self._put(study=key)

    def cannot_begin(self) -> str:
        """Return why no session can be begun now; empty when one can."""
        if why := self._recording():
            return why
        chosen = next((s for s in self.state.value.studies if s.key == self.state.value.study), None)
        if chosen is None:
            return "Choose a study first."
        return chosen.problem

    def new_session(self) -> None:
        """Begin a visit with the chosen study and go to the participant."""
        if why := self.cannot_begin():
            self._put(problem=why)
            return
        key = self.state.value.study
        self._put(doing="Reading the study", problem="")
        self._later(lambda: load_study(key), lambda study: self._begin(key, study), self._fail)

    def resume(self) -> None:
        """Begin a visit for what is left of the chosen session, with the same participant."""
        line = self.state.value.line
        if line is None or (why := self._recording()):
            self._put(problem=why if line else "Choose a session first.")
            return
        self._put(doing="Looking for what is left", problem="")
        self._later(lambda: continued(self._job("rest", line.path)), self._continue, self._fail)

    def open(self, room: AboutSession) -> None:
        """Go to another room about the chosen session."""
        if (line := self.state.value.line) is not None and line.readable:
            self._house.go(room, line.path)

    def no_twin(self) -> str:
        """Return why no twin may be fitted to the chosen session; empty when one may."""
        line = self.state.value.line
        if line is None or line.agreed is None or TWIN in line.agreed:
            return ""
        return f"{line.participant} did not agree to a twin."

    def check(self) -> None:
        """Judge the chosen session; the judgement is kept in its file."""
        self._work("Checking the quality", "check", "--keep")

    def recover(self) -> None:
        """Make the chosen session readable."""
        self._work("Recovering", "recover")

    def export_doubt(self) -> str:
        """Return why the chosen session had better not be exported; empty when nothing speaks against it."""
        line = self.state.value.line
        if line is None or line.agreed is None or EXPORT in line.agreed:
            return ""
        return f"{line.participant} did not agree that the recording is handed over."

    def export_folder(self, form: Format) -> Path:
        """Return the folder that is offered for an export: one a day for each format."""
        return self._data / "exports" / f"{form}-{datetime.now().astimezone():%Y-%m-%d}"

    def export(self, form: Format, folder: Path) -> None:
        """Export the chosen session into a folder."""
        self._work("Exporting", "export", "--to", form, "--out", str(folder))

    def look_for(self, participant: str, ask: Callable[[Erasure], None]) -> None:
        """Find everything about a participant, then ask."""
        self._put(doing=f"Looking for everything about {participant}", problem="")
        data = self._data

        def then(found: Erasure) -> None:
            self._put(doing="")
            ask(found)

        self._later(lambda: look(self._job, data, participant), then, self._fail)

    def erase(self, participant: str) -> None:
        """Remove everything about a participant."""
        self._put(doing=f"Erasing {participant}", problem="")
        data = self._data

        def then(words: str) -> None:
            self._house.visit.put(forgotten(self._house.visit.value, participant))
            self._done(words)

        self._later(lambda: remove(self._job, data, participant), then, self._fail)

    def cannot_try(self) -> str:
        """Return why the demonstration cannot be run now; empty when it can."""
        return self._recording()

    def start_demo(self) -> None:
        """Run the demonstration into the data folder."""
        if why := self.cannot_try():
            self._put(problem=why)
        elif self._demo is None:
            self._demo = self._make_demo(self._house.sessions_folder / "demo")
            self._demo.start()
            self._put(demo=self._demo.line, problem="")

    def cancel_demo(self) -> None:
        """End the demonstration; what it has recorded is kept."""
        if (demo := self._demo) is not None:
            self._demo = None
            self._put(demo=None, doing="Ending the demonstration")
            self._later(demo.cancel, lambda _: self._done("The demonstration was ended."), self._fail)

    def tick(self) -> None:
        """Look how far the demonstration is."""
        demo = self._demo
        if demo is None:
            return
        if demo.status is None:
            self._put(demo=demo.line)
            return
        demo.close()
        self._demo = None
        failed = "" if demo.status == 0 else f"The demonstration stopped: {demo.words()}"
        self._put(demo=None, problem=failed)
        self.refresh()

    def close(self) -> None:
        """End what runs."""
        if self._demo is not None:
            self._demo.cancel()
            self._demo = None

    def _work(self, words: str, job: str, *options: str) -> None:
        line = self.state.value.line
        if line is None or self.state.value.doing:
            return
        self._put(doing=f"{words}: {line.path.name}", problem="")

        def then(told: Mapping[str, Any]) -> None:
            self._done(_told(job, line, told))

        self._later(lambda: self._job(job, line.path, *options), then, self._fail)

    def _take(self, studies: tuple[StudyLine, ...], told: Mapping[str, Any]) -> None:
        sessions = tuple(SessionLine.of(one) for one in told["sessions"])
        self._take_studies(studies)
        self._put(sessions=sessions, loading=False)

    def _take_studies(self, studies: tuple[StudyLine, ...]) -> None:
        last = self.state.value.study or self._house.settings.value.last_study
        keys = [study.key for study in studies]
        self._put(studies=studies, study=last if last in keys else keys[0] if keys else "")

    def _begin(self, key: str, study: StudyProtocol) -> None:
        settings = self._house.settings
        self._put(doing="")
        settings.put(settings.value.model_copy(update={"last_study": key}))
        self._house.visit.put(self._house.visit.value.begun_with(study))
        self._house.go("participant", None)

    def _continue(self, rest: Visit) -> None:
        before, left = self._house.visit.value, rest.rest
        assert left is not None
        assert rest.participant is not None
        self._put(doing="")
        self._house.visit.put(replace(rest, source=before.source))
        words = f"{rest.participant.pseudonym} goes on: {counted(len(left.positions), 'trial')} left."
        self._house.go("devices", None)
        self._house.notice.put(Notice(words, "quiet"))

    def _recording(self) -> str:
        performance = self._house.performance.value
        running = performance is not None and performance.running
        return "A session is being recorded; end it first." if running else ""

    def _done(self, words: str) -> None:
        self._put(doing="")
        self._house.notice.put(Notice(words, "quiet"))
        self.refresh()

    def _fail(self, error: GazeTwinError) -> None:
        self._put(doing="", loading=False, problem=str(error))

    def _put(self, **changes: Any) -> None:
        self.state.put(replace(self.state.value, **changes))


def _told(job: str, line: SessionLine, told: Mapping[str, Any]) -> str:
    name = line.path.name
    if job == "check":
        words = {"good": "good", "warning": "fair; see what to do in the report", "bad": "poor"}
        return f"The quality of {name} is {words[told['verdict']]}."
    if job == "recover":
        return f"{name} is readable again: {told['kept']['gaze']} gaze samples."
    return " ".join((f"{name} was exported to {told['target']}.", *told["notes"]))
