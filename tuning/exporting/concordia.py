"""`concordia`: a participant as an entity of the generative agent-based modelling library Concordia.

A line is one `concordia.typing.prefab.InstanceConfig`. Memories go where Concordia's own
`prefabs.simulation.generic.Simulation` reads them, the parameter ``memory_state``; they are in its buffer, so
that the first thing the entity observes gives each its embedding, by whatever embedder the simulation has.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Bounded

from protocols.participant import Pseudonym
from tuning.exporting.checking import Check, lines_of, require, verified
from tuning.exporting.contract import Field, Personas, Setting, Verification
from tuning.exporting.plain import plain
from tuning.exporting.story import Sentence, story, told
from tuning.exporting.written import write_json_lines

FILE = "instances.jsonl"
LONGEST_GOAL = 500
EMPTY_BANK = json.dumps({"text": {}, "embedding": {}})


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemoryBank(_Edge):
    """State of an `AssociativeMemoryBank` without memories."""

    stored_hashes: tuple[int, ...] = Bounded(default=(), max_length=0)
    memory_bank: str = EMPTY_BANK


class MemoryState(_Edge):
    """State of a `components.agent.memory.AssociativeMemory`: memories wait in the buffer."""

    memory_bank: MemoryBank = MemoryBank()
    buffer: Annotated[tuple[str, ...], Bounded(min_length=1)]


class Parameters(_Edge):
    """Parameters of the prefab."""

    name: Pseudonym
    goal: str
    memory_state: MemoryState


class Instance(_Edge):
    """One line of the file."""

    prefab: Literal["basic__Entity"] = "basic__Entity"
    role: Literal["entity"] = "entity"
    params: Parameters


class Concordia:
    """See the module."""

    name = "concordia"
    summary = "Generative agents library Concordia: an entity that remembers what was measured."
    package = "gdm-concordia"
    version = "2.1.0"
    settings = (Setting("goal", "what the entity wants, in a sentence; it has no goal without it"),)
    fields = (
        Field("params.name", "derived", "the pseudonym"),
        Field("params.memory_state", "measured", "what was answered, looked at and clicked, in sentences"),
        Field("params.goal", "constant", "as given with --set goal=..., otherwise none"),
        Field("prefab, role", "constant", "basic__Entity, entity"),
        Field("age, occupation, character", "omitted", "not measured"),
        Field("soft prompt", "omitted", "only a model with the same weights can read it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``instances.jsonl``."""
        given = personas.settings["goal"]
        goal = plain(given, "The goal", LONGEST_GOAL) if given else ""
        stories = [story(subject) for subject in personas.subjects]
        rows = [
            _instance(subject.name, goal, sentences)
            for subject, sentences in zip(personas.subjects, stories, strict=True)
        ]
        write_json_lines(folder / FILE, [row.model_dump(mode="json") for row in rows])
        name, memories, *rest = self.fields
        known = zip(personas.subjects, stories, strict=True)
        return (name, *(told(memories.name, sentences, subject) for subject, sentences in known), *rest)

    def verify(self, folder: Path) -> Verification:
        """Build every entity with Concordia where it is installed, and look what it remembers."""
        checks: list[Check] = [(f"{FILE} holds instances", lambda: _refuse_others(folder))]
        if importlib.util.find_spec("concordia") is None:
            return verified("schema", self.package, self.version, checks)
        checks.append(("Concordia builds every entity, which remembers its text", lambda: _remember(folder)))
        return verified("package", self.package, importlib.metadata.version(self.package), checks)


def _instance(name: str, goal: str, sentences: Sequence[Sentence]) -> Instance:
    memories = MemoryState(buffer=tuple(sentence.text for sentence in sentences))
    return Instance(params=Parameters(name=name, goal=goal, memory_state=memories))


def _instances(folder: Path) -> list[Instance]:
    return lines_of(folder / FILE, Instance)


def _refuse_others(folder: Path) -> None:
    instances = _instances(folder)
    names = [instance.params.name for instance in instances]
    require(len(names) > 0, "nobody is in it")
    require(len(set(names)) == len(names), "somebody is in it twice, and Concordia would drop them")
    other = [
        n for n, i in zip(names, instances, strict=True) if i.params.memory_state.memory_bank != MemoryBank()
    ]
    require(not other, f"the memory bank of {', '.join(other)} is not empty")


def _remember(folder: Path) -> None:
    for instance in _instances(folder):
        remembered = _memories(instance)
        missing = [text for text in instance.params.memory_state.buffer if text not in remembered]
        require(not missing, f"{instance.params.name} does not remember {missing[:1]}")


def _memories(instance: Instance) -> list[str]:
    """Return what an entity of Concordia's own simulation remembers after its first observation."""
    import numpy as np
    from concordia.language_model.no_language_model import NoLanguageModel
    from concordia.prefabs.entity import basic
    from concordia.prefabs.simulation.generic import Simulation
    from concordia.typing.prefab import Config, InstanceConfig, Role

    row = instance.model_dump(mode="json")
    known = InstanceConfig(prefab=row["prefab"], role=Role(row["role"]), params=row["params"])
    config = Config(prefabs={instance.prefab: basic.Entity()}, instances=[known])
    with redirect_stdout(io.StringIO()):  # Concordia prints what it loads
        simulation = Simulation(config, NoLanguageModel(), embedder=lambda text: np.ones(2) * len(text))
        (entity,) = simulation.get_entities()
        entity.observe("A page of film carousels is on the screen.")
    return list(entity.get_component("__memory__").get_all_memories_as_text())
