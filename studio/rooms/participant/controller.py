"""What can be done in the participant room. Qt-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from protocols.consent import Consent
from protocols.errors import GazeTwinError
from protocols.study import StudyProtocol, load_study
from studio.background import Later
from studio.erasing import Erasure, Job, forgotten, look, remove
from studio.house import House
from studio.observed import Observed
from studio.rooms.participant.state import Form, next_pseudonym
from studio.rooms.start.state import StudyLine
from studio.rooms.start.studies import known_studies
from studio.session_jobs import session_job
from studio.state import Notice


class ParticipantController:
    """Fills in the form of one participant and hands it to the visit.

    Args:
        house: what the rooms share.
        later: runs slow work; the house's by default.
        job: runs one job on recordings.
        unix_s: tells the time, in s since 1970.
    """

    def __init__(
        self,
        house: House,
        later: Later | None = None,
        job: Job = session_job,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        self.state = Observed(Form())
        self._house, self._later, self._job, self._unix_s = house, later or house.background, job, unix_s

    def enter(self) -> None:
        """Begin a new form when a new visit has begun; else go on with the one there is."""
        visit, form = self._house.visit.value, self.state.value
        over = form.handed_on and visit.participant is None
        if visit.study is not form.study or over or not form.studies:
            self._begin(visit.study)

    def choose_study(self, key: str) -> None:
        """Load another study; what was answered before is dropped."""
        if key == self.state.value.key or not key:
            return
        self._put(doing="Reading the study", problem="", key=key)

        def then(study: StudyProtocol) -> None:
            settings = self._house.settings
            settings.put(settings.value.model_copy(update={"last_study": key}))
            self._house.visit.put(self._house.visit.value.begun_with(study))
            self._begin(study)

        self._later(lambda: load_study(key), then, self._fail)

    def type_pseudonym(self, text: str) -> None:
        """Take the pseudonym as it is being typed."""
        self._put(pseudonym=text.strip(), problem="")

    def rate(self, genre: str, stars: int) -> None:
        """Take stars from 1 to 5 for a genre, or 0 for no answer."""
        ratings = {g: s for g, s in self.state.value.ratings.items() if g != genre}
        self._put(ratings={**ratings, genre: stars} if stars else ratings)

    def prefer(self, genre: str) -> None:
        """Take the favourite genre, empty for no answer."""
        self._put(top_genre=genre)

    def answer(self, key: str, text: str) -> None:
        """Take an answer as it is being typed, empty for none."""
        self._put(answers={**self.state.value.answers, key: text}, checked=False, problem="")

    def check(self, done: bool) -> None:
        """Take that somebody looked at what was warned about."""
        self._put(checked=done, problem="")

    def agree(self, agreed: bool) -> None:
        """Take whether the participant agrees to take part."""
        self._put(agreed=agreed, problem="")

    def agree_to(self, scope: str, agreed: bool) -> None:
        """Take whether the participant agrees to something beside being recorded."""
        others = tuple(s for s in self.state.value.scopes if s != scope)
        self._put(scopes=(*others, scope) if agreed else others)

    def go_on(self) -> None:
        """Hand everything to the visit and go to the devices, when nothing is missing."""
        form = self.state.value
        if form.study is None or (why := form.cannot_go_on()):
            self._put(problem=why if form.study else "Choose a study.")
            return
        asked = form.study.consent
        given = Consent.to(asked, form.scopes, self._unix_s()).model_dump(mode="json") if asked.text else {}
        visit = replace(
            self._house.visit.value,
            participant=form.participant(),
            consent=given,
            rest=None,
            recorded=None,
            done=frozenset(),
        )
        self._put(problem="", handed_on=True)
        self._house.visit.put(visit)
        self._house.go("devices", None)

    def look_for(self, ask: Callable[[Erasure], None]) -> None:
        """Find everything about the participant whose pseudonym is typed, then ask."""
        participant, data = self.state.value.pseudonym, self._data
        self._put(doing=f"Looking for everything about {participant}", problem="")

        def then(found: Erasure) -> None:
            self._put(doing="")
            ask(found)

        self._later(lambda: look(self._job, data, participant), then, self._fail)

    def erase(self, participant: str) -> None:
        """Remove everything about a participant who withdraws."""
        data = self._data
        self._put(doing=f"Erasing {participant}")

        def then(words: str) -> None:
            self._put(doing="", taken=self.state.value.taken - {participant})
            self._house.visit.put(forgotten(self._house.visit.value, participant))
            self._house.notice.put(Notice(words, "quiet"))

        self._later(lambda: remove(self._job, data, participant), then, self._fail)

    @property
    def _data(self) -> Path:
        return self._house.settings.value.data_folder

    def _begin(self, study: StudyProtocol | None) -> None:
        data = self._data
        before = self.state.value
        doing = "Looking for pseudonyms in use"
        self.state.put(Form(study=study, studies=before.studies, begun=before.begun + 1, doing=doing))

        def read() -> tuple[tuple[StudyLine, ...], Mapping[str, Any]]:
            return known_studies(data), self._job("list", data)

        self._later(read, lambda told: self._take(study, *told), self._fail)

    def _take(
        self, study: StudyProtocol | None, studies: tuple[StudyLine, ...], told: Mapping[str, Any]
    ) -> None:
        if self.state.value.study is not study:  # another one was chosen meanwhile
            return
        people = [(one["participant"], one["study"]) for one in told["sessions"] if one["participant"]]
        taken = frozenset(participant for participant, _ in people)
        mine = {participant for participant, name in people if study is not None and name == study.name}
        typed = self.state.value.pseudonym
        key = next((s.key for s in studies if study is not None and s.name == study.name), "")
        free = next_pseudonym(mine, taken)
        self._put(studies=studies, key=key, taken=taken, pseudonym=typed or free, doing="")

    def _fail(self, error: GazeTwinError) -> None:
        self._put(doing="", problem=str(error))

    def _put(self, **changes: Any) -> None:
        self.state.put(replace(self.state.value, **changes))
