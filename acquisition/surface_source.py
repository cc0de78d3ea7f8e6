"""Gaze of a head-worn tracker on the screen: two streams, one in the scene camera's picture, one that says
where the screen is in it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from acquisition.clock import Clock, SteadyClock
from acquisition.connection import Link
from acquisition.homography import apply
from acquisition.lsl import LslSource
from acquisition.lsl_discovery import Reading
from acquisition.profiles import Profile, recognise_scene
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource, SourceInfo
from acquisition.source_event import SourceEvent
from acquisition.streams import StreamDescription
from acquisition.surface import TAG_CHANNELS, Surface, TagStream, map_of_row, map_of_tags
from acquisition.wire_format import Space, WireFormat
from protocols.errors import ChannelsUnknown, SurfaceUnusable
from protocols.geometry import FloatArray, Screen
from protocols.placement import DisplayFrame

log = logging.getLogger(__name__)

_KEPT_S = 10.0
_STEP_S = 0.005


@dataclass(slots=True)
class MapCounts:
    """What became of gaze samples and pictures.

    Attributes:
        mapped: gaze samples that were placed on the screen.
        stale: gaze samples without a map that is recent enough, invalid in the recording.
        pictures: pictures with a map.
        unusable: pictures without.
    """

    mapped: int = 0
    stale: int = 0
    pictures: int = 0
    unusable: int = 0


class MapTrack:
    """Maps over time, and gaze through them.

    Between two maps that are close enough in time a point moves evenly from the one to the other, which
    follows a moving head; after the last one it stays, up to the maximum age.

    Args:
        max_age_s: how far a gaze sample may be from a map.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._times_s: deque[float] = deque()
        self._maps: deque[FloatArray] = deque()

    @property
    def newest_s(self) -> float:
        """Time of the newest map in s, minus infinity before the first."""
        return self._times_s[-1] if self._times_s else -np.inf

    def add(self, t_s: float, homography: FloatArray) -> None:
        """Take a map; one for the time of the newest replaces it, an older one is left out."""
        if t_s == self.newest_s:
            self._maps[-1] = homography
        elif t_s > self.newest_s:
            self._times_s.append(t_s)
            self._maps.append(homography)
        while self._times_s[0] < self.newest_s - _KEPT_S:
            self._times_s.popleft()
            self._maps.popleft()

    def through(self, t_s: FloatArray, scene_px: FloatArray) -> FloatArray:
        """Return positions (n, 2) on the screen of gaze (n, 2) at times (n,); NaN without a recent map."""
        if not self._times_s:
            return np.full((len(t_s), 2), np.nan)
        times_s, maps = np.asarray(self._times_s), np.stack(self._maps)
        after = np.searchsorted(times_s, t_s, side="right")
        before = after - 1
        early = before < 0
        held = np.maximum(before, 0)
        next_ = np.minimum(after, len(times_s) - 1)
        here = apply(maps[held], scene_px)
        there = apply(maps[next_], scene_px)
        gap_s = times_s[next_] - times_s[held]
        between = (gap_s > 0) & (gap_s <= 2 * self._max_age_s)
        share = np.where(between, (t_s - times_s[held]) / np.where(between, gap_s, 1.0), 0.0)
        xy_px = np.where(share[:, None] > 0, here + share[:, None] * (there - here), here)
        stale = early | (t_s - times_s[held] > np.where(between, 2.0, 1.0) * self._max_age_s)
        return np.asarray(np.where(stale[:, None], np.nan, xy_px))


class SurfaceSource:
    """A head-worn tracker whose gaze is mapped onto the screen.

    Gaze waits for the picture after it, at most as long as a map may be old; a read that may not wait takes
    what there is. Lens distortion of the scene camera is not corrected.

    Args:
        screen: the page that is looked at.
        surface: where the screen is told.
        identity: name, source id or uid of the gaze stream; the only one when omitted.
        clock: session clock; LSL's own when omitted.
        timeout_s: how long ``open`` waits for each stream.
        named_in: file that names the streams, for messages.
        frame: the whole display that the surface file describes; when omitted, the page fills it.
    """

    def __init__(
        self,
        screen: Screen,
        surface: Surface,
        identity: str | None = None,
        clock: Clock | None = None,
        timeout_s: float = 5.0,
        named_in: str = "",
        frame: DisplayFrame | None = None,
    ) -> None:
        self._frame, self._surface = frame, surface
        self._whole = frame or DisplayFrame.filled(screen)
        self._clock = clock or SteadyClock()
        in_scene = Reading(partial(recognise_scene, frame=surface.scene))
        sought = f"{'tag' if surface.tags else 'map'} stream{f' (named in {named_in})' if named_in else ''}"
        in_numbers = Reading(_nine_numbers, types=(), sought=sought)
        self._gaze: GazeSource = LslSource(screen, None, None, timeout_s, self._clock, identity, in_scene)
        self._places: GazeSource = LslSource(
            screen, None, None, timeout_s, self._clock, surface.stream, in_numbers
        )
        self._track = MapTrack(surface.max_age_ms / 1000.0)
        self._rows: tuple[float, FloatArray] = (-np.inf, np.empty((0, TAG_CHANNELS)))
        self._waiting: list[GazeChunk] = []
        self._reason = ""
        self.counts = MapCounts()

    @property
    def info(self) -> SourceInfo:
        """Describe the source: the gaze stream, whose raw values are kept as they are."""
        info = self._gaze.info
        profile = f"{info.profile}+surface" if info.profile else ""
        return replace(
            info, profile=profile, read_by=self._surface.model_dump_json(exclude_none=True), frame=self._frame
        )

    def open(self) -> None:
        """Find both streams and connect; see LslSource."""
        self._places.open()
        try:
            self._gaze.open()
        except Exception:
            self.close()
            raise

    def read(self, timeout_s: float) -> GazeChunk:
        """Return gaze that has its map, in order, waiting up to ``timeout_s``; see LslSource."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._take()
            ready = self._ready(patient=timeout_s > 0)
            if len(ready) or time.monotonic() >= deadline:
                return ready

    def offset_s(self) -> float:
        """Return the clock offset of the gaze stream in s."""
        return self._gaze.offset_s()

    def link(self) -> Link:
        """Return the connection of the gaze stream."""
        return self._gaze.link()

    def news(self) -> list[SourceEvent]:
        """Return what was noticed about either stream since the last call."""
        return [*self._gaze.news(), *self._places.news()]

    def close(self) -> None:
        """Disconnect both and tell what could not be mapped. Idempotent."""
        if self.counts.stale or self.counts.unusable:
            log.warning(
                "%d of %d gaze samples had no map onto the screen within %g ms and are invalid. %d maps "
                "came, %d pictures gave none. %s",
                self.counts.stale,
                self.counts.stale + self.counts.mapped,
                self._surface.max_age_ms,
                self.counts.pictures,
                self.counts.unusable,
                self._reason,
            )
        self.counts = MapCounts()
        self._gaze.close()
        self._places.close()

    def _take(self) -> None:
        gaze = self._gaze.read(_STEP_S)
        if len(gaze):
            self._waiting.append(gaze)
        told = self._places.read(0.0)
        if self._surface.tags is None:
            for t_s, row in zip(told.t_s, told.raw, strict=True):
                self._place(float(t_s), partial(map_of_row, row, self._whole.whole))
            return
        for t_s in np.unique(told.t_s):
            rows = told.raw[told.t_s == t_s]
            self._place_by_tags(self._surface.tags, float(t_s), rows)

    def _place_by_tags(self, tags: TagStream, t_s: float, rows: FloatArray) -> None:
        """Take the tags of one picture, of which some may have come before."""
        if t_s == self._rows[0]:
            rows = np.concatenate([self._rows[1], rows])
        self._rows = (t_s, rows)
        self._place(t_s, partial(map_of_tags, tags, rows))

    def _place(self, t_s: float, estimate: Callable[[], FloatArray]) -> None:
        try:
            self._track.add(t_s, estimate())
            self.counts.pictures += 1
        except SurfaceUnusable as reason:
            self.counts.unusable += 1
            self._reason = reason.what

    def _ready(self, patient: bool) -> GazeChunk:
        """Return the samples that need not wait any longer."""
        if not self._waiting:
            return GazeChunk.empty(len(self.info.channels))
        waiting = GazeChunk.joined(self._waiting)
        until_s = max(self._track.newest_s, self._clock.now_s() - self._surface.max_age_ms / 1000.0)
        late = np.flatnonzero(waiting.t_s > until_s) if patient else np.empty(0, int)
        n = int(late[0]) if len(late) else len(waiting)
        self._waiting = [waiting.rows(slice(n, None))] if n < len(waiting) else []
        return self._mapped(waiting.rows(slice(0, n)))

    def _mapped(self, chunk: GazeChunk) -> GazeChunk:
        xy_px = self._whole.placement.to_page(self._track.through(chunk.t_s, chunk.xy_px))
        valid = chunk.valid & ~np.isnan(xy_px).any(axis=1)
        xy_px[~valid] = np.nan
        self.counts.mapped += int(valid.sum())
        self.counts.stale += int((chunk.valid & ~valid).sum())
        not_told_apart = np.full_like(chunk.eyes_px, np.nan)  # as from the file later, which holds no map
        return replace(chunk, xy_px=xy_px, valid=valid, eyes_px=not_told_apart)


def _nine_numbers(stream: StreamDescription) -> Profile:
    if stream.channel_count != TAG_CHANNELS:
        raise ChannelsUnknown(
            f"Stream {stream} cannot say where the screen is.",
            "Tag corners and maps both come as nine numbers a sample.",
            "Publish id and four corners, or a 3x3 map row by row; see docs/trackers/surface.md.",
        )
    numbers = WireFormat(
        "surface",
        "a program that detects tags",
        ("*",),
        stream.type,
        (),
        "double64",
        0.0,
        space=Space.SCENE_CAMERA,
    )
    return Profile(numbers, stream.labels, stream.units)
