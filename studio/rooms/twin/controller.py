"""What the room "Twin" does. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from protocols.errors import GazeTwinError
from protocols.mistakes import listed
from protocols.stimulus import Page, PixelArray
from sessions.reader import load_page
from studio.background import Later
from studio.observed import Observed
from studio.programs import Program
from studio.rooms.twin.choices import persona_path
from studio.rooms.twin.fold import FitView, Said
from studio.rooms.twin.log_file import comparison_of, log_of, unfinished_of
from studio.rooms.twin.offers import Offered, Offers, Twin, offers
from studio.rooms.twin.results import TwinResults, foretold, pages_to_look_at, read_results
from studio.rooms.twin.run import FitRun
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.thumbnails import scale_of, thumbnail
from tuning.config import Device, FitConfig, Precision
from tuning.events import Compare, Fit, Load, Simulate


class TwinController:
    """Finds sessions and twins, has twins fitted and judged, and chooses what is shown.

    Args:
        folders: where sessions and personas are; new personas are written into the last one.
        later: runs slow work.
        now_s: session clock.
        engine: returns the engine program, not started.
        no_engine: why the engine cannot work here, empty when it can.

    Attributes:
        state: choices and results.
        run: the engine at work; ``run.view`` is what the fit has come to.
    """

    def __init__(
        self,
        folders: tuple[Path, ...],
        later: Later,
        now_s: Callable[[], float],
        engine: Callable[[], Program],
        no_engine: str = "",
    ) -> None:
        self._folders, self._later = list(folders), later
        self._personas = folders[-1]
        self._pages: dict[str, Page] = {}
        self._closed = False
        self.state: Observed[TwinState] = Observed(TwinState(no_engine=no_engine))
        self.run = FitRun(engine, now_s, later, self._ended)

    def enter(self, about: Path | None) -> None:
        """Look for files, and show what a persona or a session is about; else the newest participant."""
        if about is not None and not any(about.is_relative_to(folder) for folder in self._folders):
            self._folders.insert(0, about.parent)
        self._put(searching=True, problem="")
        self._look(about)

    def hold(self, why: str) -> None:
        """Read nothing now, and say why."""
        self._put(searching=False, problem=why)

    def choose_participant(self, participant: str) -> None:
        """Turn to another participant."""
        if participant == self.state.value.participant:
            return
        sessions = self.state.value.offers.sessions_of(participant)
        usable = frozenset(s.path for s in sessions if not s.why_not)
        self._put(participant=participant, chosen=usable, shown=TwinResults(), picture=None, page=0)
        twins = self.state.value.twins
        self._show_latest(twins)

    def choose_session(self, path: Path, *, chosen: bool) -> None:
        """Fit on a session, or not."""
        now = self.state.value.chosen
        self._put(chosen=now | {path} if chosen else now - {path})

    def choose_backbone(self, backbone: str) -> None:
        """Fit another backbone: a name, or the folder of a model; nothing chosen changes nothing."""
        self._put(model=self.state.value.model.model_copy(update={"backbone": backbone} if backbone else {}))

    def choose_device(self, device: Device, precision: Precision) -> None:
        """Run a folder's model elsewhere, or with other numbers."""
        self._put(model=self.state.value.model.model_copy(update={"device": device, "precision": precision}))

    def configure(self, **settings: object) -> None:
        """Change settings of the fit; one that is out of range is refused in words."""
        try:
            config = FitConfig.model_validate({**self.state.value.config.model_dump(), **settings})
        except ValidationError as error:
            self._put(problem=f"That cannot be set: {listed(error)}")
            return
        self._put(config=config, problem="")

    @property
    def target(self) -> Path | None:
        """Where the persona of the present choice is or will be; None when nothing can be fitted."""
        state = self.state.value
        if state.why_no_fit:
            return None
        return persona_path(self._personas, state.fitted_on, state.model, state.config)

    @property
    def unfinished(self) -> bool:
        """Whether a fit of the present choice was interrupted and will go on."""
        return self.target is not None and unfinished_of(self.target).exists()

    def fit(self) -> None:
        """Fit the present choice, or go on where the same fit was interrupted; then look at every page."""
        out, state = self.target, self.state.value
        if out is None or self.run.view.value.running:
            return
        paths = tuple(str(s.path) for s in state.fitted_on)
        asked = Fit(sessions=paths, out=str(out), config=state.config, comparison=str(comparison_of(out)))
        self._work(out, asked, go_on=unfinished_of(out).exists())

    def start_anew(self) -> None:
        """Forget an interrupted fit of the present choice, and fit from the beginning."""
        out = self.target
        if out is not None and not self.run.view.value.running:
            unfinished_of(out).unlink(missing_ok=True)
            self.fit()

    def judge(self) -> None:
        """Have the shown twin judged: one that was fitted elsewhere came without its comparison."""
        shown = self.state.value.shown
        if shown.twin is None or shown.lost or self.state.value.no_engine or self.run.view.value.running:
            return
        known = {s.session_id: s.path for s in self.state.value.offers.sessions}
        paths = tuple(str(known[name]) for name in shown.twin.sessions)
        persona = shown.twin.path
        asked = Compare(persona=str(persona), sessions=paths, out=str(comparison_of(persona)))
        self._work(persona, asked, go_on=True)

    def cancel(self) -> None:
        """End the running work."""
        self.run.cancel()

    def show_twin(self, path: Path) -> None:
        """Show a twin."""
        found = next((t for t in self.state.value.twins if t.path == path), None)
        if found is not None:
            self._show(found)

    def show_page(self, number: int) -> None:
        """Show a page by its number; one that is out of range changes nothing."""
        state = self.state.value
        if not 0 <= number < len(state.shown.pages):
            return
        row = state.shown.pages[number]
        self._put(page=number, picture=self._pages.get(row.digest))
        if row.digest not in self._pages:
            job, digest = (lambda: load_page(row.session, row.digest)), row.digest
            self._later(job, lambda page: self._loaded(digest, page), self._failed)

    def close(self) -> None:
        """End the engine."""
        self._closed = True
        self.run.close()

    def _work(self, out: Path, asked: Fit | Compare, *, go_on: bool) -> None:
        model = self.state.value.model
        if isinstance(asked, Compare) and (shown := self.state.value.shown.twin) and shown.provenance:
            model = Load(backbone=shown.provenance.backbone)
        self._put(problem="")
        self.run.prepare()
        paths = [Path(session) for session in asked.sessions]

        def then(specs: tuple[object, ...]) -> None:
            requests: list[Said] = [model, asked]
            if specs:
                requests.append(Simulate.model_validate({"persona": str(out), "pages": specs}))
            self.run.start(requests, log_of(out), go_on=go_on)

        self._later(lambda: pages_to_look_at(paths), then, self._not_begun)

    def _not_begun(self, error: GazeTwinError) -> None:
        self.run.abandon()
        self._failed(error)

    def _ended(self, view: FitView) -> None:
        """Look again at what there is, and show the twin that was worked on when it is done."""
        about = None
        if view.phase == "done":
            about = Path(view.asked.out) if view.asked is not None else self._shown_path()
            self._put(reading=True)
        self._look(about)

    def _look(self, about: Path | None) -> None:
        before = self.state.value.offers
        job = lambda: offers(tuple(self._folders), before)  # noqa: E731
        self._later(job, lambda found: self._found(found, about), self._failed)

    def _shown_path(self) -> Path | None:
        shown = self.state.value.shown.twin
        return None if shown is None else shown.path

    def _found(self, found: Offers, about: Path | None) -> None:
        self._put(searching=False, offers=found)
        if self.state.value.participant not in found.participants:
            self._forget()
        target = None if about is None else about.resolve()
        session = next((s for s in found.sessions if s.path == target), None)
        mine = next((t for t in found.twins if t.path == target), None)
        if mine is not None:
            self._turn_to(mine.participant)
            self._show(mine)
        elif session is not None and self._shows(session):
            self._keep()
        elif session is not None:
            self._turn_to(session.participant)
            latest = [t for t in self.state.value.twins if session.session_id in t.sessions]
            self._show_latest(tuple(latest))
        elif not self.state.value.participant and found.participants:
            self.choose_participant(found.participants[0])
        else:
            self._keep()

    def _forget(self) -> None:
        """Drop everything about a participant of whom nothing is there any more."""
        self._pages.clear()
        self.run.show(FitView())
        nobody = {"participant": "", "chosen": frozenset(), "shown": TwinResults()}
        self._put(**nobody, picture=None, page=0, small={})

    def _shows(self, session: Offered) -> bool:
        """Whether what is shown is about a session already: the page that was looked at stays."""
        shown = self.state.value.shown.twin
        return shown is not None and session.session_id in shown.sessions

    def _turn_to(self, participant: str) -> None:
        if participant != self.state.value.participant:
            sessions = self.state.value.offers.sessions_of(participant)
            usable = frozenset(s.path for s in sessions if not s.why_not)
            self._put(participant=participant, chosen=usable, shown=TwinResults(), picture=None, page=0)

    def _keep(self) -> None:
        """Stay with the participant; sessions that are new are chosen with the others."""
        here = {s.path for s in self.state.value.sessions if not s.why_not}
        self._put(chosen=(self.state.value.chosen & here) or frozenset(here))

    def _show_latest(self, twins: tuple[Twin, ...]) -> None:
        finished = [t for t in twins if t.provenance is not None]
        if finished:
            self._show(finished[0])
            return
        sessions = self.state.value.sessions
        job = lambda: TwinResults(foretold=foretold([s for s in sessions if not s.why_not]))  # noqa: E731
        self._put(reading=True)
        self._later(job, self._read, self._failed)

    def _show(self, chosen: Twin) -> None:
        sessions = self.state.value.offers.sessions
        self._put(reading=True)
        self._later(lambda: read_results(chosen, sessions), self._read, self._failed)

    def _read(self, results: TwinResults) -> None:
        if results.fit.phase != "idle":
            self.run.show(results.fit)
        scale = scale_of(results.pages)
        self._put(reading=False, shown=results, page=0, picture=None, small={}, small_scale=scale)
        self.show_page(_first_evidence(results))
        if results.pages:
            self._draw_small(results, 0)

    def _draw_small(self, results: TwinResults, number: int) -> None:
        """Draw one page after the other, as long as this twin is shown."""
        row = results.pages[number]

        def then(pixels: PixelArray) -> None:
            if self.state.value.shown is results and not self._closed:
                self._put(small={**self.state.value.small, number: pixels})
                if number + 1 < len(results.pages):
                    self._draw_small(results, number + 1)

        scale = self.state.value.small_scale
        self._later(lambda: thumbnail(load_page(row.session, row.digest), row, scale), then, self._failed)

    def _loaded(self, digest: str, page: Page) -> None:
        if len(self._pages) >= 8:  # an image of some MB each
            self._pages.pop(next(iter(self._pages)))
        self._pages[digest] = page
        row = self.state.value.row
        if row is not None and row.digest == digest:
            self._put(picture=page)

    def _failed(self, error: GazeTwinError) -> None:
        self._put(searching=False, reading=False, problem=f"{error.what} {error.why} {error.fix}")

    def _put(self, **changes: object) -> None:
        self.state.put(replace(self.state.value, **changes))  # type: ignore[arg-type]  # names are TwinState's


def _first_evidence(results: TwinResults) -> int:
    """Return the number of the first page that nothing was fitted on."""
    return next((i for i, row in enumerate(results.pages) if row.split == "test"), 0)
