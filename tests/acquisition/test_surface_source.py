"""When gaze waits for its map, and what happens when none comes; the two streams themselves are scripted."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.clock import FakeClock
from acquisition.connection import Link
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource, SourceInfo
from acquisition.source_event import SourceEvent
from acquisition.surface import Surface
from acquisition.surface_source import SurfaceSource
from protocols.geometry import FloatArray, Screen


class Scripted:
    """A source that gives what it was handed."""

    def __init__(self) -> None:
        self.next: list[GazeChunk] = []
        self.closed = False

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("worn", "lsl", "pupil-core", "id", 0.0, ("x", "y"), ("", ""))

    def open(self) -> None:
        pass

    def read(self, timeout_s: float) -> GazeChunk:
        del timeout_s
        return self.next.pop(0) if self.next else GazeChunk.empty(2)

    def offset_s(self) -> float:
        return 0.25

    def link(self) -> Link:
        return Link()

    def news(self) -> list[SourceEvent]:
        return []

    def close(self) -> None:
        self.closed = True


def gaze(*t_s: float) -> GazeChunk:
    times = np.array(t_s)
    xy = np.tile([100.0, 200.0], (len(times), 1))
    eyes = np.stack([xy, np.full_like(xy, np.nan)], axis=1)
    return GazeChunk(
        times, times, xy, np.ones(len(times), bool), np.full((len(times), 2), 3.0), xy.copy(), eyes
    )


def maps(*at: tuple[float, float]) -> GazeChunk:
    """Maps at times that move the scene to the right by so many px; None with NaN."""
    rows = np.array([[1, 0, x_px, 0, 1, 0, 0, 0, 1.0] for _, x_px in at])
    times = np.array([t_s for t_s, _ in at])
    nan = np.full((len(at), 2), np.nan)
    return GazeChunk(times, times, nan, np.zeros(len(at), bool), nan, rows)


class Rig:
    def __init__(self) -> None:
        surface = Surface.model_validate(
            {
                "format": "gazetwin-surface/1",
                "scene_size_px": (1280, 720),
                "max_age_ms": 100,
                "maps": {"stream": "m"},
            }
        )
        self.clock = FakeClock(10.0)
        self.source = SurfaceSource(Screen(), surface, clock=self.clock)
        self.gaze, self.maps = Scripted(), Scripted()
        self.source._gaze, self.source._places = self.gaze, self.maps

    def read(self, patience_s: float = 0.01) -> FloatArray:
        return self.source.read(patience_s).xy_px[:, 0]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_gaze_waits_for_the_picture_after_it_and_moves_evenly_between_two(rig: Rig) -> None:
    assert isinstance(rig.source, GazeSource)
    assert rig.source.info.profile == "pupil-core+surface"
    assert rig.source.offset_s() == 0.25
    rig.gaze.next = [gaze(10.0, 10.01, 10.02)]
    rig.maps.next = [maps((10.0, 0.0))]
    assert rig.read().tolist() == [100.0]
    assert rig.read().tolist() == []
    rig.maps.next = [maps((10.04, 40.0))]
    np.testing.assert_allclose(rig.read(), [110.0, 120.0])
    assert (rig.source.counts.mapped, rig.source.counts.pictures) == (3, 2)


def test_gaze_waits_no_longer_than_a_map_may_be_old(rig: Rig) -> None:
    rig.maps.next = [maps((10.0, 5.0))]
    rig.gaze.next = [gaze(10.05, 10.15)]
    assert rig.read().tolist() == []
    rig.clock.advance(0.151)
    assert rig.read().tolist() == [105.0]
    rig.clock.advance(0.1)
    chunk = rig.source.read(0.01)
    assert not chunk.valid.any()
    assert np.isnan(chunk.xy_px).all()
    assert chunk.raw.tolist() == [[100.0, 200.0]]
    assert rig.source.counts.stale == 1


def test_a_read_that_may_not_wait_takes_what_there_is(rig: Rig) -> None:
    rig.maps.next = [maps((10.0, 5.0))]
    rig.gaze.next = [gaze(10.05)]
    chunk = rig.source.read(0.0)
    assert chunk.xy_px.tolist() == [[105.0, 200.0]]
    assert np.isnan(chunk.eyes_px).all(), "the file could not map each eye again"


def test_what_could_not_be_mapped_is_told_at_the_end(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.maps.next = [maps((10.0, 5.0), (10.01, np.nan))]
    rig.gaze.next = [gaze(9.0, 10.0)]
    assert np.isnan(rig.read(0.0)).tolist() == [True, False]
    rig.source.close()
    assert "1 of 2 gaze samples had no map onto the screen within 100 ms" in caplog.text
    assert "1 pictures gave none. No map from the scene camera" in caplog.text
    assert rig.gaze.closed
    assert rig.maps.closed
    rig.source.close()
    assert caplog.text.count("had no map") == 1
