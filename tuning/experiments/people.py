"""Who takes part: where a participant's page views come from, as far as it decides a result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from protocols.errors import NotEnoughExamples, SessionMissing
from sessions.reader import Recording
from tuning.examples import Split
from tuning.experiments.studyfile import RecordedCohort, StudyFile, SyntheticCohort
from tuning.experiments.synthetic import Acted, ScreenPlan, synthetic_views
from tuning.predictions import Prediction
from tuning.recordings import Material, read_material
from tuning.splits import split_screens


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SyntheticPerson(_Edge):
    """An invented participant; see `tuning.experiments.synthetic`."""

    kind: Literal["synthetic"] = "synthetic"
    pseudonym: str
    number: int
    stable: bool
    plan: ScreenPlan

    def material(self) -> Material:
        """Return everything they looked at."""
        seen = [view.example for view in self.views()]
        splits = {e.page.screen_id: e.split for e in seen}
        return Material(self.pseudonym, seen[0].preferred, seen, splits, ())

    def views(self) -> list[Acted]:
        """Draw what they looked at, and why."""
        return synthetic_views(self.plan, self.number, self.pseudonym, stable=self.stable)

    def truth(self) -> dict[int, Prediction]:
        """Return what a perfect model would predict, per trial."""
        return {
            view.example.trial: Prediction(
                view.policy.attention(view.example.page), view.policy.clicks(view.example.page)
            )
            for view in self.views()
        }


class RecordedPerson(_Edge):
    """A participant with sealed sessions.

    Attributes:
        pseudonym: of all their sessions.
        paths: where the sessions are; they decide nothing, so they are no part of a cell's digest.
        sha256: of each session file.
        splits: split of each screen they saw.
    """

    kind: Literal["recorded"] = "recorded"
    pseudonym: str
    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    splits: dict[str, Split]

    def material(self) -> Material:
        """Read the sessions.

        Raises:
            SessionError: a recording cannot be read.
            NotEnoughExamples: a file is not what it was when the study was planned.
        """
        if self.sha256 != tuple(_sha256(Path(p)) for p in self.paths):
            raise NotEnoughExamples(
                f"A session of {self.pseudonym} has changed since the study began.",
                "Its results would be filed under the old contents.",
                "Run the study again; only what depends on this session is computed anew.",
            )
        return read_material([Path(p) for p in self.paths], lambda _: self.splits)


Person = Annotated[SyntheticPerson | RecordedPerson, Field(discriminator="kind")]


def people_of(study: StudyFile, folder: Path) -> tuple[Person, ...]:
    """Return the participants of a study.

    Args:
        study: the study.
        folder: what paths of sessions are relative to.

    Raises:
        SessionError: a session is missing or cannot be read.
        NotEnoughExamples: too few screens to hold any out.
    """
    if isinstance(study.cohort, SyntheticCohort):
        return tuple(_invented(study.cohort))
    return tuple(_recorded(study.cohort, folder))


def _invented(cohort: SyntheticCohort) -> Iterable[SyntheticPerson]:
    stable = cohort.participants - cohort.patternless
    for number in range(cohort.participants):
        # Numbered from the other end, so that a longer list of one kind changes nobody of the other.
        own = number if number < stable else 1_000_000 + number - stable
        name = f"P{number + 1:02d}" if number < stable else f"X{number - stable + 1:02d}"
        yield SyntheticPerson(pseudonym=name, number=own, stable=number < stable, plan=cohort.screens)


def _recorded(cohort: RecordedCohort, folder: Path) -> Iterable[RecordedPerson]:
    paths = [path for named in cohort.sessions for path in _files(folder / named)]
    shown: dict[Path, set[str]] = {}
    owners: dict[str, list[Path]] = {}
    for path in dict.fromkeys(paths):
        with Recording.open(path) as recording:
            shown[path] = {view.screen.id for view in recording.views()}
            owners.setdefault(recording.participant.pseudonym, []).append(path)
    everything = [screen for screens in shown.values() for screen in screens]
    splits = split_screens(everything, cohort.seed, test_share=cohort.test_share, val_share=cohort.val_share)
    for pseudonym, own in sorted(owners.items()):
        screens = sorted(set().union(*(shown[path] for path in own)))
        yield RecordedPerson(
            pseudonym=pseudonym,
            paths=tuple(str(path.resolve()) for path in own),
            sha256=tuple(_sha256(path) for path in own),
            splits={screen: splits[screen] for screen in screens},
        )


def _files(named: Path) -> Sequence[Path]:
    if named.is_dir():
        inside = sorted(named.rglob("*.h5"))
        if inside:
            return inside
    elif named.is_file():
        return [named]
    raise SessionMissing(
        f"There is no session at {named}.",
        "The study would silently be about fewer participants.",
        "Name session files (.h5) or folders of them, relative to the study file.",
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_paths(person: Mapping[str, object]) -> dict[str, object]:
    """Return a dumped person without what decides no result."""
    return {key: value for key, value in person.items() if key != "paths"}
