"""`sardine`: a participant as the user of the slate environment SARDINE.

SARDINE clicks with probability alpha · sigmoid((item · user / longest item - offset) · slope) · propensity.
With one item per genre, each a unit vector, user = (logits - lowest logit) / slope, offset = -lowest logit /
slope and alpha = 1 give every genre exactly its measured attraction; slope is the length of (logits - lowest
logit), so that user is a unit vector without negative entries, as SARDINE's own users are.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Bounded

from protocols.geometry import FloatArray
from protocols.participant import Pseudonym
from tuning.exporting.checking import Check, document_of, require, text_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Verification
from tuning.exporting.loaders import LOADERS, load_sardine
from tuning.exporting.position_based import ClickModel, click_models
from tuning.exporting.written import write_json

FILE, LOADER, ITEMS = "personas.json", "load_sardine.py", "items.npy"
EPISODE_LENGTH = 100
"""As in SARDINE's own environments."""
NEVER = 1_000_000_000
MOST_GENRES = 10_000
ROUNDING = 1e-9
One = Annotated[float, Bounded(ge=1, le=1)]
Never = Annotated[int, Bounded(ge=NEVER)]
Probability = Annotated[float, Bounded(gt=0, lt=1)]


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Switches(_Edge):
    """Arguments of `sardine.simulator.Sardine` that hold for everybody."""

    slate_size: int
    num_topics: int
    episode_length: int = EPISODE_LENGTH
    env_alpha: One = 1.0
    env_omega: One = 1.0
    recent_items_maxlen: int = 10
    boredom_threshold: Never = NEVER
    boredom_moving_window: int = 5
    boredom_type: Literal["user_car"] = "user_car"
    click_model: Literal["measured"] = "measured"
    click_prop: One = 1.0
    rel_threshold: None = None
    rel_penalty: Literal[False] = False
    diversity_penalty: One = 1.0
    diversity_threshold: Never = NEVER


class OwnArguments(_Edge):
    """Arguments of `sardine.simulator.Sardine` of one participant."""

    env_propensities: tuple[Probability, ...]
    env_offset: float
    env_slope: Annotated[float, Bounded(gt=0)]


class Person(_Edge):
    """One participant; n: observations behind the propensities, and behind the entries of the embedding."""

    environment: OwnArguments
    user_embedding: tuple[Annotated[float, Bounded(ge=0)], ...]
    n: Mapping[Literal["env_propensities", "user_embedding"], tuple[int, ...]]

    @property
    def attraction(self) -> FloatArray:
        """Return what SARDINE will make of it for one item per genre, (genres,)."""
        score = (np.array(self.user_embedding) - self.environment.env_offset) * self.environment.env_slope
        return np.asarray(1 / (1 + np.exp(-score)))


class Environments(_Edge):
    """The file."""

    format: Literal["sardine.simulator.Sardine"] = "sardine.simulator.Sardine"
    genres: tuple[str, ...]
    environment: Switches
    personas: Mapping[Pseudonym, Person]


class SardineTarget:
    """See the module."""

    name = "sardine"
    summary = "Gymnasium environment SARDINE: recommends slates of films to the participant, who clicks."
    package = "sardine-rec"
    version = "1.0.8"
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("env_propensities", "measured", "how often each position was looked at when shown, smoothed"),
        Field(
            "user_embedding", "derived", "with env_offset and env_slope: clicks per film looked at, by genre"
        ),
        Field("env_embedds", "constant", "one film of one genre per item; bring your own catalogue"),
        Field("env_alpha, click_prop", "constant", "1: part of the measured rates"),
        Field("env_omega", "constant", "1: change of taste was not measured, so there is none"),
        Field("boredom", "constant", "not measured, so there is none"),
        Field("diversity", "constant", "not measured, so slates of one genre are not punished"),
        Field("episode_length", "constant", f"{EPISODE_LENGTH} as in SARDINE; visits were not counted"),
        Field("clicks of a slate", "omitted", "clicks are independent; the participant clicked once at most"),
        Field("dwell", "omitted", "SARDINE has no place for it"),
        Field("genre ratings", "omitted", "attraction comes from clicks, not from the questionnaire"),
        Field("soft prompt", "omitted", "SARDINE has no place for it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``personas.json``, ``items.npy`` and the program that loads them into SARDINE."""
        models = click_models(personas.subjects)
        document = Environments(
            genres=models.genres,
            environment=Switches(slate_size=models.positions, num_topics=len(models.genres)),
            personas={model.participant: _person(model) for model in models.of},
        )
        write_json(folder / FILE, document.model_dump(mode="json"))
        np.save(folder / ITEMS, np.eye(len(models.genres)), allow_pickle=False)
        (folder / LOADER).write_text(text_of(LOADERS / LOADER), encoding="utf-8")
        measured = models.fields("env_propensities", "user_embedding")
        rule = self.fields[1]
        return (
            measured[0],
            Field(rule.name, rule.how, rule.note, measured[1].n),
            *measured[2:],
            *self.fields[2:],
        )

    def verify(self, folder: Path) -> Verification:
        """Make every participant's environment in SARDINE where it is installed, and compare its clicks."""
        checks: list[Check] = [
            (f"{FILE} has arguments of environments", lambda: _refuse_uneven(folder)),
            (f"{ITEMS} has one item per genre", lambda: _refuse_other_items(folder)),
            (f"{LOADER} is the program that comes with GazeTwin", lambda: _refuse_other_loader(folder)),
        ]
        if importlib.util.find_spec("sardine") is None:
            return verified("schema", self.package, self.version, checks)
        same = "SARDINE finds every genre as attractive as it was, in every participant's environment"
        version = importlib.metadata.version(self.package)
        return verified(
            "package", self.package, version, [*checks, (same, lambda: _refuse_other_relevance(folder))]
        )


def _person(model: ClickModel) -> Person:
    attraction = model.attraction
    logits = np.log(attraction / (1 - attraction))
    above = logits - logits.min()
    # Who likes all genres alike has no direction; any will do, with the same relevance for all.
    if not above.any():
        above = np.ones_like(above)
    slope = float(np.linalg.norm(above))
    user = above / slope
    return Person(
        environment=OwnArguments(
            env_propensities=tuple(model.examination.tolist()),
            env_offset=float(user[0] - logits[0] / slope),
            env_slope=slope,
        ),
        user_embedding=tuple(user.tolist()),
        n={
            "env_propensities": tuple(model.places.shown.tolist()),
            "user_embedding": tuple(model.genres.examined.tolist()),
        },
    )


def _refuse_uneven(folder: Path) -> None:
    document = document_of(folder / FILE, Environments)
    genres, slots = len(document.genres), document.environment.slate_size
    require(len(document.personas) > 0, "nobody is in it")
    require(document.environment.num_topics == genres, f"{genres} genres, but other topics")
    for name, person in document.personas.items():
        require(
            len(person.environment.env_propensities) == slots, f"propensities of {name} for {slots} slots"
        )
        require(len(person.user_embedding) == genres, f"embedding of {name} for {genres} genres")
        length = float(np.linalg.norm(person.user_embedding))
        require(abs(length - 1) <= ROUNDING, f"embedding of {name} has the length {length:.6g}, not 1")


def _refuse_other_items(folder: Path) -> None:
    genres = len(document_of(folder / FILE, Environments).genres)
    require(genres <= MOST_GENRES, f"{genres} genres, more than {MOST_GENRES}")
    items = np.load(folder / ITEMS, allow_pickle=False, mmap_mode="r")
    require(items.shape == (genres, genres), f"it has the shape {items.shape}")
    require(np.array_equal(items, np.eye(genres)), "an item is not of one genre")


def _refuse_other_loader(folder: Path) -> None:
    require(text_of(folder / LOADER) == text_of(LOADERS / LOADER), "it was changed")


def _refuse_other_relevance(folder: Path) -> None:
    document = document_of(folder / FILE, Environments)
    slots, genres = document.environment.slate_size, len(document.genres)
    for name, person in document.personas.items():
        env = load_sardine.environment(folder, name)
        env.reset(seed=0)
        for first in range(0, genres, slots):
            slate = np.arange(first, first + slots) % genres
            found = env.step(slate)[4]["relevances"]
            furthest = float(np.abs(found - person.attraction[slate]).max())
            require(furthest <= ROUNDING, f"relevance for {name} differs by {furthest:.2g}")
