from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest
import torch

from protocols.errors import NotEnoughExamples
from protocols.wire import Progress
from tuning.config import FitConfig
from tuning.events import Evaluated, Step, Warned
from tuning.examples import Example
from tuning.learner import attention_share
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.rollout import Rollout
from tuning.prompts import PromptBank
from tuning.tuner import Fitted, fit

Viewed = Callable[[str, str], list[Example]]
CONFIG = FitConfig(steps=40, prompt_length=2, basis_size=3, patience=50, prompt_scale=0.1)


def drained(generator: Generator[Any, None, Fitted]) -> tuple[list[Any], Fitted]:
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as stop:
            return events, stop.value


def test_a_fit_learns_to_look_like_the_viewer(fake_backbone: Any, viewed: Viewed) -> None:
    events, fitted = drained(fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG))
    evaluated = [e for e in events if isinstance(e, Evaluated)]
    steps = [e for e in events if isinstance(e, Step)]
    assert evaluated[0].step == 0
    assert fitted.scores["kl"] < 0.5 * evaluated[0].scores["kl"]
    assert steps[-1].attention < 0.5 * steps[0].attention
    assert fitted.scores == next(e.scores for e in evaluated if e.step == fitted.step)


@pytest.mark.parametrize("placement", ["front", "after-image"])
def test_the_papers_objective_fits_through_second_derivatives(
    fake_backbone: Any, viewed: Viewed, placement: str
) -> None:
    config = FitConfig.paper().model_copy(
        update={"placement": placement, "steps": 15, "prompt_length": 2, "prompt_scale": 0.1, "patience": 9}
    )
    events, _ = drained(fit(fake_backbone, AttnLRP(1), viewed("P01", "left"), config))
    steps = [e for e in events if isinstance(e, Step)]
    assert steps[-1].loss < steps[0].loss


def test_the_same_seed_gives_the_same_events_and_prompt(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "top") + viewed("P02", "right")
    runs = [drained(fit(fake_backbone, Rollout(1), examples, CONFIG)) for _ in range(2)]
    other = drained(fit(fake_backbone, Rollout(1), examples, CONFIG.model_copy(update={"seed": 1})))
    assert runs[0][0] == runs[1][0]
    assert torch.equal(runs[0][1].bank.basis, runs[1][1].bank.basis)
    assert runs[0][0] != other[0]


def test_a_newcomer_leaves_the_basis_as_it_was(fake_backbone: Any, viewed: Viewed) -> None:
    _, cohort = drained(fit(fake_backbone, Rollout(1), viewed("P01", "left") + viewed("P02", "top"), CONFIG))
    before = {name: t.clone() for name, t in cohort.bank.tensors().items()}
    for personal in (False, True):
        config = CONFIG.model_copy(update={"personal_prompt": personal})
        _, fitted = drained(fit(fake_backbone, Rollout(1), viewed("P09", "left"), config, cohort.bank))
        assert torch.equal(fitted.bank.basis, before["basis"])
        assert fitted.bank.participants == ("P09",)
        assert fitted.like == "P01"  # who looked to the left, too
        assert (fitted.bank.personal is not None) == personal
    assert all(torch.equal(t, before[name]) for name, t in cohort.bank.tensors().items())


def test_a_newcomer_whom_no_step_helps_keeps_the_prompt_of_the_most_alike(
    fake_backbone: Any, viewed: Viewed
) -> None:
    _, cohort = drained(fit(fake_backbone, Rollout(1), viewed("P01", "left") + viewed("P02", "top"), CONFIG))
    idle = {"attention_weight": 0.0, "click_weight": 0.0, "anchor_weight": 0.0}  # no step can be better
    away = CONFIG.model_copy(update={"steps": 3, **idle})
    _, fitted = drained(fit(fake_backbone, Rollout(1), viewed("P09", "left"), away, cohort.bank))
    assert (fitted.step, fitted.like) == (0, "P01")
    assert torch.allclose(fitted.bank.prompt("P09").tokens, cohort.bank.prompt("P01").tokens)


def test_test_screens_do_not_touch_the_fit(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    blind = [e if e.split != "test" else replace(e, click=0, gaze=None) for e in examples]
    one, other = (drained(fit(fake_backbone, Rollout(1), x, CONFIG)) for x in (examples, blind))
    assert one[0] == other[0]
    assert torch.equal(one[1].bank.logits, other[1].bank.logits)


def test_pages_are_prepared_once(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    drained(fit(fake_backbone, Rollout(1), examples, CONFIG))
    assert fake_backbone.prepared == sum(e.split != "test" for e in examples)


def test_a_fit_can_be_stopped_between_steps(fake_backbone: Any, viewed: Viewed) -> None:
    running = fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG)
    steps = (e.step for e in running if isinstance(e, Step))
    assert [next(steps) for _ in range(3)] == [1, 2, 3]
    running.close()
    assert list(running) == []


def test_a_fit_says_how_far_its_preparations_are(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    events, _ = drained(fit(fake_backbone, Rollout(1), examples, CONFIG))
    first = next(n for n, e in enumerate(events) if isinstance(e, Step))
    told = [e for e in events[:first] if isinstance(e, Progress)]
    assert len(told) > sum(e.split != "test" for e in examples)
    assert {e.unit for e in told} == {"pages"}


def test_the_papers_warm_up_leaves_attention_out_at_first(fake_backbone: Any, viewed: Viewed) -> None:
    config = FitConfig.paper().model_copy(
        update={"operator": "rollout", "steps": 10, "attention_warmup_steps": 4, "prompt_length": 2}
    )
    events, _ = drained(fit(fake_backbone, Rollout(1), viewed("P01", "left"), config))
    steps = [e for e in events if isinstance(e, Step)]
    shares = [
        (e.loss - config.click_weight * e.click - e.penalty) / config.attention_weight / e.attention
        if e.attention
        else 0.0
        for e in steps
    ]
    expected = [0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1]
    assert shares == pytest.approx(expected, abs=1e-3)
    assert [attention_share(n, 4) for n in range(10)] == expected


def test_the_papers_epoch_score_is_what_selects(fake_backbone: Any, viewed: Viewed) -> None:
    config = FitConfig.paper().model_copy(update={"operator": "rollout", "steps": 20, "prompt_length": 2})
    events, fitted = drained(fit(fake_backbone, Rollout(1), viewed("P01", "left"), config))
    looks = [e for e in events if isinstance(e, Evaluated)]
    weights = {"cosine": 0.1, "csh1": 0.2, "csh3": 0.25, "tgo3": 0.2, "accuracy": 0.25, "coarse_js": -0.1}
    worth = [sum(w * e.scores[name] for name, w in weights.items()) for e in looks]
    assert fitted.step == looks[worth.index(max(worth))].step


def test_the_signal_to_fit_and_the_signal_to_judge_by_are_apart(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    gaze, cursor = (
        drained(fit(fake_backbone, Rollout(1), examples, CONFIG.model_copy(update={"train_signal": s})))
        for s in ("fixation", "cursor")
    )
    first = [next(e for e in run[0] if isinstance(e, Evaluated)) for run in (gaze, cursor)]
    assert first[0] == first[1]
    assert gaze[1].scores["kl"] < cursor[1].scores["kl"]


def test_without_validation_screens_the_fit_says_so(fake_backbone: Any, viewed: Viewed) -> None:
    examples = [e for e in viewed("P01", "left") if e.split == "train"]
    events, fitted = drained(fit(fake_backbone, Rollout(1), examples, CONFIG))
    assert sum(isinstance(e, Warned) for e in events) == 1
    assert (fitted.step, fitted.scores) == (CONFIG.steps, {})


def test_nothing_to_fit_is_an_error(fake_backbone: Any, viewed: Viewed) -> None:
    empty = [replace(e, gaze=None) for e in viewed("P01", "left")]
    with pytest.raises(NotEnoughExamples, match="fixation"):
        drained(fit(fake_backbone, Rollout(1), empty, CONFIG))
    clickless = [replace(e, click=None) for e in viewed("P01", "left")]
    with pytest.raises(NotEnoughExamples, match="click"):
        drained(fit(fake_backbone, AttnLRP(1), clickless, FitConfig.paper()))


def test_two_newcomers_at_once_are_refused(fake_backbone: Any, viewed: Viewed) -> None:
    bank = PromptBank.fresh(["A"], (2, 2, 8), 0.1, seed=0)
    with pytest.raises(NotEnoughExamples, match="P01, P02"):
        drained(fit(fake_backbone, Rollout(1), viewed("P01", "left") + viewed("P02", "top"), CONFIG, bank))
