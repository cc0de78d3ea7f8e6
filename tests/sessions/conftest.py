"""A small session with known gaze, as data and as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.carousel import scrolled, swiped
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import StudyProtocol, Trial, load_study
from sessions.timeline import ViewportChange
from sessions.writer import SessionWriter

CHANNELS = ("left_x", "left_y", "right_x", "right_y")
RATE_HZ = 120.0


@dataclass(frozen=True)
class Scene:
    """Everything one short session produces, in order of time."""

    study: StudyProtocol
    participant: Participant
    source: SourceInfo
    screen: Screen
    trials: tuple[Trial, ...]
    pages: tuple[Page, ...]
    changes: tuple[ViewportChange, ...]
    markers: tuple[Marker, ...]
    gaze: GazeChunk
    cursor: CursorChunk


def _changes(trials: tuple[Trial, ...]) -> tuple[tuple[Page, ...], tuple[ViewportChange, ...]]:
    first, second = (Viewport.top_of(t.screen) for t in trials)
    seen = [
        (10.0, trials[0], first),
        (12.0, trials[0], scrolled(trials[0].screen, first, 340.0)),
        (13.5, trials[0], first),
        (17.0, trials[1], second),
        (18.25, trials[1], swiped(trials[1].screen, second, 0, 1)),
    ]
    pages = {(t.index, v): render(t.screen, v) for _, t, v in seen}
    changes = tuple(ViewportChange(s, t.screen.id, v, pages[t.index, v].digest) for s, t, v in seen)
    return tuple(pages.values()), changes


def _markers(trials: tuple[Trial, ...]) -> tuple[Marker, ...]:
    return (
        Marker(8.0, Code.SESSION_START),
        Marker(9.98, Code.TRIAL_START, 0, {"screen": trials[0].screen.id}),
        Marker(14.5, Code.HOVER, 0, {"slot": 2}),
        Marker(15.0, Code.CLICK, 0, {"slot": 2, "x_px": 900.0, "y_px": 250.0}),
        Marker(15.0, Code.TRIAL_END, 0, {"reason": "click"}),
        Marker(17.0, Code.TRIAL_START, 1, {"screen": trials[1].screen.id}),
        Marker(19.0, Code.PAUSE, 1),
        Marker(19.5, Code.RESUME, 1),
        Marker(20.5, Code.TRIAL_END, 1, {"reason": "timeout"}),
        Marker(21.0, Code.SESSION_END),
    )


def looking(rng: np.random.Generator, page: Page, from_s: float, to_s: float) -> GazeChunk:
    """Gaze that rests 0.15 to 0.4 s on random posters, with noise, jittered stamps and some losses."""
    count = int((to_s - from_s) * RATE_HZ)
    t_s = from_s + np.arange(count) / RATE_HZ + rng.uniform(-1e-3, 1e-3, count)
    moves = np.cumsum(rng.uniform(0.15, 0.4, 200)) + from_s
    spots = np.asarray([slot.box.centre for slot in page.layout.slots])
    target = spots[rng.integers(0, len(spots), 201)][np.searchsorted(moves, t_s)]
    xy_px = target + rng.normal(0.0, 4.0, (count, 2))
    valid = rng.random(count) > 0.03
    xy_px[~valid] = np.nan
    raw = np.hstack([xy_px / 1920.0, xy_px / 1080.0])
    return GazeChunk(t_s, t_s + 1234.5, xy_px, valid, rng.uniform(2.0, 5.0, (count, 2)), raw)


@pytest.fixture(scope="session")
def scene() -> Scene:
    study = load_study("demo")
    trials = study.trials(0, 7)[:2]
    pages, changes = _changes(trials)
    rng = np.random.default_rng(5)
    cursor_s = np.arange(9.0, 21.0, 1 / 60)
    walk = np.cumsum(rng.normal(0.0, 25.0, (len(cursor_s), 2)), axis=0)
    return Scene(
        study,
        Participant(pseudonym="P01", top_genre="Drama", preferred_genres=("Comedy",), ratings={"Drama": 5}),
        SourceInfo("Test tracker", "scripted", "gazetwin", "id-1", RATE_HZ, CHANNELS, ("normalised",) * 4),
        Screen(),
        trials,
        pages,
        changes,
        _markers(trials),
        looking(rng, pages[0], 8.0, 21.0),
        CursorChunk(cursor_s, walk + np.array([960.0, 540.0]), np.zeros(len(cursor_s))),
    )


Write = Callable[..., SessionWriter]


def begin(path: Path, scene: Scene) -> SessionWriter:
    return SessionWriter.create(
        path,
        study=scene.study,
        participant=scene.participant,
        screen=scene.screen,
        source=scene.source,
        clock_pair=(7.0, 1.7e9),
        software="gazetwin test",
        consent={"given_utc": "2026-01-01T00:00:00+00:00"},
    )


def fill(writer: SessionWriter, scene: Scene) -> None:
    for trial in scene.trials:
        writer.trial(trial)
    for page in scene.pages:
        writer.page(page)
    for change in scene.changes:
        writer.viewport(change.t_s, change.screen_id, change.viewport, change.page)
    for marker in scene.markers:
        writer.marker(marker)
    writer.gaze(scene.gaze)
    writer.cursor(scene.cursor)
    writer.offset(9.0, -1234.5)


@pytest.fixture(scope="session")
def begun() -> Callable[[Path, Scene], SessionWriter]:
    """Start a recording of a scene with nothing in it yet."""
    return begin


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Path:
    """A sealed recording of the scene; tests only read it."""
    path = tmp_path_factory.mktemp("recorded") / "session.h5"
    writer = begin(path, scene)
    fill(writer, scene)
    writer.close("complete")
    return path


@pytest.fixture(scope="session")
def filled() -> Callable[[SessionWriter, Scene], None]:
    """Write the whole scene into a recording."""
    return fill
