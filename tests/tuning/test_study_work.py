"""What a cell computes, on a stand-in model whose gaze follows its prompt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tuning.config import FitConfig
from tuning.experiments import work
from tuning.experiments.cells import MAIN, MAPS, Cell, Model, planned
from tuning.experiments.people import people_of
from tuning.experiments.studyfile import StudyFile
from tuning.running.worker import outcome
from tuning.splits import without_films_of_test

MODEL = Model("w" * 64, {})
FIT = {"steps": 4, "evaluate_every": 2, "prompt_length": 2, "basis_size": 2}


def asked(**more: object) -> StudyFile:
    screens = {"training": 5, "validation": 1, "heldout": 3, "seed": 6}
    cohort = {"kind": "synthetic", "participants": 3, "patternless": 1, "screens": screens}
    return StudyFile.model_validate({"name": "work", "cohort": cohort, "fit": FIT, **more})


def cells(study: StudyFile, change: str, split: str = "task-holdout") -> list[Cell]:
    people = people_of(study, Path())
    plan = planned(study, people, {"carousel-tiny": MODEL})
    return [p.cell for p in plan if p.condition.change == change and p.cell.split == split]


@pytest.fixture(autouse=True)
def stand_in(monkeypatch, fake_backbone):
    monkeypatch.setattr(work, "_backbone", lambda _: fake_backbone)
    work._read.cache_clear()


def test_a_cell_scores_every_held_out_view_and_only_those():
    result = work.compute(cells(asked(), MAIN)[0])
    person = result.people["P01"]
    assert len(person.views) == 3
    assert all(view.screen.startswith("held-") for view in person.views)
    assert {"twin", "twin_combined", "backbone", "random_prompt"} <= set(person.views[0].scores)
    assert work.compute(cells(asked(), MAIN)[0]).people == result.people  # deterministic


def test_one_prompt_for_all_and_a_joint_fit_judge_everybody():
    study = asked(ablations=[{"name": "joint", "method": "joint"}])
    for change in ("shared prompt", "joint"):
        result = work.compute(cells(study, change)[0])
        assert list(result.people) == ["P01", "P02", "X01"]


def test_population_is_the_others_when_participants_are_new():
    study = asked(splits=["task-holdout", "new-both"])
    known, new = (work.compute(cells(study, MAPS, split)[0]) for split in study.splits)
    for name, person in known.people.items():
        for a, b in zip(person.views, new.people[name].views, strict=True):
            assert a.scores["uniform"] == b.scores["uniform"]
            assert a.scores["population_mean"] != b.scores["population_mean"]


def test_the_true_policy_is_closest_to_what_its_participants_do():
    study = asked()
    study = study.model_copy(update={"cohort": study.cohort.model_copy(update={"participants": 12})})
    result = work.compute(cells(study, MAPS)[0])
    views = [view.scores for person in result.people.values() for view in person.views]
    for metric in ("kl", "logloss"):
        truth, flat = (np.mean([v[row][metric] for v in views]) for row in ("true_policy", "uniform"))
        assert truth < flat - 0.2  # the patternless too: each page's own policy is what is known


def test_newcomers_stand_on_a_basis_of_others():
    study = asked(splits=["new-both"], folds=3)
    result = work.compute(cells(study, MAIN, "new-both")[0])
    assert list(result.people) == ["P01"]
    assert "shared_prompt" in result.people["P01"].views[0].scores  # of the earlier participants


def test_few_screens_are_the_first_ones_shown_and_none_chooses():
    material = people_of(asked(), Path())[0].material()
    kept = work._first_screens(material.examples, 2)
    fitted = [e for e in material.examples if e.split != "test"]
    assert [e.page.screen_id for e in kept if e.split == "train"] == [e.page.screen_id for e in fitted[:2]]
    assert {e.split for e in kept} == {"train", "test"}


def test_training_views_with_a_film_of_a_held_out_page_are_left_out():
    examples = people_of(asked(), Path())[0].material().examples
    assert len(without_films_of_test(examples, examples)) == len(examples)  # pools are apart
    test = next(e for e in examples if e.split == "test")
    train = next(e for e in examples if e.split == "train")
    leaking = [replace(e, page=replace(e.page, films=test.page.films)) if e is train else e for e in examples]
    kept = without_films_of_test(leaking, leaking)
    assert len(kept) == len(examples) - 1
    assert all(e.page is not leaking[examples.index(train)].page for e in kept)


def test_rescaled_weights_weigh_one_where_people_look():
    study = asked(ablations=[{"name": "w", "rescaled": True, "fit": {"weight_power": 2.0}}])
    cell = cells(study, "w")[0]
    examples = people_of(study, Path())[0].material().examples
    config = work._rescaled(cell, examples)
    sums = []
    for e in (e for e in examples if e.split == "train"):
        g = e.gaze.weights
        omega = (g + 1e-8) ** 2 / ((g + 1e-8) ** 2).mean()
        sums.append((omega * g).sum())
    assert config.attention_weight == pytest.approx(cell.config.attention_weight / np.mean(sums))
    assert work._rescaled(cell.model_copy(update={"rescaled": False}), examples) == cell.config


def test_an_operator_that_is_not_there_is_told_and_nothing_else_stops():
    cell = cells(asked(), MAIN)[0]
    strange = cell.model_copy(update={"config": FitConfig(**FIT, operator="nosuch")})
    told = outcome(strange)
    assert told.kind == "not-computed"
    assert "nosuch" in told.what
    assert told.digest == strange.digest
