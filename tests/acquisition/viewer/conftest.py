from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from acquisition.dwell import ViewSpan
from acquisition.profiles import Profile, format_named
from acquisition.samples import GazeChunk
from acquisition.truth import TrueFixations
from acquisition.viewer.messages import Action, Click, Scroll, ShowBlank, Shown, ShowPage, ShowTarget, Swipe
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from protocols.carousel import layout, scrolled, swiped, visible_films
from protocols.geometry import Screen
from protocols.invented import invented_screen
from protocols.stimulus import CarouselScreen, Page, Viewport

TICK_S = 0.012
REACTION_S = 0.02  # from an action to what it changes on the screen


def carousel_page(screen: CarouselScreen, viewport: Viewport) -> Page:
    """A page without its pixels, which no simulated viewer looks at."""
    posters = layout(screen, viewport)
    films = tuple(visible_films(screen, viewport))
    return Page(np.zeros((1, 1, 3), np.uint8), posters, films, screen.id, viewport, "")


@dataclass
class Bench:
    """A simulated participant whose time is driven by hand, and a page that answers what it does."""

    settings: ViewerSettings
    now_s: float = 100.0
    trial: int = -1
    actions: list[Action] = field(default_factory=list)
    views: list[ViewSpan] = field(default_factory=list)
    orders: list[Shown] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start_s = self.now_s
        self.screen = Screen()
        self.participant = SimulatedParticipant(self.settings, self.now_s)
        self._samples: list[tuple[np.ndarray, np.ndarray]] = []
        self._page: tuple[CarouselScreen, Viewport] | None = None
        self._shown: tuple[float, ShowPage] | None = None

    def live(self, seconds: float) -> list[Action]:
        """Let time pass; return what the participant did."""
        done: list[Action] = []
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-9:
            self.now_s = min(self.now_s + TICK_S, until_s)
            t, values, actions = self.participant.advance(self.now_s)
            self._samples.append((t, values))
            done += actions
        self.actions += done
        return done

    def show(self, order: Shown) -> None:
        self._leave(order.t_s)
        self.orders.append(order)
        self.participant.see(order)
        if isinstance(order, ShowPage):
            self._shown = (order.t_s, order)

    def target(self, xy_px: tuple[float, float], seconds: float) -> None:
        self.show(ShowTarget(t_s=self.now_s, xy_px=xy_px))
        self.live(seconds)

    def run_trial(self, screen: CarouselScreen, target: str | None = None) -> Click:
        """Show a screen until the participant clicks."""
        self.trial += 1
        viewport = Viewport.top_of(screen)
        self._show_page(screen, viewport, target)
        while True:
            for action in self.live(TICK_S):
                if isinstance(action, Click):
                    self.show(ShowBlank(t_s=self.now_s + REACTION_S))
                    self.live(0.5)
                    return action
                if isinstance(action, Scroll | Swipe):
                    viewport = _moved(screen, viewport, action)
                    self._show_page(screen, viewport, target)

    def gaze(self) -> GazeChunk:
        """Everything the tracker sent, as a client decodes it."""
        t = np.concatenate([a for a, _ in self._samples])
        raw = np.concatenate([b for _, b in self._samples])
        wire = format_named("gazetwin")
        labels = tuple(c.label for c in wire.channels)
        units = tuple(c.unit for c in wire.channels)
        xy, valid, pupil = Profile(wire, labels, units).decode(raw, self.screen)
        return GazeChunk(t, t, xy, valid, pupil, raw)

    def cuts_s(self) -> list[float]:
        return [order.t_s for order in self.orders]

    def truth(self) -> TrueFixations:
        """True fixations, cut where the screen changed."""
        return self.participant.truth(self.start_s, self.now_s).split(self.cuts_s())

    def _show_page(self, screen: CarouselScreen, viewport: Viewport, target: str | None) -> None:
        page = carousel_page(screen, viewport)
        self.show(ShowPage.of(page, self.trial, self.now_s + REACTION_S, target))

    def _leave(self, t_s: float) -> None:
        if self._shown is not None:
            since_s, order = self._shown
            self.views.append(ViewSpan(since_s, t_s, order.layout()))
        self._shown = None


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Make a bench: ``bench(seed=1, noise_rms_deg=0.2)``, any field of ViewerSettings."""
    return lambda **fields: Bench(ViewerSettings(**fields))


@pytest.fixture
def screens() -> Callable[[int], list[CarouselScreen]]:
    """Make invented carousel screens."""

    def made(count: int) -> list[CarouselScreen]:
        rng = np.random.default_rng(5)
        return [invented_screen(rng, f"invented-{i}", "rows") for i in range(count)]

    return made


def _moved(screen: CarouselScreen, viewport: Viewport, action: Scroll | Swipe) -> Viewport:
    if isinstance(action, Scroll):
        return scrolled(screen, viewport, action.delta_px)
    return swiped(screen, viewport, action.row, action.step)
