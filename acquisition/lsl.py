"""Gaze from Lab Streaming Layer.

Raw stamps and the offset series are both kept, so that times can be corrected again offline. Nothing here
dejitters: that filter counts samples, and trackers drop some, which throws times off by seconds.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from acquisition.clock import Clock, SteadyClock
from acquisition.eyes import eyes_px
from acquisition.liblsl import load_pylsl, lsl_failures
from acquisition.lsl_discovery import ON_SCREEN, Found, Reading, StreamWatch, choose, predicate, streams
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.source_clock import SourceClock
from protocols.errors import SourceLost, SourceNotFound
from protocols.geometry import FloatArray, Screen

__all__ = ["LslSource", "streams"]

log = logging.getLogger(__name__)

_OFFSET_EVERY_S = 5.0
_OFFSET_AGAIN_S = 0.5  # when there is no estimate yet
_SILENT_S = 0.5  # after which a stream is looked for
_CONNECT_S = 5.0
_AT_ONCE = 4096  # samples per read


class LslSource:
    """A gaze stream on the network.

    It keeps waiting when the stream stops, and goes on when the same device comes back, which is known by its
    source id, or by name, type and channels when it has none.

    Args:
        screen: the display that the gaze refers to.
        name: stream name; any gaze stream when omitted.
        source_id: device id; any when omitted.
        timeout_s: how long ``open`` waits for a stream to answer.
        clock: session clock; LSL's own when omitted.
        lost_after_s: raise SourceLost once the stream has been silent for this long (at least 2 s) and has
            left the network; never when omitted.
        identity: name, source id or uid, whichever fits; any when omitted.
        reading: what kind of stream, and how it is understood.
    """

    def __init__(
        self,
        screen: Screen,
        name: str | None = None,
        source_id: str | None = None,
        timeout_s: float = 5.0,
        clock: Clock | None = None,
        lost_after_s: float | None = None,
        identity: str | None = None,
        reading: Reading = ON_SCREEN,
    ) -> None:
        self._screen = screen
        self._name, self._source_id = name, source_id
        self._identity, self._reading = identity, reading
        self._timeout_s = timeout_s
        self._clock = clock or SteadyClock()
        self._lost_after_s = lost_after_s
        self._found: Found | None = None
        self._inlet: Any = None
        self._times = SourceClock(0.0, 0.0)
        self._watch: StreamWatch | None = None
        self._heard_s = 0.0
        self._measured_s = 0.0
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
            self._connect(self._found.handle)
        except lsl_failures() as error:
            self.close()
            raise SourceNotFound(
                f"Stream {self._found.stream} answers but sends no data ({error!r}).",
                "A stream that cannot be connected to cannot be recorded.",
                "Check that the firewall lets TCP and UDP 16571-16604 through in both directions.",
            ) from error
        self._is_open = True

    def read(self, timeout_s: float) -> GazeChunk:
        """Return what has arrived, in order of arrival, waiting up to ``timeout_s`` for the first sample.

        Raises:
            SourceLost: the source is not open, or see ``lost_after_s``.
        """
        if not self._is_open:
            raise self._lost("is not open")
        values, stamps = self._pull(timeout_s)
        if not len(stamps):
            self._silence()
            return GazeChunk.empty(len(self.info.channels))
        now_s = self._clock.now_s()
        self._measure_offset(patience_s=1.0 if now_s - self._heard_s > 1.0 else 0.0)
        self._heard_s, self._watch = now_s, None
        return self._chunk(values, stamps, now_s)

    def offset_s(self) -> float:
        """Return the latest estimate of device clock to session clock, in s."""
        return self._times.offset_s

    def close(self) -> None:
        """Disconnect. Idempotent."""
        self._is_open = False
        self._watch = None
        if self._inlet is not None:
            self._inlet.close_stream()
            self._inlet = None

    def _connect(self, handle: Any) -> None:
        pylsl = load_pylsl()
        # The buffer is counted in seconds, or in hundreds of samples when the stream claims no rate.
        buffered = 360 if handle.nominal_srate() else 3600
        inlet = pylsl.StreamInlet(_recoverable(handle), buffered, 0, True, pylsl.proc_none)
        # The first pull would ask for the metadata without a time limit, and the tracker may be gone by then.
        inlet.info(_CONNECT_S)
        measured_s = inlet.time_correction(_CONNECT_S)
        inlet.open_stream(_CONNECT_S)
        now_s = self._clock.now_s()
        self._times = SourceClock(now_s, measured_s)
        self._inlet, self._heard_s, self._measured_s = inlet, now_s, now_s

    def _pull(self, timeout_s: float) -> tuple[FloatArray, FloatArray]:
        """Return samples (n, channels) and stamps (n,), both empty when there are none."""
        values, stamps = self._inlet.pull_chunk(timeout_s, _AT_ONCE, min_samples=1, as_numpy=True)
        return np.asarray(values, dtype=np.float64), np.asarray(stamps, dtype=np.float64)

    def _chunk(self, values: FloatArray, stamps: FloatArray, now_s: float) -> GazeChunk:
        if self._found is None:
            raise self._lost("is not open")
        profile = self._found.profile
        xy, valid, pupil = profile.decode(values, self._screen)
        eyes = eyes_px(profile, values, self._screen)
        return GazeChunk(self._times.to_session(stamps, now_s), stamps, xy, valid, pupil, values, eyes)

    def _measure_offset(self, patience_s: float) -> None:
        """Take LSL's newest estimate; liblsl keeps estimating in the background."""
        now_s = self._clock.now_s()
        if not patience_s and now_s - self._measured_s < _OFFSET_EVERY_S:
            return
        try:
            self._times.measured(self._inlet.time_correction(patience_s))
            self._measured_s = now_s
        except lsl_failures():
            self._measured_s = now_s - _OFFSET_EVERY_S + _OFFSET_AGAIN_S
            log.debug("no new estimate of the clock offset of %s yet", self.info.name)

    def _silence(self) -> None:
        """Look for a stream that has gone quiet, and say so when it is gone for good."""
        silent_s = self._clock.now_s() - self._heard_s
        if self._lost_after_s is None or silent_s < _SILENT_S:
            return
        if self._watch is None:
            self._watch = StreamWatch(
                predicate(
                    self.info.name,
                    self.info.source_id,
                    len(self.info.channels),
                    types=self._reading.types,
                )
            )
        if silent_s > max(self._lost_after_s, 2.0) and self._watch.gone():
            raise self._lost(f"has left the network; its last sample came {silent_s:.1f} s ago")

    def _lost(self, how: str) -> SourceLost:
        return SourceLost(
            f"Gaze stream {self.info.name!r} {how}.",
            "No further sample will come.",
            "Everything received so far is kept; start the tracker again to record more.",
        )


def _recoverable(handle: Any) -> Any:
    """Return what to connect to so that liblsl looks for the stream again when it goes away.

    With the handle of a stream that has no source id it would not, and would throw away what had arrived but
    was not read yet. Given only name, type and channels it finds the stream by these, now and later.
    """
    if handle.source_id():
        return handle
    return load_pylsl().StreamInfo(
        handle.name(),
        handle.type(),
        handle.channel_count(),
        handle.nominal_srate(),
        handle.channel_format(),
        "",
    )
