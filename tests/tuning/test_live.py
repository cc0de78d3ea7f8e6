from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest
import torch

from tuning import metrics
from tuning.config import FitConfig
from tuning.examples import Example
from tuning.fitting import fit_persona
from tuning.live import STEPS_PER_PAGE, LiveTwin
from tuning.probing.rollout import Rollout
from tuning.recordings import Material

Viewed = Callable[[str, str], list[Example]]
CONFIG = FitConfig(steps=20, prompt_length=2, basis_size=3, prompt_scale=0.1)
OPERATOR = Rollout(1)


def value_of(generator: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def watched(twin: LiveTwin, example: Example, budget_s: float = 30.0) -> int:
    assert example.gaze is not None
    return twin.observe(example.page, example.preferred, example.gaze.weights, example.click, budget_s)


def test_the_prediction_made_before_onset_improves_over_a_session(fake_backbone: Any, viewed: Viewed) -> None:
    twin = LiveTwin(fake_backbone, OPERATOR, CONFIG, None, "P01")
    scores = []
    for example in viewed("P01", "left") * 2:
        rows = twin.predict(example.page, example.preferred)
        assert example.gaze is not None
        scores.append({row: metrics.kl(example.gaze.weights, p.attention) for row, p in rows.items()})
        assert watched(twin, example) == STEPS_PER_PAGE
    assert twin.observed == len(scores)
    late = {row: np.mean([s[row] for s in scores[-5:]]) for row in scores[-1]}
    assert late["twin"] < 0.7 * scores[0]["twin"]
    assert late["twin_combined"] < late["uniform"]
    assert late["participant_mean"] < late["uniform"]
    assert "participant_mean" not in scores[0]


def test_a_prediction_does_not_know_the_page_it_is_for(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    runs = []
    for click in (0, 9):
        twin = LiveTwin(fake_backbone, OPERATOR, CONFIG, None, "P01")
        watched(twin, examples[0])
        rows = twin.predict(examples[1].page, examples[1].preferred)
        runs.append({row: p.attention.tolist() for row, p in rows.items()})
        gaze = np.eye(len(examples[1].page.layout))[click]
        twin.observe(examples[1].page, examples[1].preferred, gaze, click, 30.0)
    assert runs[0] == runs[1]


def test_learning_stops_at_the_budget(fake_backbone: Any, viewed: Viewed) -> None:
    twin = LiveTwin(fake_backbone, OPERATOR, CONFIG, None, "P01")
    assert watched(twin, viewed("P01", "left")[0], budget_s=1e-9) == 0
    assert twin.observed == 1


def test_a_persona_starts_where_it_was_fitted_and_keeps_its_habit(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    splits = {e.page.screen_id: e.split for e in examples}
    material = Material("P01", examples[0].preferred, examples, splits, ())
    persona = value_of(fit_persona(fake_backbone, OPERATOR, material, CONFIG, None)).persona
    twin = LiveTwin(fake_backbone, OPERATOR, CONFIG, None, "P01", persona)
    page = examples[0].page
    first = twin.predict(page, examples[0].preferred)
    assert np.allclose(first["participant_mean"].attention, persona.habit.map.predict(page.layout))
    before = persona.prompt.tokens.clone()
    watched(twin, examples[0])
    assert torch.equal(persona.prompt.tokens, before)
    again = twin.predict(page, examples[0].preferred)
    assert np.array_equal(first["participant_mean"].attention, again["participant_mean"].attention)
    assert not np.array_equal(first["twin"].attention, again["twin"].attention)


@pytest.mark.parametrize("budget_s", [0.5])
def test_an_unpredicted_page_is_predicted_before_it_is_learned(
    fake_backbone: Any, viewed: Viewed, budget_s: float
) -> None:
    twin = LiveTwin(fake_backbone, OPERATOR, CONFIG, None, "P01")
    assert watched(twin, viewed("P01", "left")[0], budget_s) > 0
