from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from protocols.errors import NotEnoughExamples, PersonaMismatch
from tuning.cohort import Cohort, fit_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan
from tuning.evaluate import compare, verdicts
from tuning.events import ROWS, Comparison, Warned
from tuning.examples import Example
from tuning.fitting import Result, fit_persona
from tuning.metrics import METRICS
from tuning.probing.rollout import Rollout
from tuning.recordings import Material

Viewed = Callable[[str, str], list[Example]]
CONFIG = FitConfig(steps=40, prompt_length=2, basis_size=3, patience=50, prompt_scale=0.1)
OPERATOR = Rollout(1)


def value_of(generator: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as stop:
            return events, stop.value


def material(examples: list[Example]) -> Material:
    splits = {e.page.screen_id: e.split for e in examples}
    return Material(examples[0].participant, examples[0].preferred, examples, splits, ())


@pytest.fixture
def cohort(fake_backbone: Any, viewed: Viewed) -> Cohort:
    examples = [
        e for name, habit in (("A", "top"), ("B", "right"), ("C", "centre")) for e in viewed(name, habit)
    ]
    plan = CohortPlan(viewers=3, screens=10)
    return value_of(fit_cohort(fake_backbone, OPERATOR, examples, plan, CONFIG))[1]


@pytest.fixture
def result(fake_backbone: Any, viewed: Viewed, cohort: Cohort) -> Result:
    return value_of(fit_persona(fake_backbone, OPERATOR, material(viewed("P01", "left")), CONFIG, cohort))[1]


def test_every_row_has_every_metric(result: Result) -> None:
    assert set(result.comparison.heldout) == set(ROWS)
    for scores in result.comparison.heldout.values():
        assert set(scores) == set(METRICS)
    assert set(result.comparison.smoothed_logloss) == {
        "participant_mean",
        "participant_mean_genre",
        "population_mean",
    }
    assert result.comparison.missing == {}


def test_a_fitted_twin_beats_what_knows_nothing_of_the_participant(result: Result) -> None:
    kl = {row: scores["kl"] for row, scores in result.comparison.heldout.items()}
    assert kl["twin"] < min(kl[r] for r in ("backbone", "random_prompt", "shared_prompt", "uniform"))
    assert kl["participant_mean"] < min(kl["uniform"], kl["population_mean"])
    assert kl["twin_combined"] < kl["twin"]


def test_averages_are_those_of_the_single_views(result: Result) -> None:
    single = [j.scores["twin"]["kl"] for j in result.comparison.judged]
    assert result.comparison.heldout["twin"]["kl"] == pytest.approx(np.mean(single))
    assert result.comparison.counts["with_attention"] == len(single)


def test_test_clicks_leak_into_no_model_output_and_no_attention_metric(
    fake_backbone: Any, viewed: Viewed, result: Result, cohort: Cohort
) -> None:
    examples = viewed("P01", "left")
    permuted = [
        replace(e, click=(e.click + 7) % len(e.page.layout)) if e.split == "test" else e for e in examples
    ]
    before, after = (
        compare(fake_backbone, OPERATOR, result.persona, cohort, x) for x in (examples, permuted)
    )
    for old, new in zip(before.judged, after.judged, strict=True):
        assert old.views == new.views
        assert old.click != new.click
    for row in ROWS:
        for metric in ("kl", "js", "cosine", "tgo3"):
            assert before.heldout[row][metric] == after.heldout[row][metric]
    again = value_of(fit_persona(fake_backbone, OPERATOR, material(permuted), CONFIG, cohort))[1]
    assert torch.equal(again.persona.prompt.tokens, result.persona.prompt.tokens)
    assert np.array_equal(again.persona.habit.pooling.click, result.persona.habit.pooling.click)


def test_test_gaze_leaks_into_no_model_output(
    fake_backbone: Any, viewed: Viewed, result: Result, cohort: Cohort
) -> None:
    blurred = [replace(e, gaze=e.cursor) if e.split == "test" else e for e in viewed("P01", "left")]
    again = value_of(fit_persona(fake_backbone, OPERATOR, material(blurred), CONFIG, cohort))[1]
    for old, new in zip(result.comparison.judged, again.comparison.judged, strict=True):
        assert old.views == new.views


def test_views_that_cannot_be_judged_are_counted(
    fake_backbone: Any, viewed: Viewed, result: Result, cohort: Cohort
) -> None:
    examples = viewed("P01", "left")
    test = [i for i, e in enumerate(examples) if e.split == "test"]
    examples[test[0]] = replace(examples[test[0]], gaze=None)
    examples[test[1]] = replace(examples[test[1]], click=None)
    found = compare(fake_backbone, OPERATOR, result.persona, cohort, examples)
    assert found.skipped == {
        "no fixation dwell on any poster": 1,
        "no click: judged by attention alone": 1,
    }
    assert found.counts["views"] == len(test)
    assert found.counts["with_click"] == len(test) - 2
    blind = [replace(e, gaze=None) for e in examples]
    with pytest.raises(NotEnoughExamples, match="P01"):
        compare(fake_backbone, OPERATOR, result.persona, cohort, blind)


def test_without_a_cohort_the_missing_rows_are_named(fake_backbone: Any, viewed: Viewed) -> None:
    events, found = value_of(
        fit_persona(fake_backbone, OPERATOR, material(viewed("P01", "left")), CONFIG, None)
    )
    assert isinstance(events[0], Warned)
    assert set(found.comparison.missing) == {"shared_prompt", "population_mean"}
    assert set(found.comparison.heldout) == set(ROWS) - set(found.comparison.missing)


def test_another_backbone_is_refused(fake_backbone: Any, viewed: Viewed, result: Result) -> None:
    fake_backbone.spec = replace(fake_backbone.spec, digest="1" * 64)
    with pytest.raises(PersonaMismatch, match="fake"):
        compare(fake_backbone, OPERATOR, result.persona, None, viewed("P01", "left"))


def test_a_lost_comparison_is_said_in_words() -> None:
    scores = {
        "twin": {"kl": 0.6, "auc": 0.7},
        "twin_combined": {"kl": 0.3, "auc": 0.9},
        "participant_mean": {"kl": 0.5, "auc": 0.6},
        "uniform": {"kl": 0.9, "auc": 0.5},
    }
    assert verdicts(scores) == (
        "The twin does not beat the participant's own mean map on KL 0.600 against 0.500.",
    )


def test_a_comparison_travels_as_one_line_of_json(result: Result) -> None:
    from protocols.wire import decode, encode

    assert decode(encode(result.comparison), Comparison) == result.comparison
