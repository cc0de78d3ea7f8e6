"""A source that plays prepared chunks and fails when told to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from acquisition.connection import Link
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.source_event import SourceEvent
from protocols.errors import GazeTwinError, SourceLost


class ScriptedSource:
    """Delivers one prepared chunk per read; after the last one it stays silent.

    Args:
        chunks: what to deliver; an empty chunk is a read that waits in vain.
        faults: per index of ``chunks``, an error to raise once instead of delivering it (the chunk itself
            comes with the following read). The index after the last chunk ends the script.
        info: how to describe the source.
        links: per index of ``chunks``, the connection that begins with it.
        events: per index of ``chunks``, what is noticed with it.
    """

    def __init__(
        self,
        chunks: Sequence[GazeChunk],
        faults: Mapping[int, GazeTwinError] | None = None,
        info: SourceInfo | None = None,
        links: Mapping[int, Link] | None = None,
        events: Mapping[int, SourceEvent] | None = None,
    ) -> None:
        channels = chunks[0].raw.shape[1] if chunks else 0
        labels = tuple(f"channel {i}" for i in range(channels))
        self._info = info or SourceInfo("script", "scripted", "scripted", "", 0.0, labels, ("",) * channels)
        self._chunks = tuple(chunks)
        self._faults = dict(faults or {})
        self._links, self._events = dict(links or {}), dict(events or {})
        self._link = Link()
        self._next = 0
        self._is_open = False

    @property
    def info(self) -> SourceInfo:
        """Describe the source."""
        return self._info

    def open(self) -> None:
        """Start from where the script stands."""
        self._is_open = True

    def read(self, timeout_s: float) -> GazeChunk:
        """Return the next chunk at once, or wait ``timeout_s`` in vain.

        Raises:
            SourceLost: the source is not open.
            GazeTwinError: whatever the script holds for this read.
        """
        if not self._is_open:
            raise SourceLost("The scripted source is not open.", "It has nothing to say.", "Open it first.")
        if self._next in self._faults:
            raise self._faults.pop(self._next)
        if self._next >= len(self._chunks):
            time.sleep(timeout_s)
            return GazeChunk.empty(len(self._info.channels))
        chunk = self._chunks[self._next]
        self._link = self._links.get(self._next, self._link)
        self._next += 1
        if not len(chunk):
            time.sleep(timeout_s)
        return chunk

    def offset_s(self) -> float:
        """Return 0: scripted chunks carry session time."""
        return 0.0

    def link(self) -> Link:
        """Return the connection that the script holds for the chunk read last, or for one before it."""
        return self._link

    def news(self) -> list[SourceEvent]:
        """Return what the script holds for the chunk read last."""
        event = self._events.pop(self._next - 1, None)
        return [] if event is None else [event]

    def close(self) -> None:
        """Stop. Idempotent."""
        self._is_open = False
