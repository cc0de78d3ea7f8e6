"""Gaze from Lab Streaming Layer.

Raw stamps and the offset series are both kept, so that times can be corrected again offline. Nothing here
dejitters: that filter counts samples, and trackers drop some, which throws times off by seconds.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

import numpy as np

from acquisition.clock import Clock, SteadyClock
from acquisition.connection import Link
from acquisition.event_words import clock_foreign, clock_jumped, duplicated, late, left, reconnected
from acquisition.eyes import recorded_eyes_px
from acquisition.lateness import LateWatch
from acquisition.liblsl import lsl_failure_in_words, lsl_failures
from acquisition.lsl_discovery import ON_SCREEN, Found, Reading, StreamWatch, choose, predicate, streams
from acquisition.lsl_inlet import LslInlet
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.source_clock import SourceClock
from acquisition.source_event import SourceEvent
from protocols.errors import SourceLost, SourceNotFound
from protocols.geometry import FloatArray, Screen
from protocols.placement import DisplayFrame

__all__ = ["LslSource", "streams"]

log = logging.getLogger(__name__)

_OFFSET_EVERY_S = 5.0
_OFFSET_AGAIN_S = 0.5  # when there is no estimate yet
_PATIENCE_S = 1.0
_WAITS = 2
_LOOK_EVERY_S = 1.0
_GONE_S = 3.0  # a quick restart is only told of when the stream is back
_TWICE_S = 3.0  # a stream that was killed and restarted is seen twice for less than this


class LslSource:
    """A gaze stream on the network.

    It keeps waiting when the stream stops or leaves the network, which it tells, and goes on when the same
    device comes back, which is known by its source id, or by name, type and channels when it has none.

    Args:
        screen: the page that is looked at.
        name: stream name; any gaze stream when omitted.
        source_id: device id; any when omitted.
        timeout_s: how long ``open`` waits for a stream to answer.
        clock: session clock; LSL's own when omitted.
        identity: name, source id or uid, whichever fits; any when omitted.
        reading: what kind of stream, and how it is understood.
        frame: the whole display that the gaze refers to; when omitted, the page fills it.
    """

    def __init__(
        self,
        screen: Screen,
        name: str | None = None,
        source_id: str | None = None,
        timeout_s: float = 5.0,
        clock: Clock | None = None,
        identity: str | None = None,
        reading: Reading = ON_SCREEN,
        frame: DisplayFrame | None = None,
    ) -> None:
        self._screen, self._frame = screen, frame
        self._name, self._source_id = name, source_id
        self._identity, self._reading = identity, reading
        self._timeout_s = timeout_s
        self._clock = clock or SteadyClock()
        self._found: Found | None = None
        self._inlet: LslInlet | None = None
        self._times = SourceClock(0.0, 0.0)
        self._lateness = LateWatch()
        self._link = Link()
        self._watch: StreamWatch | None = None
        self._events: list[SourceEvent] = []
        self._heard_s = self._newest_s = self._listened_s = 0.0
        self._is_gone = self._is_back = False
        self._measured_s = 0.0
        self._looked_s = 0.0
        self._alone_s = 0.0
        self._twice = False
        self._past_uid = ""
        self._waits = 0
        self._is_open = False

    @property
    def info(self) -> SourceInfo:
        """Describe the source; only what was asked for before ``open``."""
        if self._found is None:
            asked = self._name or self._identity or "any gaze stream"
            return SourceInfo(asked, "lsl", "", self._source_id or "", 0.0, (), ())
        stream, profile = self._found.stream, self._found.profile
        return SourceInfo(
            name=stream.name,
            kind="lsl",
            profile=profile.name,
            source_id=stream.source_id,
            nominal_hz=stream.nominal_hz,
            channels=profile.channels,
            units=profile.units,
            read_by=profile.format.file,
            frame=self._frame,
        )

    @property
    def foreign_clock(self) -> bool:
        """Tell whether the device stamps with a clock that LSL cannot relate to the session's."""
        return self._times.foreign

    def open(self) -> None:
        """Find the stream, measure its clock (about 0.7 s) and connect.

        Raises:
            SourceNotFound: nothing answers, or it answers and delivers no data.
            SourceAmbiguous: several streams fit.
            ChannelsUnknown: it cannot be understood.
        """
        self._found = choose(self._name, self._source_id, self._timeout_s, self._identity, self._reading)
        caveat = self._found.profile.format.caveat
        log.info("recording %s as %s. %s", self._found.stream, self._found.profile.name, caveat)
        try:
            self._inlet = LslInlet(self._found.handle)
        except lsl_failures() as error:
            self.close()
            raise SourceNotFound(
                f"Stream {self._found.stream} answers but sends no data: {lsl_failure_in_words(error)}.",
                "A stream that cannot be connected to cannot be recorded.",
                "Check that the firewall lets TCP and UDP 16571-16604 through in both directions.",
            ) from error
        now_s = self._clock.now_s()
        self._heard_s = self._newest_s = self._measured_s = self._alone_s = self._listened_s = now_s
        self._times = SourceClock(now_s, self._inlet.first_offset_s)
        self._link = Link(0, now_s, uid=self._found.stream.uid, host=self._found.stream.host)
        info = self.info
        self._watch = StreamWatch(
            predicate(info.name, info.source_id, len(info.channels), types=self._reading.types)
        )
        self._is_open = True

    def read(self, timeout_s: float) -> GazeChunk:
        """Return what has arrived, in order of arrival, waiting up to ``timeout_s`` for the first sample.

        Raises:
            SourceLost: the source is not open.
        """
        if not self._is_open:
            raise self._lost("is not open")
        deaf_s = self._clock.now_s() - self._listened_s
        values, stamps = self._pull(timeout_s)
        now_s = self._listened_s = self._clock.now_s()
        self._look_around(now_s)
        if not len(stamps):
            self._notice_silence(now_s)
            return GazeChunk.empty(len(self.info.channels))
        self._measure_offset(now_s)
        chunk = self._chunk(values, stamps, now_s, deaf_s)
        if self._is_back:
            away_s = float(chunk.t_s[0]) - self._newest_s
            self._events.append(reconnected(now_s, self.info, self._link.number, away_s))
        self._is_gone = self._is_back = False
        self._heard_s, self._newest_s = now_s, float(chunk.t_s[-1])
        return chunk

    def offset_s(self) -> float:
        """Return the latest estimate of device clock to session clock, in s."""
        return self._times.offset_s

    def link(self) -> Link:
        """Return the connection that the samples read last came over."""
        times = self._times
        return replace(self._link, clock=times.kind, method=times.method, offset_s=times.offset_s)

    def news(self) -> list[SourceEvent]:
        """Return what was noticed since the last call."""
        news, self._events = self._events, []
        return news

    def close(self) -> None:
        """Disconnect. Idempotent."""
        self._is_open = False
        self._watch = None
        if self._inlet is not None:
            self._inlet.close()
            self._inlet = None

    def _pull(self, timeout_s: float) -> tuple[FloatArray, FloatArray]:
        """Return samples (n, channels) and stamps (n,), both empty when there are none."""
        if self._inlet is None:
            time.sleep(timeout_s)
            self._connect_anew()
            return np.empty((0, len(self.info.channels))), np.empty(0)
        try:
            values, stamps = self._inlet.pull(timeout_s)
        except lsl_failures() as error:
            how = lsl_failure_in_words(error)
            log.warning("liblsl has given up %s (%s); it is looked for again", self.info.name, how)
            self._inlet.close()
            self._inlet = None
            return np.empty((0, len(self.info.channels))), np.empty(0)
        if self._inlet.came_back():
            self._reconnected()
        return values, stamps

    def _connect_anew(self) -> None:
        """Make a new inlet once another outlet of the stream is there; liblsl revives no inlet it gave up."""
        handles = [h for h in self._watch.handles() if h.uid() != self._link.uid] if self._watch else []
        if len(handles) != 1:
            return
        try:
            self._inlet = LslInlet(handles[0])
        except lsl_failures() as error:
            log.info("%s is not ready yet: %s", self.info.name, lsl_failure_in_words(error))
        else:
            self._reconnected()

    def _reconnected(self) -> None:
        """Start a new account: the program at the other end is another one, perhaps with another clock."""
        now_s = self._clock.now_s()
        self._times = SourceClock(self._heard_s, self._times.measured_s)
        self._lateness = LateWatch()
        self._waits = _WAITS
        self._measure_offset(now_s)
        self._past_uid, self._link = self._link.uid, Link(self._link.number + 1, now_s)
        self._is_back = True  # told of with its first sample, which says for how long there was none

    def _chunk(self, values: FloatArray, stamps: FloatArray, now_s: float, deaf_s: float) -> GazeChunk:
        if self._found is None:
            raise self._lost("is not open")
        profile = self._found.profile
        t_s = self._session_times(stamps, now_s, deaf_s)
        frame = self._frame or DisplayFrame.filled(self._screen)
        xy, valid, pupil = profile.decode(values, frame.whole)
        # As from the file later, where less is known about a stream than here.
        eyes = recorded_eyes_px(self.info, values, self._screen)
        return GazeChunk(t_s, stamps, frame.placement.to_page(xy), valid, pupil, values, eyes)

    def _session_times(self, stamps: FloatArray, now_s: float, deaf_s: float) -> FloatArray:
        was_foreign = self._times.foreign
        t_s = self._times.to_session(stamps, now_s)
        jumped_s = self._times.take_jump()
        if jumped_s:
            self._events.append(clock_jumped(now_s, jumped_s))
        if self._times.foreign and not was_foreign:
            self._events.append(clock_foreign(now_s, self.link()))
        burst = self._lateness.update(t_s, now_s - deaf_s)
        if burst is not None:
            self._events.append(late(now_s, burst))
        return t_s

    def _measure_offset(self, now_s: float) -> None:
        """Take LSL's newest estimate; liblsl keeps estimating in the background.

        The first one of a new connection is waited for, twice at most: its clock may be another.
        """
        if self._inlet is None or (not self._waits and now_s - self._measured_s < _OFFSET_EVERY_S):
            return
        try:
            self._times.measured(self._inlet.measure_offset_s(_PATIENCE_S if self._waits else 0.0))
            self._measured_s, self._waits = now_s, 0
        except lsl_failures():
            self._measured_s = now_s - _OFFSET_EVERY_S + _OFFSET_AGAIN_S
            self._waits = max(self._waits - 1, 0)
            log.debug("no new estimate of the clock offset of %s yet", self.info.name)

    def _look_around(self, now_s: float) -> None:
        """Look for other streams that pass for this one, and learn which program it is that came back."""
        if self._watch is None or now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        handles = self._watch.handles()
        if len(handles) < 2:
            self._alone_s, self._twice = now_s, False
            if handles and not self._link.uid and handles[0].uid() != self._past_uid:
                self._link = replace(self._link, uid=handles[0].uid(), host=handles[0].hostname())
        elif not self._twice and now_s - self._alone_s > _TWICE_S:
            self._twice = True
            self._events.append(duplicated(now_s, self.info, [h.hostname() for h in handles]))

    def _notice_silence(self, now_s: float) -> None:
        """Say so once when a stream that has gone quiet has left the network."""
        silent_s = now_s - self._heard_s
        if not self._is_gone and silent_s > _GONE_S and self._watch is not None and self._watch.gone():
            self._is_gone = True
            self._events.append(left(now_s, self.info, silent_s))

    def _lost(self, how: str) -> SourceLost:
        return SourceLost(
            f"Gaze stream {self.info.name!r} {how}.",
            "No further sample will come.",
            "Everything received so far is kept; start the tracker again to record more.",
        )
