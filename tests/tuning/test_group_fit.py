"""Many newcomers at once: the same as one by one, whoever else is there; and the search finds the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from acquisition.viewer.policy import draw_viewer
from protocols.carousel import GENRES
from protocols.errors import NotEnoughExamples, TuningError
from tuning import metrics
from tuning.backbones.base import Backbone
from tuning.cohort import Cohort, shipped_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, drawn_page, viewed_page
from tuning.events import Warned
from tuning.examples import Example, Split
from tuning.fitting import Result, fit_persona
from tuning.group_fit import fit_group
from tuning.items import Item, items
from tuning.newcomers import search
from tuning.predictions import predictions
from tuning.probing.rollout import Rollout
from tuning.prompts import PromptBank, SoftPrompt
from tuning.recordings import Material
from tuning.registry import load_backbone
from tuning.taken import last
from tuning.tuner import fit

pytestmark = pytest.mark.engine

SEED, PEOPLE = 4711, 20
SPLITS: tuple[Split, ...] = ("train", "train", "train", "val", "test", "test")
CONFIG = FitConfig(method="search", personal_prompt=False)
ROUNDING = 1e-5
"""How far scores of the same prompt may be apart when other prompts share the pass, fp32."""


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("carousel-tiny")


@pytest.fixture(scope="module")
def cohort(backbone: Backbone) -> Cohort:
    found = shipped_cohort(backbone.spec, CONFIG)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def people() -> list[Material]:
    """Twenty viewers with different habits on the same pages, each in an order of their own."""
    plan = CohortPlan(seed=SEED)
    pages = [drawn_page(plan, number) for number in range(len(SPLITS))]
    found = []
    for number in range(PEOPLE):
        rng = np.random.default_rng([SEED, number])
        viewer, name = draw_viewer(rng, GENRES), f"N{number:02d}"
        seen = [(pages[i], SPLITS[i]) for i in rng.permutation(len(pages))]
        examples = [viewed_page(plan, rng, viewer, p, name, n, s) for n, (p, s) in enumerate(seen)]
        splits = {p.screen_id: s for p, s in seen}
        found.append(Material(name, viewer.preferred, examples, splits, ()))
    return found


@pytest.fixture(scope="module")
def together(backbone: Backbone, cohort: Cohort, people: list[Material]) -> dict[str, Result]:
    return by_name(last(fit_group(backbone, people, CONFIG, cohort)))


def by_name(results: Sequence[Result]) -> dict[str, Result]:
    return {r.persona.provenance.participant: r for r in results}


def agree(one: Result, other: Result) -> None:
    """Coefficients agree to the bit, for they are chosen, not computed; scores agree up to rounding."""
    assert torch.equal(one.persona.coefficients, other.persona.coefficients)
    assert torch.equal(one.persona.prompt.tokens, other.persona.prompt.tokens)
    for name, tensor in one.persona.tensors().items():
        torch.testing.assert_close(tensor, other.persona.tensors()[name], rtol=1e-3, atol=1e-4)
    assert one.persona.provenance.validation == pytest.approx(
        other.persona.provenance.validation, abs=ROUNDING
    )
    for row, scores in one.comparison.heldout.items():
        assert scores == pytest.approx(other.comparison.heldout[row], abs=100 * ROUNDING), row
    assert one.comparison.counts == other.comparison.counts


@pytest.mark.parametrize("number", [0, 13])
def test_who_is_fitted_alone_gets_the_same_as_among_twenty(
    number: int, backbone: Backbone, cohort: Cohort, people: list[Material], together: dict[str, Result]
) -> None:
    material = people[number]
    for alone in (
        last(fit_group(backbone, [material], CONFIG, cohort))[0],
        last(fit_persona(backbone, Rollout(), material, CONFIG, cohort)),
    ):
        agree(together[material.participant], alone)


def test_the_order_of_people_changes_nothing(
    backbone: Backbone, cohort: Cohort, people: list[Material], together: dict[str, Result]
) -> None:
    some = [people[i] for i in (11, 3, 19, 0, 7)]
    found = last(fit_group(backbone, some, CONFIG, cohort))
    assert [r.persona.provenance.participant for r in found] == [m.participant for m in some]
    for name, result in by_name(found).items():
        agree(together[name], result)


def test_twins_differ_and_know_their_own_participant_better_than_the_shared_prompt(
    together: dict[str, Result],
) -> None:
    found = torch.stack([r.persona.coefficients for r in together.values()])
    assert len(torch.unique(found, dim=0)) > PEOPLE // 2
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(PEOPLE))  # they are logarithms of the shares
    mean = {
        row: np.mean([r.comparison.heldout[row]["kl"] for r in together.values()])
        for row in ("twin", "shared_prompt")
    }
    assert mean["twin"] < 0.8 * mean["shared_prompt"]


def test_who_has_no_training_page_is_named_and_the_others_go_on(
    backbone: Backbone, cohort: Cohort, people: list[Material], together: dict[str, Result]
) -> None:
    blind = [e for e in people[1].examples if e.split != "train"]
    unjudged = [e for e in people[2].examples if e.split != "test"]
    group = [people[0], _with(people[1], blind), _with(people[2], unjudged)]
    job, warned = fit_group(backbone, group, CONFIG, cohort), []
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            results = end.value
            break
        warned += [event] if isinstance(event, Warned) else []
    assert [w.what.split(":")[0] for w in warned] == ["N01", "N02"]
    agree(together["N00"], results[0])
    assert len(results) == 1


def _with(material: Material, examples: list[Example]) -> Material:
    return Material(material.participant, material.preferred, examples, material.splits, ())


# ---- the search itself


def test_the_search_finds_what_trying_everything_finds(
    fake_backbone: Any, viewed: Callable[[str, str], list[Example]]
) -> None:
    basis = torch.zeros(4, 2, 8)  # the stand-in looks where a prompt points: left, right, up, down
    basis[0, :, 0], basis[1, :, 0], basis[2, :, 1], basis[3, :, 1] = -0.6, 0.6, -0.6, 0.6
    like = torch.tensor([[3.0, 0.0, 0.0, 0.5], [0.0, 0.0, 3.0, 0.5], [0.0, 3.0, 0.5, 0.0]])
    bank = PromptBank(["A", "B", "C"], basis, like, like.mean(0))
    known = torch.softmax(bank.logits.detach(), -1)
    every = [*known] + [
        s * known[i] + (1 - s) * known[j] for i, j in combinations(range(3), 2) for s in (1 / 3, 2 / 3)
    ]
    people = []
    for name, habit in (("P01", "left"), ("P002", "top"), ("P0003", "right")):
        people.append(last(items(fake_backbone, Rollout(1), viewed(name, habit), CONFIG, "train")))
    found = last(search(fake_backbone, Rollout(1), people, bank, CONFIG))
    chosen = set()
    for own, shares in zip(people, found, strict=True):
        losses = [_loss(fake_backbone, own, m, bank) for m in every]
        best = int(np.argmin(losses))
        torch.testing.assert_close(shares, every[best])
        chosen.add(best)
    assert len(chosen) > 1


def _loss(backbone: Any, own: Sequence[Item], shares: Tensor, bank: PromptBank) -> float:
    """Return what a fit minimises, written down directly, one page after the other."""
    prompt = SoftPrompt((shares[:, None, None] * bank.basis.detach()).sum(0), "")
    total = 0.0
    for item in own:
        (seen,) = predictions(backbone, Rollout(1), [item.prepared], prompt, CONFIG.placement)
        bare = item.bare.double().numpy()
        anchor = float(np.sum(bare * np.log(bare / seen.choice)))
        click = metrics.logloss(seen.choice, item.click)
        total += metrics.kl(item.gaze.double().numpy(), seen.attention) + 0.1 * click + 0.3 * anchor
    return total / len(own)


def test_a_search_needs_somebody_to_search_among(
    fake_backbone: Any, viewed: Callable[[str, str], list[Example]]
) -> None:
    with pytest.raises(TuningError, match="nobody to search among"):
        last(fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG))
    bank = PromptBank.fresh(["A"], (4, 2, 8), 1.0, seed=3)
    own = last(items(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG, "train"))
    with pytest.raises(NotEnoughExamples, match="1 of 2 newcomers"):
        last(search(fake_backbone, Rollout(1), [own, []], bank, CONFIG))


def test_shares_of_nothing_stay_finite_and_come_back() -> None:
    bank = PromptBank.fresh(["A", "B"], (4, 2, 8), 1.0, seed=3)
    shares = torch.tensor([0.0, 0.25, 0.75, 0.0])
    own = bank.mixed("P01", shares)
    assert torch.isfinite(own.logits).all()
    torch.testing.assert_close(torch.softmax(own.logits.detach()[0], -1), shares, atol=1e-9, rtol=1e-6)
    expected = torch.einsum("m,mnd->nd", shares, bank.basis.detach())
    torch.testing.assert_close(own.prompt("P01").tokens, expected)
