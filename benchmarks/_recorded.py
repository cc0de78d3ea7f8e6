"""A sealed recording of ten pages with gaze on posters, to have something to fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acquisition.calibration import Calibration
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import load_study
from sessions.writer import SessionWriter

TRIALS, TRIAL_S, RATE_HZ = 10, 3.0, 120.0


def write(path: Path) -> None:
    """Write the recording; takes a second or two."""
    study, rng = load_study("demo"), np.random.default_rng(5)
    writer = SessionWriter.create(
        path,
        study=study,
        participant=Participant(pseudonym="P01", top_genre="Drama", preferred_genres=("Drama",)),
        screen=Screen(),
        source=SourceInfo("benchmark", "lsl", "gazetwin", "id-1", RATE_HZ, (), ()),
        clock_pair=(0.0, 1.7e9),
        software="benchmark",
        consent={},
    )
    writer.calibration(Calibration.identity(), used=True)
    for trial in study.trials(0, 7)[:TRIALS]:
        page, t_s = render(trial.screen, Viewport.top_of(trial.screen)), 10.0 + trial.index * TRIAL_S
        writer.trial(trial)
        writer.page(page)
        writer.marker(Marker(t_s, Code.TRIAL_START, trial.index))
        writer.viewport(t_s, page.screen_id, page.viewport, page.digest)
        writer.gaze(_gaze(rng, page, t_s))
        end_s = t_s + TRIAL_S - 0.1
        writer.marker(Marker(end_s, Code.CLICK, trial.index, {"slot": 1, "x_px": 1.0, "y_px": 1.0}))
        writer.marker(Marker(end_s, Code.TRIAL_END, trial.index, {"reason": "click"}))
    writer.close("complete")


def _gaze(rng: np.random.Generator, page: Page, from_s: float) -> GazeChunk:
    count = int(TRIAL_S * RATE_HZ)
    t_s = from_s + np.arange(count) / RATE_HZ
    spots = np.asarray([slot.box.centre for slot in page.layout.slots])
    xy_px = spots[np.repeat(rng.integers(0, len(spots), count // 36 + 1), 36)[:count]]
    xy_px = xy_px + rng.normal(0.0, 3.0, xy_px.shape)
    return GazeChunk(t_s, t_s, xy_px, np.ones(count, bool), np.full((count, 2), 3.0), np.empty((count, 0)))
