"""The last seconds of gaze, for whoever draws them."""

from __future__ import annotations

import threading
from collections import deque

from acquisition.samples import GazeChunk


class LiveBuffer:
    """Holds the newest samples. Thread-safe; readers get copies of references only.

    Args:
        seconds: how much to keep, counted back from the newest sample.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._chunks: deque[GazeChunk] = deque()
        self._newest_s = float("-inf")
        self._lock = threading.Lock()

    def append(self, chunk: GazeChunk) -> None:
        """Add samples and drop those that have become too old."""
        if not len(chunk):
            return
        with self._lock:
            self._chunks.append(chunk)
            self._newest_s = max(self._newest_s, float(chunk.t_s.max()))
            while self._chunks and float(self._chunks[0].t_s.max()) < self._newest_s - self._seconds:
                self._chunks.popleft()

    def snapshot(self, seconds: float) -> GazeChunk:
        """Return the samples of the last ``seconds``, back from the newest, in order of their stamps."""
        with self._lock:
            since_s = self._newest_s - min(seconds, self._seconds)
            chunks = [chunk for chunk in self._chunks if float(chunk.t_s.max()) >= since_s]
        joined = GazeChunk.joined(chunks)
        keep = joined.t_s >= since_s
        return joined.rows(keep).by_time()
