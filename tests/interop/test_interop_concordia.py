"""Entities in Concordia remember what was measured, and put it to the model that acts for them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from concordia.language_model.no_language_model import NoLanguageModel
from concordia.prefabs.entity import basic
from concordia.prefabs.simulation.generic import Simulation
from concordia.typing.prefab import Config, InstanceConfig, Role
from documented import run

from tuning.exporting.concordia import Concordia

pytestmark = pytest.mark.interop


class Listening(NoLanguageModel):
    """Says nothing, and keeps what it was asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def sample_text(self, prompt: str, **settings: object) -> str:
        self.heard.append(prompt)
        return super().sample_text(prompt, **settings)


@pytest.fixture(scope="module")
def rows(exports: Path) -> list[dict]:
    return [json.loads(line) for line in (exports / "concordia" / "instances.jsonl").read_text().splitlines()]


def _simulation(rows: list[dict], model: NoLanguageModel) -> Simulation:
    instances = [
        # A copy, because Concordia keeps the list of memories that it is given and adds to it.
        InstanceConfig(prefab=r["prefab"], role=Role(r["role"]), params=deepcopy(r["params"]))
        for r in rows
    ]
    config = Config(prefabs={"basic__Entity": basic.Entity()}, instances=instances)
    return Simulation(config, model, embedder=lambda text: np.array([len(text), text.count(" "), 1.0]))


def test_everybody_is_there_and_remembers_their_own_numbers(rows: list[dict], truth: dict) -> None:
    entities = {e.name: e for e in _simulation(rows, NoLanguageModel()).get_entities()}
    assert set(entities) == set(truth)
    for name, person in truth.items():
        entities[name].observe("A page of film carousels is on the screen.")
        memories = " ".join(entities[name].get_component("__memory__").get_all_memories_as_text())
        clicks, views = sum(person["clicked"]), person["views"]
        assert f"{name} clicked a film on {clicks} of {views} pages." in memories
        assert ", ".join(person["preferred"]) in memories
        for genre, looks, chosen in person["gazed"]:
            assert f"Of {looks} {genre} films that {name} looked at, {name} clicked {chosen} (" in memories
        (other,) = set(truth) - {name}
        assert other not in memories


def test_the_observable_state_holds_the_text_and_survives_a_round_trip(rows: list[dict]) -> None:
    simulation = _simulation(rows, NoLanguageModel())
    for row, entity in zip(rows, simulation.get_entities(), strict=True):
        entity.observe("A page of film carousels is on the screen.")
        state = json.loads(json.dumps(entity.get_state()))
        bank = state["context_components"]["__memory__"]["memory_bank"]["memory_bank"]
        known = list(json.loads(bank)["text"].values())
        assert known[:-1] == row["params"]["memory_state"]["buffer"]
        (again,) = _simulation([row], NoLanguageModel()).get_entities()
        again.set_state(state)
        assert again.get_component("__memory__").get_all_memories_as_text() == known


def test_the_model_that_acts_is_told_the_goal_and_what_was_measured(rows: list[dict], truth: dict) -> None:
    model = Listening()
    (entity,) = _simulation(rows[:1], model).get_entities()
    entity.observe("A page of film carousels is on the screen.")
    entity.act()
    name = rows[0]["params"]["name"]
    heard = "\n".join(model.heard)
    assert "Find a film for tonight" in heard
    assert f"{name} clicked a film on {sum(truth[name]['clicked'])} of {truth[name]['views']} pages." in heard


def test_our_own_check_uses_the_package(exports: Path) -> None:
    found = Concordia().verify(exports / "concordia")
    assert (found.by, found.version, found.problems) == ("package", "2.1.0", ())
    assert any("remembers" in sentence for sentence in found.checks)


def test_the_documented_example_runs(exports: Path) -> None:
    printed = run("Concordia", exports)
    assert "P01 clicked a film on" in printed
