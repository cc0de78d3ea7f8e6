"""A page, and a small but complete recording with results made for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.calibration import Calibration
from acquisition.quality import PointQuality, Validation
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.invented import invented_screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import load_study
from sessions.reader import Recording
from sessions.writer import SessionWriter

RATE_HZ = 120.0
TRIALS = 4
TRIAL_S = 3.0


@pytest.fixture(scope="session")
def page() -> Page:
    screen = invented_screen(np.random.default_rng(3), "screen-3", "rows")
    return render(screen, Viewport.top_of(screen))


def _gaze(rng: np.random.Generator, page: Page, from_s: float) -> GazeChunk:
    count = int(TRIAL_S * RATE_HZ)
    t_s = from_s + np.arange(count) / RATE_HZ
    spots = np.asarray([slot.box.centre for slot in page.layout.slots])
    xy_px = spots[np.repeat(rng.integers(0, len(spots), count // 36 + 1), 36)[:count]]
    xy_px = xy_px + rng.normal(0.0, 3.0, xy_px.shape)
    valid = rng.random(count) > 0.04
    xy_px[~valid] = np.nan
    return GazeChunk(t_s, t_s, xy_px, valid, np.full((count, 2), 3.0), np.empty((count, 0)))


def _validation() -> Validation:
    point = PointQuality((960.0, 540.0), 60, 0.42, 0.45, 0.08, 0.21, 0.1, 0.02, 0.01)
    unknown = PointQuality((1728.0, 108.0), 0, None, None, None, None, None, 1.0, 1.0)
    return Validation((point, unknown), 0.42, 0.42, 0.08, 0.21, 0.51, RATE_HZ, "amber")


def _write(path: Path, profile: str, pseudonym: str) -> None:
    study = load_study("demo")
    trials, rng = study.trials(0, 7)[:TRIALS], np.random.default_rng(5)
    source = SourceInfo("GazeTwin_Viewer <b>", "lsl", profile, "id-1", RATE_HZ, (), ())
    writer = SessionWriter.create(
        path,
        study=study,
        participant=Participant(pseudonym=pseudonym, top_genre="Drama", preferred_genres=("Comedy",)),
        screen=Screen(),
        source=source,
        clock_pair=(0.0, 1.7e9),
        software="gazetwin 0.1.0",
        consent={},
    )
    writer.calibration(Calibration.identity(), used=True, validation=_validation())
    for trial in trials:
        shown = render(trial.screen, Viewport.top_of(trial.screen))
        t_s = 10.0 + trial.index * TRIAL_S
        writer.trial(trial)
        writer.page(shown)
        writer.marker(Marker(t_s, Code.TRIAL_START, trial.index))
        writer.viewport(t_s, shown.screen_id, shown.viewport, shown.digest)
        writer.gaze(_gaze(rng, shown, t_s))
        writer.marker(Marker(t_s + TRIAL_S - 0.1, Code.CLICK, trial.index, {"slot": 1}))
        writer.marker(Marker(t_s + TRIAL_S - 0.1, Code.TRIAL_END, trial.index, {"reason": "click"}))
    writer.cursor(CursorChunk(np.empty(0), np.empty((0, 2)), np.empty(0)))
    writer.close("complete")


@pytest.fixture(scope="session")
def session_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed recording of a simulated viewer; tests only read it."""
    path = tmp_path_factory.mktemp("studio") / "session.h5"
    _write(path, "gazetwin", "P01")
    return path


@pytest.fixture(scope="session")
def human_session_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed recording of a person's tracker; tests only read it."""
    path = tmp_path_factory.mktemp("studio-human") / "session.h5"
    _write(path, "tobii-pro", "P02")
    return path


@pytest.fixture(scope="session")
def results(session_path: Path) -> dict[str, object]:
    """Results of a comparison on the last two trials of the recording, as JSON has them."""
    rng = np.random.default_rng(1)
    with Recording.open(session_path) as recording:
        views = recording.views()[2:]
    rows = ("twin", "twin_combined", "backbone", "participant_mean", "population_mean", "uniform")
    metrics = ("kl", "js", "cosine", "csh1", "tgo3", "accuracy", "logloss", "auc")
    per_page = []
    for view in views:
        twin = rng.dirichlet(np.full(len(view.layout), 3.0)).tolist()
        per_page.append(
            {
                "page": view.digest,
                "trial": view.trial,
                "screen": view.screen.id,
                "real": (view.fixation_ms / view.fixation_ms.sum()).tolist(),
                "twin": twin,
                "twin_combined": twin,
                "click": 1,
                "twin_click": twin,
                "scores": {"twin": {"kl": 0.4}, "uniform": {"kl": 0.9}, "participant_mean": {"kl": 0.3}},
            }
        )
    return {
        "heldout": {row: dict.fromkeys(metrics, 0.4 + 0.1 * i) for i, row in enumerate(rows)},
        "per_page": per_page,
        "running": [
            {"trial": 0, "twin": None, "uniform": 0.9, "population_mean": 0.6, "participant_mean": None},
            {"trial": 1, "twin": 0.7, "uniform": 0.9, "population_mean": 0.6, "participant_mean": 0.8},
            {"trial": 2, "twin": 0.5, "uniform": 0.8, "population_mean": 0.7, "participant_mean": 0.6},
        ],
        "skipped": {"no fixation dwell on any poster": 2},
        "words": ["The twin does not beat <somebody>."],
        "samples": {"sent": 1440, "recorded": 1440, "lost": 0},
        "fixations": {"precision": 0.98, "recall": 0.97},
        "slots": {"accuracy": 0.99},
        "seconds": {"fit": 31.2},
        "config": {"operator": "rollout", "placement": "after-image", "seed": 7, "steps": 120},
        "persona": {"digest": "ab" * 32, "created": "2026-01-01"},
        "backbone": {"id": "carousel-tiny", "digest": "cd" * 32},
    }


@pytest.fixture(scope="session")
def x_display() -> Iterator[str]:
    """An X server of its own; ``xrandr --setmonitor`` and ``--delmonitor`` plug monitors in and out."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb")
    read, write = os.pipe()
    # It would forget its monitors whenever the last program leaves it.
    command = ["Xvfb", "-displayfd", str(write), "-noreset", "-screen", "0", "1920x1080x24"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=[write], **quiet)
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)
