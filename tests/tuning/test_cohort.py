from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from protocols.errors import PersonaMismatch
from protocols.invented import invented_pool
from protocols.study import load_study
from tuning.cohort import Cohort, fit_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import POOL_SEED, CohortPlan, simulated_examples
from tuning.probing.rollout import Rollout

PLAN = CohortPlan(viewers=3, screens=6, pages=4, val_screens=3, val_pages=2)
CONFIG = FitConfig(steps=4, prompt_length=2, basis_size=3, evaluate_every=2)


@pytest.fixture
def cohort(fake_backbone: Any) -> Cohort:
    running = fit_cohort(fake_backbone, Rollout(1), simulated_examples(PLAN), PLAN, CONFIG)
    while True:
        try:
            next(running)
        except StopIteration as stop:
            return stop.value


def test_the_same_plan_draws_the_same_viewers() -> None:
    one, other = simulated_examples(PLAN), simulated_examples(PLAN)
    assert len(one) == 18
    for a, b in zip(one, other, strict=True):
        assert a.page.digest == b.page.digest
        assert a.click == b.click
        assert a.gaze is not None
        assert b.gaze is not None
        assert np.array_equal(a.gaze.weights, b.gaze.weights)
    assert {e.split for e in one} == {"train", "val"}
    train, val = ({e.page.screen_id for e in one if e.split == s} for s in ("train", "val"))
    assert not train & val


def test_the_cohort_sees_no_film_of_the_demonstration() -> None:
    shown = {film.key for screen in load_study("demo").screens for row in screen.rows for film in row.films}
    own = {film.key for film in invented_pool(POOL_SEED)}
    # Titles are drawn from the same word lists, so a few coincide; whole pools must not.
    assert len(shown & own) < 0.05 * len(own)


def test_a_round_trip_is_exact(cohort: Cohort, tmp_path: Path) -> None:
    path = tmp_path / "cohort-test.safetensors"
    cohort.save(path)
    again = Cohort.load(path)
    for name, tensor in cohort.bank.tensors().items():
        assert torch.equal(again.bank.tensors()[name], tensor)
    assert torch.equal(again.shared.tokens, cohort.shared.tokens)
    assert np.array_equal(again.population.density, cohort.population.density)
    assert np.array_equal(again.pooling.click, cohort.pooling.click)
    assert again.provenance == cohort.provenance
    assert len(again.digest) == 64


def test_a_cohort_suits_its_own_backbone_and_settings_only(fake_backbone: Any, cohort: Cohort) -> None:
    assert cohort.suits(fake_backbone.spec, CONFIG)
    assert cohort.suits(fake_backbone.spec, CONFIG.model_copy(update={"steps": 99, "seed": 3}))
    for other in ({"operator": "attnlrp"}, {"placement": "front"}, {"prompt_length": 9}, {"basis_size": 9}):
        assert not cohort.suits(fake_backbone.spec, CONFIG.model_copy(update=other))


def test_an_incomplete_cohort_is_refused(cohort: Cohort, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    described = {"gazetwin": cohort.provenance.model_dump_json(by_alias=True)}
    save_file({"shared": cohort.shared.tokens}, path, metadata=described)
    with pytest.raises(PersonaMismatch):
        Cohort.load(path)
