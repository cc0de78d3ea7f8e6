"""Drawn carousel pages as training material: small pixels, films, W."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from acquisition.viewer.policy import HABITS, habit_map
from protocols.carousel import GENRES, layout, scrolled, swiped
from protocols.geometry import FloatArray
from protocols.invented import Kind, invented_screen
from protocols.raster import render
from protocols.stimulus import CarouselScreen, Film, Page, Viewport
from tuning.backbones.grid import TokenGrid, slot_weights
from tuning.backbones.tiny import IMAGE_PX, image_processor

TOKEN_GRID = (9, 16)
MIXED_SHARE = 0.35
SCROLLED_SHARE = 0.4
SWIPED_SHARE = 0.3
SLOTS = 15


@dataclass(frozen=True, eq=False)
class DrawnPage:
    """One page ready for training.

    Attributes:
        pixels: the model's view, (216, 384, 3), 8 bit.
        films: film of each slot.
        habits: log-weights of all habits per slot, (habits, n).
        weights: W padded to 15 slots, (15, tokens).
    """

    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    films: tuple[Film, ...]
    habits: FloatArray
    weights: Tensor


def draw_pages(seed: int, count: int, pools: tuple[int, ...]) -> list[DrawnPage]:
    """Draw pages: a third of mixed genres, the others in genre rows; some scrolled, some swiped.

    Args:
        seed: of everything but the films.
        count: how many.
        pools: seeds of the pools of invented films to draw from.
    """
    rng = np.random.default_rng(seed)
    return [_drawn(_page(rng, f"{seed}-{i}", pools[i % len(pools)])) for i in range(count)]


def _page(rng: np.random.Generator, name: str, pool: int) -> Page:
    kind: Kind = "mixed" if rng.random() < MIXED_SHARE else "rows"
    screen = invented_screen(rng, name, kind, pool_seed=pool)
    return render(screen, random_viewport(rng, screen), letters=True)


def random_viewport(rng: np.random.Generator, screen: CarouselScreen) -> Viewport:
    """Return the top of the screen, or a scrolled and swiped view with at least one full row."""
    viewport = Viewport.top_of(screen)
    if rng.random() < SCROLLED_SHARE:
        aligned = rng.random() < 0.7
        distance = 339.5 * rng.integers(1, 8) if aligned else float(rng.uniform(0, 2400))
        viewport = scrolled(screen, viewport, float(distance))
    for row in range(len(screen.rows)):
        if rng.random() < SWIPED_SHARE:
            viewport = swiped(screen, viewport, row, int(rng.integers(1, 3)))
    return viewport if len(layout(screen, viewport)) else Viewport.top_of(screen)


def _drawn(page: Page) -> DrawnPage:
    weights = torch.zeros(SLOTS, TOKEN_GRID[0] * TOKEN_GRID[1])
    weights[: len(page.layout)] = torch.tensor(
        slot_weights(page.layout, (TokenGrid(*TOKEN_GRID),)), dtype=torch.float32
    )
    small = Image.fromarray(page.image).resize(IMAGE_PX, Image.Resampling.BOX)
    habits = np.stack([habit_map(habit, page.layout) for habit in HABITS])
    return DrawnPage(np.asarray(small), page.films, habits, weights)


def pixel_values(pages: list[DrawnPage]) -> tuple[Tensor, Tensor]:
    """Return patches (pages * patches, values) and the grid (pages, 3), as the processor makes them."""
    inputs = image_processor()(images=[Image.fromarray(page.pixels) for page in pages], return_tensors="pt")
    return inputs["pixel_values"], inputs["image_grid_thw"]


def genre_index(film: Film) -> int:
    """Return the main genre's place in GENRES."""
    return GENRES.index(film.genres[0])
