"""Drawn viewers in no cohort: five training pages each out of twenty that all may have seen, six held out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from acquisition.viewer.policy import draw_viewer
from protocols.carousel import GENRES
from protocols.stimulus import Page
from tuning.drawn_viewers import CohortPlan, drawn_page, viewed_page
from tuning.examples import Split
from tuning.recordings import Material

SEED = 90_210
SCREENS, TRAIN, TEST = 20, 5, 6


def person(number: int) -> Material:
    """Return what one viewer saw, looked at and clicked."""
    rng = np.random.default_rng([SEED, number])
    viewer, name = draw_viewer(rng, GENRES), f"N{number:04d}"
    chosen = [int(n) for n in rng.permutation(SCREENS)[:TRAIN]]
    seen: list[tuple[Page, Split]] = [(_page(n), "train") for n in chosen]
    seen += [(_page(n), "test") for n in range(SCREENS, SCREENS + TEST)]
    examples = [viewed_page(_plan(), rng, viewer, p, name, i, s) for i, (p, s) in enumerate(seen)]
    return Material(name, viewer.preferred, examples, {p.screen_id: s for p, s in seen}, ())


def _plan() -> CohortPlan:
    return CohortPlan(seed=SEED)


@lru_cache(maxsize=SCREENS + TEST)
def _page(number: int) -> Page:
    return drawn_page(_plan(), number)
