"""The form of one participant: pseudonym, answers, consent; and what is still missing. Qt-free."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from protocols.blocks import Question
from protocols.participant import Participant, is_pseudonym
from protocols.study import StudyProtocol
from studio.rooms.participant.identifying import identifying
from studio.rooms.start.state import Cell, StudyLine

Answer = str | float | int | bool
LIKED = 4
"""Stars from which on a genre counts as preferred."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the participant room shows.

    Attributes:
        studies: that can be chosen.
        key: of the chosen one.
        study: as loaded, None before.
        pseudonym: as typed.
        taken: pseudonyms that there are recordings of.
        ratings: stars from 1 to 5 by genre.
        top_genre: empty without an answer.
        answers: as typed or chosen, by key of the question; no answer is no entry.
        scopes: what is agreed to beside being recorded.
        agreed: the participant agrees to take part.
        checked: somebody looked at the texts that were warned about.
        doing: what is being read, empty when nothing is.
        problem: what went wrong last.
        handed_on: the visit has all this.
        begun: counts forms; another number is another participant.
    """

    studies: tuple[StudyLine, ...] = ()
    key: str = ""
    study: StudyProtocol | None = None
    pseudonym: str = ""
    taken: frozenset[str] = frozenset()
    ratings: Mapping[str, int] = field(default_factory=dict)
    top_genre: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    agreed: bool = False
    checked: bool = False
    doing: str = ""
    problem: str = ""
    handed_on: bool = False
    begun: int = 0

    def pseudonym_note(self) -> Cell:
        """Say what is to be said about the pseudonym."""
        if not self.pseudonym:
            return Cell("Type a pseudonym, such as P01.", "bad")
        if not is_pseudonym(self.pseudonym):
            return Cell("Only A-Z a-z 0-9 . _ - are allowed, at most 64; a letter or digit first.", "bad")
        if self.pseudonym in self.taken:
            return Cell(
                f"There are recordings of {self.pseudonym}: only go on if it is the same person.", "warn"
            )
        if not any(c.isdigit() for c in self.pseudonym):
            return Cell("Is this a name? A letter and a number, such as P01, cannot be one.", "warn")
        return Cell("Free. Keep who it is on paper only.", "good")

    def warnings(self) -> dict[str, str]:
        """Return a warning for each free text that seems to tell who somebody is, by key of the question."""
        texts = {q.key: self.answers.get(q.key, "") for q in self._questions if q.kind == "text"}
        found = {key: identifying(text) for key, text in texts.items()}
        return {key: f"This looks like {' and '.join(what)}." for key, what in found.items() if what}

    def mistakes(self) -> dict[str, str]:
        """Return what is wrong with an answer, by key of the question."""
        told = {
            question.key: _mistake(question, self.answers.get(question.key, ""))
            for question in self._questions
        }
        return {key: mistake for key, mistake in told.items() if mistake}

    def cannot_go_on(self) -> str:
        """Return what is missing, the first thing first; empty when nothing is."""
        return next(self._missing(), "")

    def participant(self) -> Participant:
        """Return the participant as answered; only when nothing is missing."""
        liked = sorted((g for g, stars in self.ratings.items() if stars >= LIKED), key=self._rank)
        typed = ((q, self.answers[q.key]) for q in self._questions if self.answers.get(q.key))
        return Participant(
            pseudonym=self.pseudonym,
            top_genre=self.top_genre,
            preferred_genres=tuple(genre for genre in liked if genre != self.top_genre),
            ratings=self.ratings,
            answers={question.key: answer_of(question, text) for question, text in typed},
        )

    @property
    def _questions(self) -> tuple[Question, ...]:
        return self.study.questionnaire.questions if self.study else ()

    def _rank(self, genre: str) -> int:
        return -self.ratings[genre]

    def _missing(self) -> Iterator[str]:
        if self.study is None:
            yield "Choose a study."
            return
        if (note := self.pseudonym_note()).mood == "bad":
            yield note.words
        yield from (f"{self._text_of(key)} {mistake}" for key, mistake in self.mistakes().items())
        if self.warnings() and not self.checked:
            yield "Take out what tells who the participant is, or tick that you have looked."
        if self.study.consent.text and not self.agreed:
            yield "The participant has not agreed yet; whoever does not agree takes no part."

    def _text_of(self, key: str) -> str:
        return next(f"“{q.text}”" for q in self._questions if q.key == key)


def answer_of(question: Question, text: str) -> Answer:
    """Return an answer as it is stored; see `Form.mistakes` for those that cannot be."""
    if question.kind == "number":
        number = float(text.replace(",", "."))
        return int(number) if number.is_integer() else number
    return text == "yes" if question.kind == "yes-no" else text


def next_pseudonym(of_study: Collection[str], taken: Collection[str]) -> str:
    """Return the next free pseudonym of a study: P01, P02 ...; it decides the order of blocks.

    Args:
        of_study: pseudonyms of the study.
        taken: pseudonyms of all studies; one name stands for one person everywhere.
    """
    used = {int(found.group(1)) for one in of_study if (found := re.fullmatch(r"P(\d+)", one))}
    number = max(used, default=0) + 1
    while f"P{number:02d}" in taken:
        number += 1
    return f"P{number:02d}"


def _mistake(question: Question, text: str) -> str:
    if not text.strip():
        return "needs an answer." if question.needed else ""
    if question.kind != "number":
        return ""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return "needs a number."
    if question.least is not None and number < question.least:
        return f"cannot be less than {question.least:g}."
    if question.most is not None and number > question.most:
        return f"cannot be more than {question.most:g}."
    return "" if abs(number) < float("inf") else "needs a number."
