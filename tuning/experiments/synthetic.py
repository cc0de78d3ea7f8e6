"""A synthetic cohort that can fail: invented participants with known policies, some without any.

A participant's expected dwell on a page is a product of three influences::

    attention ∝ exp(habit_strength · habit + genre_pull · affinity + salience_pull · salience)

`habit` and `affinity` are those of `acquisition.viewer.policy`; `salience` is the standardised contrast of
the poster on the page. Fixations follow one another: with probability `persistence` the next one stays on
the same slot, otherwise it is drawn afresh. Persistence makes a page's dwell patchier without moving its
expectation.

Distributions: the viewer from `draw_viewer`; salience pull U(0, 0.8); persistence U(0, 0.5); number of
fixations per page uniform between the plan's bounds; durations log-normal. Participants *without a stable
pattern* answer the questionnaire like the others and then draw a whole new policy, likes included, on every
page: whatever is learned on training pages is worth nothing on the next page, and a twin must say so.

Screens come from two pools of invented films of their own, one for training, one for held-out screens: no
model and no shipped cohort has seen them, and no film is on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from acquisition.viewer.policy import Viewer, affinity, attention, draw_viewer
from protocols.carousel import GENRES, PAGE_SIZE_PX, content_height_px
from protocols.geometry import FloatArray
from protocols.invented import Kind, invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.drawn_viewers import Count
from tuning.examples import Example, Split

SEED_TAG = 0x73747564
"""First entry of every seed; spells "stud"."""
TRAINING_POOL, HELD_OUT_POOL = 30_011, 30_013
_PAGES_KEPT = 128
_SCREENS, _POLICY, _LOOKS = 1, 2, 3


class ScreenPlan(BaseModel):
    """What every participant of a synthetic cohort is shown, and how they look; see the module.

    Attributes:
        training: training screens, those for choosing the step included.
        validation: how many of them choose the step.
        heldout: screens for judging.
        fixations: fewest and most fixations per page.
        dwell_ms: median of the log-normal fixation durations.
        dwell_sigma: standard deviation of their logarithm.
        cursor_lag: share of a page's cursor dwell that is spread evenly over all slots; the rest follows the
            expected attention.
        seed: of everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: Annotated[int, Field(ge=3)] = 30
    validation: Count = 4
    heldout: Count = 10
    fixations: tuple[Count, Count] = (10, 30)
    dwell_ms: Annotated[float, Field(gt=0)] = 220.0
    dwell_sigma: Annotated[float, Field(ge=0)] = 0.5
    cursor_lag: Annotated[float, Field(ge=0, le=1)] = 0.4
    seed: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, eq=False)
class Policy:
    """How one participant looks and chooses; see the module."""

    viewer: Viewer
    salience_pull: float
    persistence: float

    def attention(self, page: Page) -> FloatArray:
        """Return the expected share of dwell per slot, (n,), summing to 1."""
        score = np.log(attention(self.viewer, page.layout, page.films))
        return _softmax(score + self.salience_pull * salience(page))

    def clicks(self, page: Page) -> FloatArray:
        """Return click probabilities per slot, (n,), summing to 1."""
        liked = self.viewer.click_pull * affinity(page.films, self.viewer.preferred)
        return _softmax(liked + self.viewer.click_gaze * np.log(self.attention(page)))


def draw_policy(rng: np.random.Generator) -> Policy:
    """Draw a policy from the documented distributions."""
    viewer = draw_viewer(rng, GENRES)
    return Policy(viewer, float(rng.uniform(0.0, 0.8)), float(rng.uniform(0.0, 0.5)))


@lru_cache(maxsize=_PAGES_KEPT)
def salience(page: Page) -> FloatArray:
    """Return how much each poster stands out, (n,), mean 0 and standard deviation 1 over the page.

    Standard deviation of the poster's brightness: a busy or high-contrast poster draws the eye.
    """
    boxes = page.layout.boxes().round().astype(int)
    grey = page.image.mean(axis=2)
    contrast = np.array([grey[top:bottom, left:right].std() for left, top, right, bottom in boxes])
    spread = contrast.std()
    found = np.asarray((contrast - contrast.mean()) / spread if spread > 0 else contrast * 0)
    found.flags.writeable = False  # it is kept
    return found


@dataclass(frozen=True, eq=False)
class Acted:
    """One page view, and the policy that was acting: what a perfect model would know."""

    example: Example
    policy: Policy


def synthetic_views(plan: ScreenPlan, number: int, pseudonym: str, *, stable: bool) -> list[Acted]:
    """Draw everything one participant does; nobody else's number, and no count, changes it.

    Args:
        plan: screens and looks.
        number: which participant, from 0.
        pseudonym: their name in the examples.
        stable: whether they have one policy, or a new one on every page.
    """
    policy = draw_policy(np.random.default_rng([SEED_TAG, plan.seed, _POLICY, number]))
    rng = np.random.default_rng([SEED_TAG, plan.seed, _LOOKS, number])
    views = []
    for trial, index in enumerate(rng.permutation(plan.training + plan.heldout)):
        page = synthetic_page(plan.seed, int(index), held_out=bool(index >= plan.training))
        acting = policy if stable else draw_policy(rng)
        seen = _look(rng, acting, page, plan)
        likes = policy.viewer.preferred
        views.append(Acted(_example(seen, page, pseudonym, likes, trial, _split(plan, int(index))), acting))
    return views


@lru_cache(maxsize=_PAGES_KEPT)
def synthetic_page(seed: int, index: int, *, held_out: bool) -> Page:
    """Draw one screen; half in genre rows, half mixed; every third is scrolled, rows may be swiped."""
    rng = np.random.default_rng([SEED_TAG, seed, _SCREENS, index])
    kind: Kind = "rows" if index % 2 else "mixed"
    pool = HELD_OUT_POOL if held_out else TRAINING_POOL
    screen = invented_screen(rng, f"{'held' if held_out else 'train'}-{index:03d}", kind, pool_seed=pool)
    top = float(rng.integers(0, content_height_px(screen) - PAGE_SIZE_PX[1])) if index % 3 == 2 else 0.0
    swipes = tuple(int(s) for s in rng.integers(0, 3, size=len(screen.rows)))
    return render(screen, Viewport(top, swipes), letters=True)


@dataclass(frozen=True, eq=False)
class _Seen:
    dwell_ms: FloatArray
    cursor_ms: FloatArray
    click: int


def _look(rng: np.random.Generator, policy: Policy, page: Page, plan: ScreenPlan) -> _Seen:
    expected, choice = policy.attention(page), policy.clicks(page)
    count = int(rng.integers(plan.fixations[0], plan.fixations[1] + 1))
    slots = _persistent(rng, expected, count, policy.persistence)
    durations = plan.dwell_ms * np.exp(plan.dwell_sigma * rng.standard_normal(count))
    dwell = np.bincount(slots, weights=durations, minlength=len(expected)).astype(np.float64)
    blurred = (1 - plan.cursor_lag) * expected + plan.cursor_lag / len(expected)
    cursor = rng.multinomial(max(count // 3, 1), blurred).astype(np.float64) * plan.dwell_ms
    return _Seen(dwell, cursor, int(rng.choice(len(choice), p=choice)))


def _persistent(rng: np.random.Generator, expected: FloatArray, count: int, persistence: float) -> FloatArray:
    """Draw slots of consecutive fixations; each stays where the last one was with the given probability."""
    fresh = rng.choice(len(expected), size=count, p=expected)
    moves = rng.random(count) >= persistence
    moves[0] = True
    return np.asarray(fresh[np.maximum.accumulate(np.where(moves, np.arange(count), 0))])


def _example(
    seen: _Seen, page: Page, pseudonym: str, likes: tuple[str, ...], trial: int, split: Split
) -> Example:
    return Example(
        page=page,
        gaze=SlotDistribution.of(seen.dwell_ms, "fixation"),
        cursor=SlotDistribution.of(seen.cursor_ms, "cursor"),
        click=seen.click,
        participant=pseudonym,
        preferred=likes,
        trial=trial,
        split=split,
    )


def _split(plan: ScreenPlan, index: int) -> Split:
    if index >= plan.training:
        return "test"
    kind: Literal["val", "train"] = "val" if index >= plan.training - plan.validation else "train"
    return kind


def _softmax(score: FloatArray) -> FloatArray:
    weight = np.exp(score - score.max())
    return np.asarray(weight / weight.sum())
