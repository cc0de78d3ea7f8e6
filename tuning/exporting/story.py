"""A persona in sentences, for programs whose simulated users are a text put to a language model.

Every sentence says what was counted, and how often; nobody's age, sex, character or occupation is known, so
none is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from protocols.errors import ExportError
from protocols.slots import IntArray
from tuning.examples import Signal
from tuning.exporting.contract import Field, Subject
from tuning.exporting.plain import plain
from tuning.tables_of_use import PLACE, Counts, TablesOfUse

Topic = Literal["taste", "looking", "clicking", "source"]
LIKED_STARS, DISLIKED_STARS = 4, 2
_VERB: dict[Signal, str] = {"fixation": "looked at", "cursor": "rested the mouse cursor on"}
_SOURCE: dict[Signal, str] = {"fixation": "fixations", "cursor": "positions of the mouse cursor"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that is known.

    Attributes:
        topic: what it is about.
        text: with its numbers; harmless, see `tuning.exporting.plain`.
        n: observations behind it; None for an answer of the questionnaire.
    """

    topic: Topic
    text: str
    n: int | None


@dataclass(frozen=True, eq=False)
class Taste:
    """Answers of the questionnaire about genres, as they are written.

    Attributes:
        preferred: top genre first.
        liked: rated with 4 or 5 stars, or preferred when nothing was rated.
        disliked: rated with 1 or 2 stars.
        stars: per rated genre.
    """

    preferred: tuple[str, ...]
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    stars: dict[str, int]

    @classmethod
    def of(cls, subject: Subject) -> Taste:
        """Read the questionnaire of a persona."""
        own = subject.provenance
        preferred = tuple(_genre(g) for g in own.preferred)
        stars = {_genre(g): own.ratings[g] for g in sorted(own.ratings)}
        liked = tuple(g for g, s in stars.items() if s >= LIKED_STARS) if stars else preferred
        return cls(preferred, liked, tuple(g for g, s in stars.items() if s <= DISLIKED_STARS), stars)


def story(subject: Subject) -> tuple[Sentence, ...]:
    """Return what is known of a participant, in the third person.

    Raises:
        ExportError: the persona has no tables, or empty ones; a genre has no name that can be handed over.
    """
    name, use = subject.name, subject.use
    if not use.views:
        raise ExportError(
            f"{name} looked at none of the {use.unseen} pages that were shown.",
            "There is nothing to tell but answers, and nothing is invented.",
            "Leave this persona out, or record the participant again.",
        )
    return (*_taste(name, Taste.of(subject)), *_looking(name, use), *_clicking(name, use), _source(name, use))


def text_of(sentences: Sequence[Sentence]) -> str:
    """Return sentences as one paragraph."""
    return " ".join(sentence.text for sentence in sentences)


def told(name: str, sentences: Sequence[Sentence], subject: Subject) -> Field:
    """Return the field that holds sentences; n is the page views they were counted on."""
    note = f"{len(sentences)} sentences with their counts; answers of the questionnaire as given"
    return Field(name, "measured", note, subject.use.views, subject.name)


def _genre(name: str) -> str:
    return plain(name, "A genre", 60)


def _taste(name: str, taste: Taste) -> list[Sentence]:
    found = []
    if taste.preferred:
        found.append(
            f"{name} named these preferred film genres, favourite first: {', '.join(taste.preferred)}."
        )
    if taste.stars:
        stars = ", ".join(f"{genre} {count}" for genre, count in taste.stars.items())
        found.append(f"{name} rated film genres from 1 to 5 stars: {stars}.")
    return [Sentence("taste", text, None) for text in found]


def _looking(name: str, use: TablesOfUse) -> list[Sentence]:
    verb = _VERB[use.signal]
    width = int(use.places[:, PLACE.index("column")].max()) + 1
    found = [
        _share(f"in row {row + 1} from the top of the screen", f"{name} {verb}", counts)
        for row, counts in _grouped(use, use.places[:, PLACE.index("position")] // width)
    ]
    found += [
        _share(f"in place {column + 1} from the left", f"{name} {verb}", counts)
        for column, counts in _grouped(use, use.places[:, PLACE.index("column")])
    ]
    looks = int(use.slots.examined.sum())
    if looks:
        mean_ms = float(use.dwell_ms.sum()) / looks
        text = f"When {name} {verb} a film on a page, it was for {mean_ms:.0f} ms in all (mean of {looks})."
        found.append(Sentence("looking", text, looks))
    return found


def _share(where: str, looked: str, counts: Counts) -> Sentence:
    shown, examined = int(counts.shown.sum()), int(counts.examined.sum())
    text = f"Of {shown} films shown {where}, {looked} {examined} ({examined / shown:.0%})."
    return Sentence("looking", text, shown)


def _grouped(use: TablesOfUse, group: IntArray) -> list[tuple[int, Counts]]:
    table = use.slots.table()
    return [(int(g), Counts.of(table[group == g])) for g in np.unique(group) if table[group == g, 0].sum()]


def _clicking(name: str, use: TablesOfUse) -> list[Sentence]:
    clicks = f"{name} clicked a film on {use.clicks} of {use.views} pages."
    verb = _VERB[use.signal]
    per_genre = [
        Sentence(
            "clicking",
            f"Of {examined} {_genre(genre)} films that {name} {verb}, {name} clicked {clicked}"
            f" ({clicked / examined:.0%}).",
            examined,
        )
        for genre, (_, examined, _, clicked) in zip(use.genres, use.films.table().tolist(), strict=True)
        if examined
    ]
    return [Sentence("clicking", clicks, use.views), *per_genre]


def _source(name: str, use: TablesOfUse) -> Sentence:
    return Sentence(
        "source",
        f"These numbers were counted from {_SOURCE[use.signal]} on {use.views} pages of film carousels in a"
        f" study; {name} is a pseudonym, and nothing else is known of the person.",
        use.views,
    )
