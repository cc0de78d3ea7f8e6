"""A tracker refers to the whole display; the page on it may be smaller, shrunk or letterboxed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.coordinates import Unit
from acquisition.eyes import recorded_eyes_px
from acquisition.lsl import LslSource
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.samples import GazeChunk
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.placement import DisplayFrame
from protocols.study import load_study
from sessions.reader import Recording
from sessions.replay import ReplaySource
from sessions.writer import SessionWriter

PAGE_PX = (1920, 1080)
DISPLAYS = {
    "smaller, 5 to 4": (Screen((1280, 1024), (376.0, 301.0), 600.0), (0, 152, 2 / 3)),
    "larger, 16 to 10": (Screen((2560, 1600), (641.0, 401.0), 700.0), (320, 260, 1.0)),
}
PLACES = np.array([[0.0, 0.0], [1920.0, 0.0], [960.0, 540.0], [300.0, 900.0], [-50.0, 1200.0]])


def as_tobii(display_px: np.ndarray, whole: Screen) -> np.ndarray:
    """Write gaze as a Tobii does: fractions of its display, both eyes alike."""
    values = np.full((len(display_px), 6), 3.0)
    values[:, [0, 1]] = values[:, [3, 4]] = display_px / np.asarray(whole.size_px, dtype=float)
    return values


@pytest.fixture
def outlet() -> Iterator[GazeOutlet]:
    outlet = GazeOutlet(format_named("tobii-pro"), "frame", 60.0)
    yield outlet
    outlet.close()


def read(source: LslSource, samples: int) -> GazeChunk:
    chunks, deadline = [], time.monotonic() + 5.0
    while sum(map(len, chunks)) < samples and time.monotonic() < deadline:
        chunks.append(source.read(0.05))
    return GazeChunk.joined([chunk for chunk in chunks if len(chunk)])


@pytest.mark.parametrize("display", DISPLAYS)
def test_gaze_lands_on_the_page_and_the_file_keeps_how(
    display: str, outlet: GazeOutlet, tmp_path: Path, closing: Callable[[LslSource], LslSource]
) -> None:
    whole, (left, top, scale) = DISPLAYS[display]
    frame = DisplayFrame.of(PAGE_PX, whole)
    page = frame.page(PAGE_PX)
    source = closing(LslSource(page, source_id=outlet.source_id, frame=frame))
    source.open()
    seen_px = PLACES * scale + [left, top]
    outlet.push(as_tobii(seen_px, whole), outlet.now_s() + np.arange(len(PLACES)) / 60.0)
    gaze = read(source, len(PLACES))
    np.testing.assert_allclose(gaze.xy_px, PLACES, atol=1e-3)  # a Tobii sends float32
    np.testing.assert_allclose(gaze.eyes_px, np.stack([PLACES, PLACES], axis=1), atol=1e-3)
    assert page.size_mm == pytest.approx(
        [PAGE_PX[i] * scale / whole.size_px[i] * whole.size_mm[i] for i in range(2)]
    )

    path = tmp_path / "session.h5"
    writer = SessionWriter.create(
        path,
        study=load_study("demo"),
        participant=Participant(pseudonym="P01"),
        screen=page,
        source=source.info,
        clock_pair=None,
        software="test",
    )
    writer.gaze(gaze)
    writer.close("complete")
    with Recording.open(path) as recording:
        assert recording.source.frame == frame
        assert recording.screen == page
        again = recording.gaze()
        np.testing.assert_array_equal(again.xy_px, gaze.xy_px)
        np.testing.assert_array_equal(again.eyes_px, gaze.eyes_px)
    replay = ReplaySource(path)
    replay.open()
    assert replay.info.frame == frame
    replay.close()


def test_a_page_that_fills_its_display_needs_no_frame() -> None:
    page = Screen()
    source = LslSource(page)
    assert source.info.frame is None
    profile = format_named("tobii-pro")
    assert profile.coordinates.unit is Unit.FRACTION
    known = DisplayFrame.of(PAGE_PX, page)
    assert known == DisplayFrame.filled(page)
    assert known.page(PAGE_PX) == page
    assert recorded_eyes_px(source.info, np.zeros((1, 6)), page).shape == (1, 2, 2)


@pytest.fixture
def closing() -> Iterator[Callable[[LslSource], LslSource]]:
    kept: list[LslSource] = []

    def keep(source: LslSource) -> LslSource:
        kept.append(source)
        return source

    yield keep
    for source in kept:
        source.close()
