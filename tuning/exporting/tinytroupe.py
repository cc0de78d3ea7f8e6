"""`tinytroupe`: a participant as a person of the simulation library TinyTroupe.

The package index holds an empty placeholder of that name; TinyTroupe itself is installed from its repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from protocols.participant import Pseudonym
from tuning.exporting.checking import document_of, require, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.story import Sentence, Taste, Topic, story, told
from tuning.exporting.written import write_json

AGENT, FRAGMENT = ".agent.json", ".fragment.json"


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preferences(_Edge):
    """What is liked."""

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]


class Behaviors(_Edge):
    """What was done."""

    browsing_carousels: tuple[str, ...]
    choosing_films: tuple[str, ...]


class Traits(_Edge):
    """What can be added to anybody."""

    preferences: Preferences
    behaviors: Behaviors
    other_facts: tuple[str, ...]


class Person(Traits):
    """A whole persona: of all its keys, only the name is demanded."""

    name: Pseudonym


class Agent(_Edge):
    """``*.agent.json``."""

    type: Literal["TinyPerson"] = "TinyPerson"
    persona: Person


class Fragment(_Edge):
    """``*.fragment.json``, for `TinyPerson.import_fragment`."""

    type: Literal["Fragment"] = "Fragment"
    persona: Traits


class TinyTroupe:
    """See the module."""

    name = "tinytroupe"
    summary = "Simulation library TinyTroupe: a person with the tastes and habits, and a fragment for others."
    package = "microsoft/TinyTroupe (repository)"
    version = "0.6.0"
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("persona.name", "derived", "the pseudonym"),
        Field("persona.preferences", "measured", "genres of 4 stars or more, of 2 or less, as answered"),
        Field("persona.behaviors", "measured", "what was looked at and clicked, in sentences"),
        Field(
            "persona.other_facts", "measured", "answers of the questionnaire, and where the numbers come from"
        ),
        Field("age, gender, nationality, occupation, personality", "omitted", "not measured"),
        Field("soft prompt", "omitted", "only a model with the same weights can read it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``<pseudonym>.agent.json`` and ``<pseudonym>.fragment.json`` per persona."""
        name, preferences, *_, traits, prompt = self.fields
        filled = [name]
        for subject in personas.subjects:
            sentences = story(subject)
            known = _traits(subject, sentences)
            person = Person(name=subject.name, **dict(known))
            write_json(folder / f"{subject.name}{AGENT}", Agent(persona=person).model_dump(mode="json"))
            write_json(folder / f"{subject.name}{FRAGMENT}", Fragment(persona=known).model_dump(mode="json"))
            rated = len(subject.provenance.ratings) or len(subject.provenance.preferred)
            filled += [
                Field(preferences.name, preferences.how, preferences.note, rated, subject.name),
                told("persona.behaviors", _about(sentences, "looking", "clicking"), subject),
                told("persona.other_facts", _about(sentences, "taste", "source"), subject),
            ]
        return (*filled, traits, prompt)

    def verify(self, folder: Path) -> Verification:
        """Check every file against TinyTroupe's documented form."""
        return verified(
            "schema",
            self.package,
            self.version,
            [
                (f"*{AGENT} are persons with names that differ", lambda: _refuse_other_agents(folder)),
                (f"*{FRAGMENT} can be added to a person", lambda: _refuse_other_fragments(folder)),
            ],
        )


def _traits(subject: Subject, sentences: tuple[Sentence, ...]) -> Traits:
    taste = Taste.of(subject)
    return Traits(
        preferences=Preferences(
            likes=tuple(f"{genre} films" for genre in taste.liked),
            dislikes=tuple(f"{genre} films" for genre in taste.disliked),
        ),
        behaviors=Behaviors(
            browsing_carousels=tuple(s.text for s in _about(sentences, "looking")),
            choosing_films=tuple(s.text for s in _about(sentences, "clicking")),
        ),
        other_facts=tuple(s.text for s in _about(sentences, "taste", "source")),
    )


def _about(sentences: tuple[Sentence, ...], *topics: Topic) -> tuple[Sentence, ...]:
    return tuple(s for s in sentences if s.topic in topics)


def _refuse_other_agents(folder: Path) -> None:
    paths = sorted(folder.glob(f"*{AGENT}"))
    names = {path: document_of(path, Agent).persona.name for path in paths}
    require(len(names) > 0, "nobody is in the folder")
    other = [path.name for path, name in names.items() if path.name != f"{name}{AGENT}"]
    require(not other, f"{', '.join(other)} holds somebody else")


def _refuse_other_fragments(folder: Path) -> None:
    fragments = [document_of(path, Fragment) for path in sorted(folder.glob(f"*{FRAGMENT}"))]
    require(len(fragments) == len(list(folder.glob(f"*{AGENT}"))), "not everybody has one")
