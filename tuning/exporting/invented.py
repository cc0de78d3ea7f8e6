"""Personas of nobody: for contract checks and examples of other packages. Their prompts are random numbers.

Habits and tables are those of simulated viewers (`acquisition.viewer.policy`) on invented films.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from acquisition.viewer.policy import Viewer, attention, click_distribution
from protocols.carousel import GENRES
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.backbones.base import Backbone, Placement
from tuning.baselines import PositionMap
from tuning.cohort import looked_of
from tuning.config import FitConfig
from tuning.examples import Example
from tuning.exporting.contract import Personas, Subject
from tuning.habit import UNFITTED, Habit
from tuning.persona import Persona
from tuning.prompts import SoftPrompt
from tuning.provenance import LayoutReference, Provenance, UseReference
from tuning.registry import load_backbone
from tuning.tables_of_use import tables_of_use
from tuning.twin import Twin
from tuning.versions import versions

PAGES = 12
HABITS = ("left", "top", "centre", "f-pattern")


def invented_personas(
    count: int = 2, backbone: Backbone | None = None, placement: Placement = "after-image"
) -> Personas:
    """Return personas as a target gets them.

    Args:
        count: how many; their pseudonyms are P01, P02 and so on.
        backbone: their model; `carousel-tiny` by default.
        placement: of their prompts.
    """
    model = cache(lambda: backbone or load_backbone("carousel-tiny"))
    found = [invented_persona(f"P{n + 1:02}", model(), placement, seed=n) for n in range(count)]
    subjects = (Subject(p, f"{n:064x}", Twin.of(p, model()).look_at) for n, p in enumerate(found))
    return Personas(tuple(subjects), model, model().spec.id)


def invented_persona(
    participant: str, backbone: Backbone, placement: Placement = "after-image", seed: int = 0
) -> Persona:
    """Return one persona with a random prompt, and the tables of a simulated viewer."""
    config = FitConfig(placement=placement, prompt_length=5, basis_size=4, seed=seed)
    viewer, examples = _views(participant, seed)
    shape = (config.prompt_length, backbone.spec.width)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    use = tables_of_use(examples, "fixation")
    looked = looked_of(examples, config, "train")
    habit = Habit(PositionMap.of(looked, 1.0), np.array([1.0, 0.5]), UNFITTED, {"participant_mean": 0.2})
    provenance = Provenance(
        participant=participant,
        preferred=viewer.preferred,
        ratings={genre: 1 + (n + seed) % 5 for n, genre in enumerate(GENRES)},
        sessions=(),
        backbone=backbone.spec.id,
        backbone_digest=backbone.spec.digest,
        positions=backbone.spec.positions,
        question_digest=backbone.spec.question,
        layout=LayoutReference(page_px=(1920, 1080), slot_px=(342, 193)),
        cohort="",
        config=config,
        splits={e.page.screen_id: e.split for e in examples},
        use=UseReference(
            signal="fixation", genres=use.genres, views=use.views, unseen=use.unseen, splits=("train", "val")
        ),
        best_step=10,
        validation={"kl": 0.9},
        heldout={"twin": {"kl": 0.95}, "uniform": {"kl": 1.1}},
        uniform_shares=dict(habit.uniform_shares),
        versions=versions(),
    )
    prompt = SoftPrompt(noise * backbone.spec.embedding_rms, participant)
    return Persona(prompt, torch.zeros(config.basis_size), torch.zeros(shape), habit, provenance, use)


def _views(participant: str, seed: int) -> tuple[Viewer, list[Example]]:
    rng = np.random.default_rng([17, seed])
    preferred = tuple(str(g) for g in rng.permutation(GENRES)[:3])
    viewer = Viewer(HABITS[seed % len(HABITS)], 1.2, 0.8, 3.0, 0.5, preferred)
    return viewer, [_view(participant, viewer, page, rng, trial) for trial, page in enumerate(_pages())]


def _view(participant: str, viewer: Viewer, page: Page, rng: np.random.Generator, trial: int) -> Example:
    """Return one page view: twelve fixations of 250 ms where the viewer's policy sends them, and a click."""
    weights = attention(viewer, page.layout, page.films)
    chances = click_distribution(viewer, page.layout, page.films)
    gaze = SlotDistribution.of(250.0 * np.asarray(rng.multinomial(12, weights), dtype=np.float64), "fixation")
    click = int(rng.choice(len(chances), p=chances))
    return Example(page, gaze, None, click, participant, viewer.preferred, trial, "train")


@cache
def _pages() -> tuple[Page, ...]:
    found = []
    for n in range(PAGES):
        screen = invented_screen(np.random.default_rng([23, n]), f"invented-{n:02}", "rows")
        found.append(render(screen, Viewport(200.0 if n % 4 == 3 else 0.0, (0,) * len(screen.rows))))
    return tuple(found)
