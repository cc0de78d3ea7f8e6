"""From session files to examples of one participant."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocols.errors import NotEnoughExamples
from sessions.reader import Recording
from tuning.examples import Drawn, Example, Split, examples_of
from tuning.provenance import ConsentReference, SessionReference

Splitter = Callable[[Sequence[str]], Mapping[str, Split]]


@dataclass(frozen=True, eq=False)
class Material:
    """Everything tuning needs of some sessions.

    Attributes:
        participant: pseudonym.
        preferred: preferred genres, top genre first.
        examples: in order of sessions, then of time.
        splits: split of each screen that was shown.
        sessions: which recordings these are.
        ratings: stars from 1 to 5 per genre from the questionnaire.
    """

    participant: str
    preferred: tuple[str, ...]
    examples: list[Example]
    splits: dict[str, Split]
    sessions: tuple[SessionReference, ...]
    ratings: Mapping[str, int] = field(default_factory=dict)


def read_material(paths: Sequence[Path], splitter: Splitter, drawn: Drawn | None = None) -> Material:
    """Read sessions of one participant.

    Args:
        paths: sealed recordings.
        splitter: assigns the screens shown to splits.
        drawn: pages that others saw, see `tuning.examples.examples_of`.

    Raises:
        NotEnoughExamples: several participants, a session named twice, or too few screens to split.
        SessionError: a recording cannot be read.
    """
    screens = [s for path in paths for s in _screens(path)]
    splits = dict(splitter(screens))
    examples, references, ratings = [], [], dict[str, int]()
    for path in paths:
        with Recording.open(path) as recording:
            examples += examples_of(recording, splits, drawn=drawn)
            references.append(_reference(recording))
            ratings |= recording.participant.ratings
    _refuse_repeats([reference.session for reference in references])
    participants = sorted({e.participant for e in examples})
    if len(participants) != 1:
        raise NotEnoughExamples(
            f"The sessions hold page views of {len(participants)} participants: {participants}.",
            "A persona belongs to exactly one participant who looked at pages.",
            "Name only the sessions of one participant, of a study that shows carousel pages.",
        )
    return Material(participants[0], examples[0].preferred, examples, splits, tuple(references), ratings)


def _refuse_repeats(sessions: Sequence[str]) -> None:
    repeated = sorted({session for session in sessions if sessions.count(session) > 1})
    if repeated:
        raise NotEnoughExamples(
            f"The same session is named more than once: {', '.join(repeated)}.",
            "Every page view would count twice, and held-out numbers look better founded than they are.",
            "Name each recording once; copies of a file are the same session.",
        )


def held_out(fitted: Mapping[str, Split]) -> Splitter:
    """Return a splitter for judging: screens a persona knows keep their split, others are test screens."""
    return lambda screens: {screen: fitted.get(screen, "test") for screen in screens}


def _screens(path: Path) -> list[str]:
    with Recording.open(path) as recording:
        return [view.screen.id for view in recording.views()]


def _reference(recording: Recording) -> SessionReference:
    return SessionReference(
        session=recording.session_id,
        sha256=hashlib.sha256(recording.path.read_bytes()).hexdigest(),
        study=recording.study_name,
        study_digest=recording.study_digest,
        consent=ConsentReference.of(recording.consent),
    )
