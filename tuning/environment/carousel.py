"""``GazeTwin/Carousel-v0``: recommend films on carousel pages to one participant.

An episode is a visit of so many pages. On each page the recommender chooses which film stands in which of 15
posters, three rows of five; the participant clicks one of them or none, and the next page comes. What was
not measured does not happen: nobody tires, learns or leaves early.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from protocols.carousel import PER_PAGE
from protocols.errors import StudyInvalid
from protocols.raster import render
from protocols.stimulus import CarouselRow, CarouselScreen, Film, PixelArray, Viewport
from protocols.study import load_study
from tuning.environment.participants import Reaction, participant_of
from tuning.pagespec import PageSpec

ROWS = 3
SLOTS = ROWS * PER_PAGE
SCREEN = "recommended"

Observation = dict[str, Any]


class Carousel(gymnasium.Env[Observation, NDArray[np.int64]]):
    """The environment.

    The action is the number of a film of `films` per poster, in reading order; a film may stand on a page
    twice. A row is headed by the commonest main genre of its films. The observation is what the recommender
    can know: ``page``, how many pages were shown; ``shown``, the films of the last page as number + 1, 0
    before the first; ``click``, the clicked poster + 1, 0 for none. The reward is 1 for a click, else 0. An
    episode terminates after its last page.

    ``info`` of a step says what decided: ``click_chance``, ``click_distribution`` (of the posters when there
    is a click, (15,)), ``attention`` (15,) and ``films``.

    Args:
        persona: persona file, ``FILE:PSEUDONYM``, or a click model exported to ``gymnasium``.
        participant: ``click-model`` (fast), ``twin`` or ``twin-combined`` (the model itself).
        films: candidates: the name or file of a study whose films they are, or films with drawn posters.
        pages: of an episode.
        backbone: of the twin.
        render_mode: ``rgb_array`` for the last page as the participant sees it, (1080, 1920, 3).

    Raises:
        GazeTwinError: the persona cannot act here, or there is nothing to recommend.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012 - as gymnasium declares it

    def __init__(
        self,
        persona: str | Path,
        participant: str = "click-model",
        films: str | Sequence[Film] = "demo",
        pages: int = 10,
        backbone: str = "carousel-tiny",
        render_mode: str | None = None,
    ) -> None:
        if pages < 1:
            raise StudyInvalid(f"A visit has {pages} pages.", "Nothing could be clicked.", "Give at least 1.")
        self.films, self._images = _catalogue(films)
        self.pages, self.render_mode = pages, render_mode
        self.participant = participant_of(persona, participant, self.films, SLOTS, backbone)
        count = len(self.films)
        self.action_space = spaces.MultiDiscrete([count] * SLOTS)
        self.observation_space = spaces.Dict(
            {
                "page": spaces.Discrete(pages + 1),
                "shown": spaces.MultiDiscrete([count + 1] * SLOTS),
                "click": spaces.Discrete(SLOTS + 1),
            }
        )
        self._page, self._click = 0, 0
        self._shown: NDArray[np.int64] = np.zeros(SLOTS, dtype=np.int64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a visit."""
        super().reset(seed=seed, options=options)
        self._page, self._click = 0, 0
        self._shown = np.zeros(SLOTS, dtype=np.int64)
        return self._observed(), {}

    def step(self, action: NDArray[np.int64]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Show a page."""
        numbers = np.asarray(action, dtype=np.int64)
        films = tuple(self.films[int(n)] for n in numbers)
        reaction = self.participant.react(self.page(numbers), films)
        self._click = _clicked(reaction, self.np_random) + 1
        self._page, self._shown = self._page + 1, numbers + 1
        info = {
            "click_chance": reaction.click_chance,
            "click_distribution": reaction.choice,
            "attention": reaction.attention,
            "films": tuple(film.key for film in films),
        }
        return self._observed(), float(self._click > 0), self._page >= self.pages, False, info

    def page(self, action: NDArray[np.int64]) -> PageSpec:
        """Return the page that an action fills, as `tuning.twin.Twin.look` takes it."""
        films = [self.films[int(n)] for n in action]
        rows = tuple(_row(films[first : first + PER_PAGE]) for first in range(0, SLOTS, PER_PAGE))
        screen = CarouselScreen(SCREEN, rows)
        return PageSpec(screen=screen, viewport=Viewport.top_of(screen), images=self._images)

    def render(self) -> PixelArray | None:
        """Return the last page, or the first films' before there was one."""
        if self.render_mode is None:
            return None
        spec = self.page(np.maximum(self._shown - 1, 0))
        images = Path(self._images) if self._images else None
        return render(spec.screen, spec.viewport, images=images).image

    def _observed(self) -> Observation:
        return {"page": self._page, "shown": self._shown.copy(), "click": self._click}


def _catalogue(films: str | Sequence[Film]) -> tuple[tuple[Film, ...], str]:
    if isinstance(films, str):
        study = load_study(films)
        found = dict.fromkeys(f for screen in study.screens for row in screen.rows for f in row.films)
        images = str(study.images or "")
    else:
        found, images = dict.fromkeys(films), ""
    if not found:
        raise StudyInvalid(
            "There is no film to recommend.",
            "Every poster shows one.",
            "Name a study with carousel screens, or give films.",
        )
    return tuple(found), images


def _row(films: Sequence[Film]) -> CarouselRow:
    counts = Counter(film.genres[0] for film in films)
    return CarouselRow(min(counts, key=lambda genre: (-counts[genre], genre)), tuple(films))


def _clicked(reaction: Reaction, rng: np.random.Generator) -> int:
    """Draw a poster, -1 for none, from one uniform number."""
    edges = np.cumsum(reaction.click_chance * reaction.choice)
    drawn = rng.random()
    if drawn >= reaction.click_chance:
        return -1
    return min(int(np.searchsorted(edges, drawn, side="right")), len(edges) - 1)
