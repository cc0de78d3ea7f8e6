"""The shipped model with its shipped cohort, on simulated newcomers that neither has seen."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import numpy as np
import pytest
import torch

from acquisition.viewer.policy import draw_viewer
from protocols.carousel import GENRES
from tuning.backbones.base import Backbone
from tuning.cohort import shipped_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, drawn_page, viewed_page
from tuning.fitting import Result, fit_persona
from tuning.probing.rollout import Rollout
from tuning.recordings import Material
from tuning.registry import load_backbone
from tuning.splits import split_screens
from tuning.tuner import FitEvent

SEED = 90210
NEWCOMERS, SCREENS = 3, 30


@pytest.fixture(scope="module")
def backbone() -> Iterator[Backbone]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load_backbone("carousel-tiny")
    torch.set_num_threads(before)


def newcomers() -> Iterator[Material]:
    plan = CohortPlan(seed=SEED)
    pages = [drawn_page(plan, number) for number in range(SCREENS)]
    splits = dict(split_screens([p.screen_id for p in pages], SEED))
    for number in range(NEWCOMERS):
        rng = np.random.default_rng([SEED, number])
        viewer = draw_viewer(rng, GENRES)
        examples = [
            viewed_page(plan, rng, viewer, page, f"N{number}", trial, splits[page.screen_id])
            for trial, page in enumerate(pages)
        ]
        yield Material(f"N{number}", viewer.preferred, examples, splits, ())


@pytest.mark.parametrize("placement", ["after-image", "front"])
def test_a_cohort_ships_for_the_shipped_model(backbone: Backbone, placement: str) -> None:
    config = FitConfig().model_copy(update={"placement": placement})
    cohort = shipped_cohort(backbone.spec, config)
    assert cohort is not None
    assert len(cohort.bank.participants) >= 24
    assert cohort.provenance.validation["kl"] < 0.9 * cohort.provenance.shared_validation["kl"]


@pytest.mark.slow
def test_newcomers_are_fitted_in_seconds_and_the_twins_beat_what_knows_less(backbone: Backbone) -> None:
    config = FitConfig()
    cohort = shipped_cohort(backbone.spec, config)
    kl: dict[str, list[float]] = {}
    for material in newcomers():
        started = time.process_time()
        running = fit_persona(backbone, Rollout(), material, config, cohort)
        comparison = finished(running).comparison
        assert time.process_time() - started < 40
        for row, scores in comparison.heldout.items():
            kl.setdefault(row, []).append(scores["kl"])
    mean = {row: float(np.mean(values)) for row, values in kl.items()}
    weaker = ("shared_prompt", "backbone", "random_prompt", "population_mean", "uniform")
    assert mean["twin"] < min(mean[row] for row in weaker)
    assert mean["twin_combined"] < mean["participant_mean"]


def finished(running: Generator[FitEvent, None, Result]) -> Result:
    while True:
        try:
            event: FitEvent = next(running)
            assert event.kind in ("progress", "step", "evaluated")
        except StopIteration as stop:
            return stop.value
