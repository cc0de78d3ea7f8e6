"""A recorded session with all that a replay can show, as the live pipeline saw it."""

from __future__ import annotations

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
from protocols.study import Trial, load_study
from sessions.replay import replayed
from sessions.slots import Slots
from sessions.timeline import ViewportChange
from sessions.writer import SessionWriter
from studio.rooms.replay.session import ReplaySession, load

RATE_HZ = 120.0
END_S = 22.0


def _changes(trials: tuple[Trial, ...]) -> tuple[dict[str, Page], tuple[ViewportChange, ...]]:
    first, second = (Viewport.top_of(t.screen) for t in trials)
    seen = [
        (10.0, trials[0], first),
        (12.0, trials[0], scrolled(trials[0].screen, first, 340.0)),
        (13.5, trials[0], first),
        (17.0, trials[1], second),
        (18.25, trials[1], swiped(trials[1].screen, second, 0, 1)),
    ]
    pages = [(s, t, v, render(t.screen, v)) for s, t, v in seen]
    changes = tuple(ViewportChange(s, t.screen.id, v, page.digest) for s, t, v, page in pages)
    return {page.digest: page for _, _, _, page in pages}, changes


def _markers(foreseen: dict[int, dict[str, object]]) -> tuple[Marker, ...]:
    return (
        Marker(8.0, Code.SESSION_START),
        Marker(8.5, Code.INSTRUCTION, -1, {"text": "Look around."}),
        Marker(9.5, Code.PREDICTION, 0, foreseen[0]),
        Marker(9.98, Code.TRIAL_START, 0),
        Marker(14.0, Code.HOVER, 0, {"slot": 3}),
        Marker(14.5, Code.HOVER, 0, {"slot": None}),
        Marker(14.8, Code.NOTE, 0, {"text": "sneezed"}),
        Marker(15.0, Code.CLICK, 0, {"slot": 2, "film": "A Film (1999)"}),
        Marker(15.0, Code.TRIAL_END, 0, {"reason": "click"}),
        Marker(16.5, Code.PREDICTION, 1, foreseen[1]),
        Marker(17.0, Code.TRIAL_START, 1),
        Marker(19.0, Code.PAUSE, 1),
        Marker(19.5, Code.RESUME, 1),
        Marker(20.5, Code.TRIAL_END, 1, {"reason": "timeout"}),
        Marker(END_S, Code.SESSION_END),
    )


def _gaze(rng: np.random.Generator, page: Page) -> GazeChunk:
    count = int((END_S - 8.0) * RATE_HZ)
    t_s = 8.0 + np.arange(count) / RATE_HZ
    spots = np.asarray([slot.box.centre for slot in page.layout.slots])
    xy_px = spots[np.repeat(rng.integers(0, len(spots), count // 30 + 1), 30)[:count]]
    xy_px = xy_px + rng.normal(0.0, 3.0, xy_px.shape)
    valid = ~((t_s > 11.0) & (t_s < 11.2)) & ~((t_s > 17.4) & (t_s < 18.2))
    xy_px[~valid] = np.nan
    return GazeChunk(t_s, t_s, xy_px, valid, np.full((count, 2), 3.0), np.empty((count, 0)))


def _write(path: Path, live: Slots | None) -> None:
    study = load_study("demo")
    trials, rng = study.trials(0, 7)[:2], np.random.default_rng(5)
    pages, changes = _changes(trials)
    writer = SessionWriter.create(
        path,
        study=study,
        participant=Participant(pseudonym="P07", top_genre="Drama", preferred_genres=("Comedy",)),
        screen=Screen(),
        source=SourceInfo("Test tracker", "scripted", "gazetwin", "id-1", RATE_HZ, (), ()),
        clock_pair=(7.0, 1.7e9),
        software="gazetwin test",
        consent={},
    )
    for trial in trials:
        writer.trial(trial)
    for page in pages.values():
        writer.page(page)
    for change in changes:
        writer.viewport(change.t_s, change.screen_id, change.viewport, change.page)
    foreseen = {}
    for trial, change in ((0, changes[0]), (1, changes[3])):
        twin, uniform = rng.dirichlet(np.ones(len(pages[change.page].layout)), 2).tolist()
        views = {row: {"attention": s, "choice": s} for row, s in (("twin", twin), ("uniform", uniform))}
        foreseen[trial] = {"views": views, "observed": trial}
    for marker in _markers(foreseen):
        writer.marker(marker)
    writer.gaze(_gaze(rng, pages[changes[0].page]))
    cursor_s = np.arange(9.0, 21.0, 1 / 60)
    walk = np.cumsum(rng.normal(0.0, 25.0, (len(cursor_s), 2)), axis=0)
    writer.cursor(CursorChunk(cursor_s, walk + np.array([960.0, 540.0]), np.zeros(len(cursor_s))))
    if live is not None:
        writer.live_slots(live)
    writer.close("complete")


@pytest.fixture(scope="session")
def played_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed recording that holds what the live pipeline found; tests only read it."""
    folder = tmp_path_factory.mktemp("replay") / "sessions"
    folder.mkdir()
    bare, path = folder.parent / "bare.h5", folder / "session.h5"
    _write(bare, None)
    _write(path, replayed(bare).slots())
    bare.unlink()
    return path


@pytest.fixture(scope="session")
def session(played_path: Path) -> ReplaySession:
    return load(played_path, lambda _: None)
