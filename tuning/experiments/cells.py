"""The smallest pieces of an experiment: each is computed once, and named by everything that decides it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tuning.config import FitConfig
from tuning.experiments.people import Person, without_paths
from tuning.experiments.studyfile import Ablation, Signals, SplitName, StudyFile

RULES = 1
"""Raised whenever the same cell would come out differently, so that no old result is taken for a new one."""
MAIN = "as set"
MAPS = "maps"
NEW_PEOPLE = ("new-participants", "new-both")

Work = Literal["maps", "personal", "joint", "shared", "newcomers"]


class Cell(BaseModel):
    """One piece of work.

    Attributes:
        work: ``maps``: baselines from positions alone; ``personal``: one prompt per participant over the
            basis that ships with the backbone; ``joint``: basis and coefficients of all at once, as
            published; ``shared``: one prompt for all; ``newcomers``: ``joint`` on `earlier`, then
            ``personal`` over that basis.
        judged: whose held-out views are scored, and who is fitted.
        earlier: whose views were there before, for ``newcomers``.
        split: what is new at the test.
        config: settings; maps use the training signal only.
        backbone: name; empty for maps.
        weights: digest of the backbone's weights.
        basis: digest of the shipped cohort that is used, empty for none.
        rescaled: see `tuning.experiments.studyfile.Ablation`.
        screens: training screens that are used, None for all.
        rules: version of what is computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: Work
    judged: tuple[Person, ...]
    earlier: tuple[Person, ...] = ()
    split: SplitName
    config: FitConfig
    backbone: str = ""
    weights: str = ""
    basis: str = ""
    rescaled: bool = False
    screens: int | None = None
    rules: int = RULES

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the result, hexadecimal."""
        told = self.model_dump(mode="json") | {"config": self.config.decisive()}
        for group in ("judged", "earlier"):
            told[group] = [without_paths(person) for person in told[group]]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def words(self) -> str:
        """Return what is being done, for people."""
        who = self.judged[0].pseudonym if len(self.judged) == 1 else f"{len(self.judged)} participants"
        if self.work == "maps":
            return f"mean maps, {who}"
        few = f", {self.screens} screens" if self.screens else ""
        return f"{self.config.operator}, {self.work}, {who}{few}, seed {self.config.seed}"


@dataclass(frozen=True, order=True)
class Condition:
    """One line of a results table: all that is set, but for seed and participants.

    Attributes:
        split: what is new at the test.
        train_signal: what was fitted.
        eval_signal: what is judged.
        backbone: name; empty for maps.
        operator: name; empty for maps.
        change: ``as set``, ``5 screens`` for newcomers, or the name of an ablation; ``maps`` for maps.
    """

    split: str
    train_signal: str
    eval_signal: str
    backbone: str
    operator: str
    change: str


@dataclass(frozen=True, eq=False)
class Planned:
    """A cell and the line of the table it belongs to."""

    condition: Condition
    cell: Cell


@dataclass(frozen=True)
class Model:
    """What a cell has to know of a backbone before it is loaded again: its weights, and who ships with it."""

    weights: str
    bases: Mapping[tuple[Any, ...], str]

    def basis(self, config: FitConfig) -> str:
        """Return the digest of the shipped cohort that suits settings, empty for none."""
        return self.bases.get(basis_key(config), "")


def basis_key(config: FitConfig) -> tuple[Any, ...]:
    """Return the settings a basis is bound to."""
    return (config.operator, config.placement, config.prompt_length, config.basis_size)


def planned(study: StudyFile, people: Sequence[Person], models: Mapping[str, Model]) -> Iterator[Planned]:
    """Yield every cell of a study; the same cell may serve several conditions."""
    for split in study.splits:
        for signals in study.signals:
            yield from _maps(people, split, signals)
            for backbone in study.backbones:
                for operator in study.operators:
                    at = _At(study, people, models[backbone], backbone, operator, signals, split)
                    yield from at.cells()


def _maps(people: Sequence[Person], split: SplitName, signals: Signals) -> Iterator[Planned]:
    condition = Condition(split, signals.train, signals.eval, "", "", MAPS)
    # The signal that is fitted makes the maps, so that baselines know as much as twins.
    config = FitConfig(train_signal=signals.train, eval_signal=signals.eval)
    yield Planned(condition, Cell(work="maps", judged=tuple(people), split=split, config=config))


@dataclass(frozen=True, eq=False)
class _At:
    """One combination of backbone, operator, signals and split."""

    study: StudyFile
    people: Sequence[Person]
    model: Model
    backbone: str
    operator: str
    signals: Signals
    split: SplitName

    def cells(self) -> Iterator[Planned]:
        """Yield the main condition, the prompt shared by all, newcomers and ablations."""
        study = self.study
        main = Ablation(name=MAIN, method=study.method)
        yield from self._change(main)
        if self.split not in NEW_PEOPLE and len(self.people) > 1:
            yield from self._change(Ablation(name="shared prompt", method="shared"))
        for count in study.newcomer_screens if self._first() else ():
            few = Ablation(name=f"{count} screens", fit=study.newcomer_fit)
            yield from self._change(few, screens=count)
        for ablation in study.ablations:
            if ablation.everywhere or self._first():
                yield from self._change(ablation)

    def _first(self) -> bool:
        study = self.study
        here = (self.backbone, self.operator, self.signals, self.split)
        return here == (study.backbones[0], study.operators[0], study.signals[0], study.splits[0])

    def _change(self, change: Ablation, screens: int | None = None) -> Iterator[Planned]:
        signals = self.signals
        condition = Condition(
            self.split, signals.train, signals.eval, self.backbone, self.operator, change.name
        )
        for seed in self.study.seeds:
            config = self.study.config(self.operator, signals, seed, change.fit)
            for cell in self._work(change.method, config):
                yield Planned(
                    condition, cell.model_copy(update={"rescaled": change.rescaled, "screens": screens})
                )

    def _work(self, method: str, config: FitConfig) -> Iterator[Cell]:
        people = tuple(self.people)
        if self.split in NEW_PEOPLE:
            for group in folds(people, self.study.folds):
                others = tuple(p for p in people if p not in group)
                yield self._cell("newcomers", group, config, earlier=others)
        elif method == "personal":
            basis = self.model.basis(config)
            for person in people:
                yield self._cell("personal", (person,), config, basis=basis)
        else:
            yield self._cell("joint" if method == "joint" else "shared", people, config)

    def _cell(
        self,
        work: Work,
        judged: tuple[Person, ...],
        config: FitConfig,
        *,
        earlier: tuple[Person, ...] = (),
        basis: str = "",
    ) -> Cell:
        return Cell(
            work=work,
            judged=judged,
            earlier=earlier,
            split=self.split,
            config=config,
            backbone=self.backbone,
            weights=self.model.weights,
            basis=basis,
        )


def folds(people: Sequence[Person], count: int) -> list[tuple[Person, ...]]:
    """Return groups of people, every one in one group, sizes as equal as can be."""
    groups = [tuple(people[start::count]) for start in range(min(count, len(people)))]
    return [group for group in groups if group]
