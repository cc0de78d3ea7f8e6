"""Simulated viewers for a cohort: documented distributions, invented screens, as noisy as people.

Seeds start with a tag of their own, and screens come from a pool of films of their own, so no demonstration
participant and no demonstration screen is among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from acquisition.viewer.policy import Viewer, attention, click_distribution, draw_viewer
from protocols.carousel import GENRES, PAGE_SIZE_PX, content_height_px
from protocols.geometry import FloatArray
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.examples import Example, Split

SEED_TAG = 0x636F686F7274
"""First entry of every seed of the cohort; spells "cohort"."""
POOL_SEED = 20_011
"""The cohort's own pool of invented films."""

Count = Annotated[int, Field(ge=1)]


class CohortPlan(BaseModel):
    """Which simulated viewers look at which pages.

    Attributes:
        viewers: number of participants, V01, V02 ...
        screens: training screens, of which each viewer sees some.
        pages: how many each viewer sees.
        val_screens: further screens, for choosing the step only.
        val_pages: how many of these each viewer sees.
        fixations: fewest and most fixations per page; their number is uniform in between.
        dwell_ms: median of the log-normal fixation durations.
        dwell_sigma: standard deviation of their logarithm.
        seed: second entry of every seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    viewers: Count = 32
    screens: Count = 120
    pages: Count = 24
    val_screens: Count = 16
    val_pages: Count = 6
    fixations: tuple[int, int] = (10, 30)
    dwell_ms: float = 220.0
    dwell_sigma: float = 0.5
    seed: int = 0


def simulated_examples(plan: CohortPlan) -> list[Example]:
    """Draw viewers, screens, fixations and clicks; the same plan gives the same examples."""
    pages = [drawn_page(plan, number) for number in range(plan.screens + plan.val_screens)]
    train, val = pages[: plan.screens], pages[plan.screens :]
    return [e for number in range(plan.viewers) for e in _viewed(plan, number, train, val)]


def drawn_page(plan: CohortPlan, number: int) -> Page:
    """Draw one screen; every third page is scrolled to a random place, and rows may be swiped."""
    rng = np.random.default_rng([SEED_TAG, plan.seed, 1, number])
    kind: Literal["rows", "mixed"] = "rows" if number % 2 else "mixed"
    screen = invented_screen(rng, f"cohort-{number:02d}", kind, pool_seed=POOL_SEED)
    scroll_px = (
        float(rng.integers(0, content_height_px(screen) - PAGE_SIZE_PX[1])) if number % 3 == 2 else 0.0
    )
    swipes = tuple(int(s) for s in rng.integers(0, 3, size=len(screen.rows)))
    return render(screen, Viewport(scroll_px, swipes), letters=True)


def _viewed(plan: CohortPlan, number: int, train: Sequence[Page], val: Sequence[Page]) -> Iterator[Example]:
    rng = np.random.default_rng([SEED_TAG, plan.seed, 2, number])
    viewer = draw_viewer(rng, GENRES)
    seen: list[tuple[Page, Split]] = [(train[i], "train") for i in rng.permutation(len(train))[: plan.pages]]
    seen += [(val[i], "val") for i in rng.permutation(len(val))[: plan.val_pages]]
    for trial, (page, split) in enumerate(seen):
        yield viewed_page(plan, rng, viewer, page, f"V{number + 1:02d}", trial, split)


def viewed_page(
    plan: CohortPlan,
    rng: np.random.Generator,
    viewer: Viewer,
    page: Page,
    participant: str,
    trial: int,
    split: Split,
) -> Example:
    """Draw one viewer's fixations and click on one page."""
    expected = attention(viewer, page.layout, page.films)
    choice = click_distribution(viewer, page.layout, page.films)
    return Example(
        page=page,
        gaze=SlotDistribution.of(_dwell_ms(rng, expected, plan), "fixation"),
        cursor=None,
        click=int(rng.choice(len(choice), p=choice)),
        participant=participant,
        preferred=viewer.preferred,
        trial=trial,
        split=split,
    )


def _dwell_ms(rng: np.random.Generator, expected: FloatArray, plan: CohortPlan) -> FloatArray:
    """Draw fixations on slots and sum their durations, (n,): as noisy as a short recording."""
    count = int(rng.integers(plan.fixations[0], plan.fixations[1] + 1))
    slots = rng.choice(len(expected), size=count, p=expected)
    durations = plan.dwell_ms * np.exp(plan.dwell_sigma * rng.standard_normal(count))
    return np.bincount(slots, weights=durations, minlength=len(expected)).astype(np.float64)
