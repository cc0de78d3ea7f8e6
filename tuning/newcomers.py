"""Fits the coefficients of many newcomers at once over a finished basis, without a gradient.

A newcomer's prompt is a mixture of basis prompts; the prompts of earlier participants are good mixtures. So
each newcomer tries them all on two training pages, the best eight on all pages, then mixtures of the best
three, and keeps what explains the pages best. Nothing but forward passes is needed, and all newcomers who saw
a page look at it in one batch that shares the page's frozen states. On drawn viewers this explains held-out
pages as well as 120 optimiser steps on the same coefficients (docs/scale.md).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from protocols.errors import NotEnoughExamples
from protocols.wire import Progress
from tuning.backbones.base import Backbone
from tuning.config import FitConfig
from tuning.items import Item, padded
from tuning.losses import anchor_losses, click_losses, generalised_kls
from tuning.predictions import length_groups
from tuning.probing.base import ProbingOperator, look
from tuning.prompts import PromptBank

FIRST_PAGES, KEPT, BEST = 2, 8, 3
SHARES = (1 / 3, 2 / 3)
ROWS = 256
"""Prompts on one page per forward pass: more do not fit the processor's cache and are no faster."""


@dataclass(frozen=True, eq=False)
class _Case:
    """One training page of one newcomer, to be seen with some mixtures."""

    person: int
    item: Item


def search(
    backbone: Backbone,
    operator: ProbingOperator,
    people: Sequence[Sequence[Item]],
    bank: PromptBank,
    config: FitConfig,
) -> Generator[Progress, None, Tensor]:
    """Find every newcomer's mixture of the basis.

    Args:
        backbone: frozen.
        operator: how attention is read.
        people: training pages of each newcomer, at least one.
        bank: earlier participants over the finished basis.
        config: settings; weights of the losses as in any fit.

    Yields:
        Progress in pages.

    Returns:
        Shares of the basis, (people, M), each row summing to 1.

    Raises:
        NotEnoughExamples: somebody has no training page.
    """
    _refuse_nobody(people)
    known = torch.softmax(bank.logits.detach(), -1).expand(len(people), -1, -1)
    few = [items[:FIRST_PAGES] for items in people]
    kept = _best(known, (yield from _scores(backbone, operator, few, known, bank, config)), KEPT)
    best = _best(kept, (yield from _scores(backbone, operator, people, kept, bank, config)), BEST)
    between = torch.stack([_between(own) for own in best])
    return _best(between, (yield from _scores(backbone, operator, people, between, bank, config)), 1)[:, 0]


def _best(mixtures: Tensor, losses: Tensor, count: int) -> Tensor:
    """Return everyone's mixtures (people, K, M) with the smallest losses (people, K), the best first."""
    order = losses.argsort(dim=1, stable=True)[:, :count]
    return mixtures.gather(1, order[:, :, None].expand(-1, -1, mixtures.shape[2]))


def _between(best: Tensor) -> Tensor:
    """Return the best mixture (of n, M), and mixtures of every two of them."""
    pairs = [s * best[i] + (1 - s) * best[j] for i, j in combinations(range(len(best)), 2) for s in SHARES]
    return torch.stack([best[0], *pairs])


def _scores(
    backbone: Backbone,
    operator: ProbingOperator,
    people: Sequence[Sequence[Item]],
    mixtures: Tensor,
    bank: PromptBank,
    config: FitConfig,
) -> Generator[Progress, None, Tensor]:
    """Return each mixture's (people, K, M) mean loss over the newcomer's training pages, (people, K)."""
    totals = torch.zeros(mixtures.shape[:2])
    groups = list(_by_page(people))
    for done, group in enumerate(groups):
        yield Progress(done=done, total=len(groups), unit="pages", message="Trying prompts")
        for case, losses in zip(
            group, _page_losses(backbone, operator, group, mixtures, bank, config), strict=True
        ):
            totals[case.person] += losses / len(people[case.person])
    return totals


def _by_page(people: Sequence[Sequence[Item]]) -> Iterator[list[_Case]]:
    """Yield the cases of one page after the other: they share its states."""
    pages: dict[str, list[_Case]] = {}
    for person, items in enumerate(people):
        for item in items:
            pages.setdefault(item.page, []).append(_Case(person, item))
    yield from pages.values()


def _page_losses(
    backbone: Backbone,
    operator: ProbingOperator,
    group: Sequence[_Case],
    mixtures: Tensor,
    bank: PromptBank,
    config: FitConfig,
) -> list[Tensor]:
    """Return the losses (K,) of every case's mixtures on one page."""
    count = mixtures.shape[1]
    rows = [(case.item, mixtures[case.person, k]) for case in group for k in range(count)]
    losses = torch.empty(len(rows))
    for same in length_groups([item.prepared for item, _ in rows]):
        for start in range(0, len(same), ROWS):
            some = same[start : start + ROWS]
            items = [rows[i][0] for i in some]
            shares = torch.stack([rows[i][1] for i in some])
            losses[torch.tensor(some)] = _row_losses(backbone, operator, items, shares, bank, config)
    return list(losses.view(len(group), count))


def _row_losses(
    backbone: Backbone,
    operator: ProbingOperator,
    items: Sequence[Item],
    shares: Tensor,
    bank: PromptBank,
    config: FitConfig,
) -> Tensor:
    prompts = torch.einsum("bm,mnd->bnd", shares, bank.basis.detach())
    with torch.no_grad():  # an operator that needs gradients enables them for itself
        seen = look(backbone, operator, [i.prepared for i in items], prompts, config.placement)
    slots = seen.attention.shape[1]
    gaze, present = padded([i.gaze for i in items], slots)
    bare, _ = padded([i.bare for i in items], slots)
    clicks = torch.tensor([i.click for i in items])
    return (
        config.attention_weight * generalised_kls(seen.attention, gaze, present, config.weight_power)
        + config.click_weight * click_losses(seen.log_choice, clicks)
        + config.anchor_weight * anchor_losses(seen.log_choice, bare)
    ).detach()


def _refuse_nobody(people: Sequence[Sequence[Item]]) -> None:
    empty = sum(not items for items in people)
    if empty or not people:
        raise NotEnoughExamples(
            f"{empty} of {len(people)} newcomers have no training page with attention.",
            "There is nothing to choose their prompt by.",
            "Record more pages, or leave them out.",
        )
