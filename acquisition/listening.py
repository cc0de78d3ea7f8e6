"""Listening to streams for a moment before anyone decides what they mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from acquisition.liblsl import load_pylsl, lsl_failure_in_words, lsl_failures
from acquisition.profiles import MOST_CHANNELS
from protocols.geometry import FloatArray

log = logging.getLogger(__name__)

_CONNECT_S = 3.0
_POLL_S = 0.02
_AT_ONCE = 4096
_CONNECTING_AT_ONCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a stream sent while somebody listened.

    Attributes:
        values: samples, shape (n, channels).
        stamps_s: their stamps in s, shape (n,).
    """

    values: FloatArray
    stamps_s: FloatArray

    @property
    def rate_hz(self) -> float:
        """Samples per second between the first and the last stamp; 0 for fewer than three samples."""
        span_s = float(self.stamps_s.max() - self.stamps_s.min()) if len(self.stamps_s) > 2 else 0.0
        return (len(self.stamps_s) - 1) / span_s if span_s > 0 else 0.0


def listen(handles: Sequence[Any], seconds: float) -> list[Heard | None]:
    """Listen to several streams at once.

    Args:
        handles: pylsl's StreamInfo of each.
        seconds: for how long.

    Returns:
        One for each handle; None for a stream of text, one with more channels than any tracker has, or one
        that cannot be connected to.
    """
    if not handles:
        return []
    with ThreadPoolExecutor(min(len(handles), _CONNECTING_AT_ONCE), "connect") as pool:
        inlets = list(pool.map(_connected, handles))
    heard: list[list[tuple[FloatArray, FloatArray]]] = [[] for _ in handles]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(inlets):
        time.sleep(_POLL_S)
        for inlet, chunks in zip(inlets, heard, strict=True):
            if inlet is not None:
                _pull(inlet, chunks)
    for inlet in inlets:
        if inlet is not None:
            inlet.close_stream()
    return [
        None if inlet is None else _joined(chunks, handle.channel_count())
        for inlet, chunks, handle in zip(inlets, heard, handles, strict=True)
    ]


def _connected(handle: Any) -> Any:
    """Return an open inlet, None when there is nothing to listen to."""
    pylsl = load_pylsl()
    if handle.channel_format() == pylsl.cf_string or not 0 < handle.channel_count() <= MOST_CHANNELS:
        return None
    try:
        inlet = pylsl.StreamInlet(handle, 10, 0, False, pylsl.proc_none)
        inlet.info(_CONNECT_S)
        inlet.open_stream(_CONNECT_S)
    except lsl_failures() as error:
        log.warning("stream %.120r cannot be listened to: %s", handle.name(), lsl_failure_in_words(error))
        return None
    return inlet


def _pull(inlet: Any, chunks: list[tuple[FloatArray, FloatArray]]) -> None:
    try:
        values, stamps = inlet.pull_chunk(0.0, _AT_ONCE, as_numpy=True)
    except lsl_failures() as error:
        log.debug("a stream ended while it was listened to: %r", error)
        return
    if len(stamps):
        chunks.append((np.asarray(values, dtype=np.float64), np.asarray(stamps, dtype=np.float64)))


def _joined(chunks: list[tuple[FloatArray, FloatArray]], channels: int) -> Heard:
    if not chunks:
        return Heard(np.empty((0, channels)), np.empty(0))
    return Heard(np.concatenate([v for v, _ in chunks]), np.concatenate([s for _, s in chunks]))
