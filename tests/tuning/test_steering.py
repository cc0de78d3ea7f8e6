"""Prompts fitted through each operator change what is looked at on screens that the fit has not seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, simulated_examples
from tuning.events import Evaluated
from tuning.registry import load_backbone, make_operator
from tuning.tuner import fit

# Three draws of viewers and screens, the first three seeds: how far few steps bring one alone changes by a
# tenth with rounding.
PLANS = [
    CohortPlan(viewers=3, screens=14, pages=14, val_screens=6, val_pages=6, seed=seed) for seed in range(3)
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rollout", "attnlrp", "glimpse"])
def test_a_fitted_prompt_brings_attention_on_new_screens_15_percent_closer(name: str) -> None:
    config = FitConfig(operator=name, steps=60, batch_size=10, evaluate_every=60)
    found = []
    for plan in PLANS:
        backbone, operator = load_backbone("carousel-tiny"), make_operator(name)
        events = fit(backbone, operator, simulated_examples(plan), config)
        found.append([event.scores["kl"] for event in events if isinstance(event, Evaluated)])
    before, after = np.mean(found, axis=0)
    assert after < 0.85 * before


def test_the_papers_settings_name_the_published_normalisation() -> None:
    operator = make_operator(FitConfig.paper().operator)
    assert operator.name == "attnlrp-signed"
