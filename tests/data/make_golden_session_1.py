"""Writes golden-session-1.h5, once. Later versions must read that file; they must never write it anew.

Run from the root of the repository: ``python tests/data/make_golden_session_1.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acquisition.calibration import Calibration, CalibrationPoint
from acquisition.quality import PointQuality, Validation
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.carousel import scrolled
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import StudyProtocol, Trial
from sessions.calibrations import CalibrationAttempt
from sessions.live import LiveSlots
from sessions.timeline import ViewportChange
from sessions.writer import SessionWriter

TARGET = Path(__file__).with_name("golden-session-1.h5")
RATE_HZ = 100.0
SAMPLES = 600
FIXATED = (0, 4, 7, 7, 12, 2)  # a second on each of these slots


def study() -> StudyProtocol:
    screens = {"invented": {"seed": 3, "count": 1, "kind": "rows", "pool_seed": 1}}
    block = {"name": "browse", "kind": "free_browsing", "instruction": "Look around.", "screens": "all"}
    written = {"name": "golden", "title": "Golden", "version": "1", "screens": screens, "blocks": [block]}
    return StudyProtocol.model_validate(written)


def gaze(page: Page) -> GazeChunk:
    rng = np.random.default_rng(1)
    t_s = 100.0 + np.arange(SAMPLES) / RATE_HZ
    centres = np.asarray([page.layout.slots[i].box.centre for i in FIXATED])
    xy_px = np.repeat(centres, SAMPLES // len(FIXATED), axis=0) + rng.normal(0.0, 3.0, (SAMPLES, 2))
    valid = np.arange(SAMPLES) % 50 != 49
    xy_px[~valid] = np.nan
    pupil_mm = np.full((SAMPLES, 2), 3.25)
    return GazeChunk(t_s, t_s - 50.0, xy_px, valid, pupil_mm, xy_px / (1920.0, 1080.0))


def calibration() -> tuple[Calibration, Validation]:
    point = CalibrationPoint((960.0, 540.0), (955.0, 542.0), 0.1, 1.0, 60)
    terms = ((2.0, -1.0), (1.0, 0.0), (0.0, 0.5), (0.0, 0.0), (0.25, 0.0), (0.0, 0.0))
    fitted = Calibration("residual-quadratic-ridge", (1920, 1080), terms, (point,), 0.3, 0.2)
    quality = PointQuality((480.0, 270.0), 80, 0.4, 0.45, 0.05, 0.1, 0.02, 0.01, 0.0)
    return fitted, Validation((quality,), 0.4, 0.4, 0.05, 0.1, 0.01, RATE_HZ, "green")


def markers() -> tuple[Marker, ...]:
    return (
        Marker(99.0, Code.SESSION_START),
        Marker(100.0, Code.TRIAL_START, 0, {"screen": "rows-00", "target": None}),
        Marker(102.995, Code.VIEWPORT_CHANGED, 0, {"scroll_px": 340.0}),
        Marker(105.5, Code.CLICK, 0, {"slot": 12, "film": "Ünïcode (1999)"}),
        Marker(105.5, Code.TRIAL_END, 0, {"reason": "click"}),
        Marker(106.5, Code.SESSION_END),
    )


def main() -> None:
    what = study()
    (trial,) = what.trials(0, 0)
    top = Viewport.top_of(trial.screen)
    views = ((100.0, top), (102.995, scrolled(trial.screen, top, 340.0)))
    pages = [render(trial.screen, viewport) for _, viewport in views]
    changes = [
        ViewportChange(t, trial.screen.id, p.viewport, p.digest)
        for (t, _), p in zip(views, pages, strict=True)
    ]
    source = SourceInfo("Golden tracker", "lsl", "gazetwin", "id-1", RATE_HZ, ("x", "y"), ("normalised",) * 2)
    writer = SessionWriter.create(
        TARGET,
        study=what,
        participant=Participant(pseudonym="G01", top_genre="Drama", preferred_genres=("Comedy",)),
        screen=Screen(),
        source=source,
        clock_pair=(99.0, 1.75e9),
        software="gazetwin 0.1.0",
        consent={"given_utc": "2025-06-15T12:00:00+00:00"},
    )
    fill(writer, trial, pages, changes)
    writer.close("complete")


def fill(writer: SessionWriter, trial: Trial, pages: list[Page], changes: list[ViewportChange]) -> None:
    chunk = gaze(pages[0])
    cursor = CursorChunk(np.array([100.0, 104.0]), np.array([[100.0, 200.0], [900.0, 620.0]]), np.zeros(2))
    fitted, validation = calibration()
    live = LiveSlots(Screen())
    writer.trial(trial)
    writer.calibration(Calibration.identity(), False)
    writer.calibration(fitted, True, validation=validation, from_s=99.5)
    live.calibration(CalibrationAttempt(1, fitted, True, 99.5))
    for page in pages:
        writer.page(page)
        live.page(page)
    for change in changes:
        writer.viewport(change.t_s, change.screen_id, change.viewport, change.page)
        live.viewport(change)
    for marker in markers():
        writer.marker(marker)
        live.marker(marker)
    writer.gaze(chunk)
    writer.cursor(cursor)
    live.cursor(cursor)
    live.gaze(chunk)
    writer.offset(100.0, 50.0)
    writer.clock_pair(106.5, 1.75e9 + 7.5)
    writer.live_slots(live.slots())


if __name__ == "__main__":
    main()
