"""A stand-in backbone, differentiable in its prompt and fast, and viewers whose true attention is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from acquisition.viewer.policy import Viewer, attention, click_distribution
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.backbones.base import BackboneSpec, Past, Placement, Plan, Prepared, Trace
from tuning.backbones.grid import TokenGrid, slot_weights
from tuning.examples import Example
from tuning.splits import split_screens

WIDTH, GRID, HEADS = 8, (9, 10), 2


class FakeBackbone:
    """Looks where the mean of its prompt says: token features are smooth functions of position."""

    def __init__(self) -> None:
        self.spec = BackboneSpec("fake", "0" * 64, WIDTH, 2, HEADS, "rope_1d", 1.0)
        self.prepared = 0
        y, x = np.mgrid[0 : GRID[0], 0 : GRID[1]]
        x, y = (x.ravel() / GRID[1] - 0.5), (y.ravel() / GRID[0] - 0.5)
        features = [x, y, x * x, y * y, x * y, x * x * x, y * y * y, np.ones_like(x)]
        self._tokens = torch.tensor(np.stack(features, 1), dtype=torch.float32)

    def prepare(self, page: Page, preferred: Sequence[str]) -> Prepared:
        self.prepared += 1
        question = torch.full((1 + len(preferred), WIDTH), 0.1)
        count = len(self._tokens)
        return Prepared(
            prefix=self._tokens,
            question=question,
            prefix_positions=torch.zeros(3, count, dtype=torch.long),
            question_positions=torch.zeros(3, len(question), dtype=torch.long),
            image=slice(0, count),
            deepstack=(),
            slot_weights=torch.tensor(slot_weights(page.layout, (TokenGrid(*GRID),)), dtype=torch.float32),
            letters=torch.arange(len(page.layout)),
            past=lambda _plan: Past((), (), ()),
        )

    def trace(
        self,
        prepared: Sequence[Prepared],
        prompts: Tensor | None,
        placement: Placement,  # noqa: ARG002 - both placements are the same to this stand-in
        plan: Plan,
    ) -> Trace:
        n = 0 if prompts is None else prompts.shape[1]
        query = torch.zeros(len(prepared), WIDTH) if prompts is None else prompts.mean(1)
        keys = torch.stack([torch.cat([p.prefix, p.question]) for p in prepared])
        scores = torch.einsum("bd,btd->bt", query, keys) * 4
        scores = torch.cat([torch.zeros(len(prepared), n), scores], 1)
        row = torch.softmax(scores, -1)[:, None].expand(-1, HEADS, -1)
        if plan.gradients and not row.requires_grad:
            row = row.clone().requires_grad_()
        image = slice(n, n + len(prepared[0].prefix))
        slots = max(len(p.letters) for p in prepared)
        weights = torch.stack(
            [
                torch.cat([p.slot_weights, torch.zeros(slots - len(p.letters), p.slot_weights.shape[1])])
                for p in prepared
            ]
        )
        beyond = torch.tensor([[s >= len(p.letters) for s in range(slots)] for p in prepared])
        with torch.set_grad_enabled(torch.is_grad_enabled() or plan.gradients):
            logits = 20 * torch.einsum("bsi,bi->bs", weights, row.mean(1)[:, image])
            logits = logits.masked_fill(beyond, -torch.inf)
        return Trace(logits, (row, row), (), image, weights)


@pytest.fixture
def fake_backbone() -> FakeBackbone:
    return FakeBackbone()


@pytest.fixture(scope="session")
def pages() -> list[Page]:
    """Ten pages of ten screens; some are scrolled, so that 10 and 15 slots occur."""
    found = []
    for i in range(10):
        screen = invented_screen(np.random.default_rng([5, i]), f"screen-{i}", "rows")
        viewport = Viewport(200.0 if i % 4 == 3 else 0.0, (0,) * 10)
        found.append(render(screen, viewport, letters=True))
    return found


@pytest.fixture(scope="session")
def viewed(pages: list[Page]) -> Callable[[str, str], list[Example]]:
    """Return examples of one simulated viewer with a given habit, noise-free attention and drawn clicks."""

    def of(participant: str, habit: str) -> list[Example]:
        viewer = Viewer(habit, 1.2, 0.6, 3.0, 0.5, ("Drama", "Comedy", "Horror"))
        rng = np.random.default_rng(len(participant))
        splits = split_screens((p.screen_id for p in pages), seed=1)
        return [_example(participant, viewer, page, rng, trial, splits) for trial, page in enumerate(pages)]

    return of


def _example(
    participant: str, viewer: Viewer, page: Page, rng: np.random.Generator, trial: int, splits: dict
) -> Example:
    gaze = attention(viewer, page.layout, page.films)
    click = int(rng.choice(len(gaze), p=click_distribution(viewer, page.layout, page.films)))
    return Example(
        page=page,
        gaze=SlotDistribution.of(gaze, "fixation"),
        cursor=SlotDistribution.of(gaze[::-1].copy(), "cursor"),
        click=click,
        participant=participant,
        preferred=viewer.preferred,
        trial=trial,
        split=splits[page.screen_id],
    )
