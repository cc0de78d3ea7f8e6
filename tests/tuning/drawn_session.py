"""A sealed recording of a participant who looks and clicks by a known policy, quickly written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.viewer.policy import Viewer, attention, click_distribution
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import Trial, load_study
from sessions.writer import SessionWriter

TRIALS, TRIAL_S, RATE_HZ = 12, 4.0, 120.0
VIEWER = Viewer("left", 1.4, 0.8, 4.0, 0.5, ("Drama", "Comedy", "Horror"))


def gaze_on(rng: np.random.Generator, page: Page, from_s: float) -> GazeChunk:
    count = int(TRIAL_S * RATE_HZ)
    t_s = from_s + np.arange(count) / RATE_HZ
    centres = np.asarray([slot.box.centre for slot in page.layout.slots])
    chosen = rng.choice(len(centres), size=12, p=attention(VIEWER, page.layout, page.films))
    xy_px = np.repeat(centres[chosen], count // 12, axis=0) + rng.normal(0, 2, (count, 2))
    return GazeChunk(t_s, t_s, xy_px, np.ones(count, bool), np.full((count, 2), 3.0), xy_px)


def write_trial(writer: SessionWriter, rng: np.random.Generator, trial: Trial) -> None:
    page = render(trial.screen, Viewport.top_of(trial.screen))
    on_s = 10.0 + trial.index * (TRIAL_S + 1)
    click = int(rng.choice(15, p=click_distribution(VIEWER, page.layout, page.films)))
    writer.trial(trial)
    writer.page(page)
    writer.marker(Marker(on_s, Code.TRIAL_START, trial.index))
    writer.viewport(on_s, trial.screen.id, page.viewport, page.digest)
    writer.gaze(gaze_on(rng, page, on_s))
    writer.marker(Marker(on_s + TRIAL_S, Code.CLICK, trial.index, {"slot": click}))
    writer.marker(Marker(on_s + TRIAL_S, Code.TRIAL_END, trial.index))


def write_session(path: Path, pseudonym: str, trials: int = TRIALS) -> Path:
    study = load_study("demo")
    participant = Participant(pseudonym=pseudonym, top_genre="Drama", preferred_genres=("Comedy", "Horror"))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = SessionWriter.create(
        path,
        study=study,
        participant=participant,
        screen=Screen(),
        source=SourceInfo("Test", "scripted", "gazetwin", "id", RATE_HZ, ("x", "y"), ("px", "px")),
        clock_pair=(1.0, 1.7e9),
        software="gazetwin test",
    )
    rng = np.random.default_rng(6)
    for trial in study.trials(0, 1)[:trials]:
        write_trial(writer, rng, trial)
    writer.close("complete")
    return path
