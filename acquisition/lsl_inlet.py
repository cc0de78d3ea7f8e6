"""One inlet of liblsl: connects with time limits everywhere, and comes back with the stream."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from acquisition.liblsl import load_pylsl
from protocols.geometry import FloatArray

_CONNECT_S = 5.0
_AT_ONCE = 512  # samples per pull
_PACE_S = 0.005  # a pull costs the same for one sample as for a dozen


class LslInlet:
    """Samples of one stream, in order of arrival.

    Connecting takes about 0.7 s; pylsl's errors of ``lsl_failures`` say that it did not succeed.

    Args:
        handle: the stream as it was resolved.
    """

    def __init__(self, handle: Any) -> None:
        pylsl = load_pylsl()
        # The buffer is counted in seconds, or in hundreds of samples when the stream claims no rate.
        buffered = 360 if handle.nominal_srate() else 3600
        self._inlet = pylsl.StreamInlet(_recoverable(handle), buffered, 0, True, pylsl.proc_none)
        # The first pull would ask for the metadata without a time limit, and the tracker may be gone by then.
        self._inlet.info(_CONNECT_S)
        self.first_offset_s = self.measure_offset_s(_CONNECT_S)
        self._inlet.open_stream(_CONNECT_S)
        self._paced_s = 0.0
        self._inlet.was_clock_reset()  # what happened while connecting is no reconnection

    def pull(self, timeout_s: float) -> tuple[FloatArray, FloatArray]:
        """Return samples (n, channels) and stamps (n,), both empty when none came within ``timeout_s``."""
        time.sleep(max(self._paced_s - time.monotonic(), 0.0))
        values, stamps = self._inlet.pull_chunk(timeout_s, _AT_ONCE, min_samples=1, as_numpy=True)
        full = len(stamps) == _AT_ONCE
        self._paced_s = 0.0 if full else time.monotonic() + _PACE_S
        return np.asarray(values, dtype=np.float64), np.asarray(stamps, dtype=np.float64)

    def came_back(self) -> bool:
        """Tell whether liblsl has connected to another outlet of the stream since this was asked last."""
        return bool(self._inlet.was_clock_reset())

    def measure_offset_s(self, patience_s: float) -> float:
        """Return LSL's newest estimate of sender clock to ours in s; it goes on estimating by itself."""
        return float(self._inlet.time_correction(patience_s))

    def close(self) -> None:
        """Disconnect."""
        self._inlet.close_stream()


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
