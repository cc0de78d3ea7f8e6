"""The streams on the network that are gaze or might be, as they appear and disappear."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acquisition.lsl_discovery import StreamWatch, described, might_be_gaze, predicate
from acquisition.streams import StreamDescription

_FIRST_S = 1.0  # how long streams may take to answer before it is said that there is none
_GONE_S = 3.0  # a busy computer misses an answer now and then


@dataclass(frozen=True, slots=True)
class Present:
    """A stream that is there now.

    Attributes:
        handle: pylsl's StreamInfo, to connect with.
        stream: its description, with channels.
    """

    handle: Any
    stream: StreamDescription


class Presence:
    """Keeps looking for streams. Made and asked in threads that may wait; one call at a time."""

    def __init__(self) -> None:
        self._watch: StreamWatch | None = None
        self._known: dict[str, Present] = {}
        self._seen_s: dict[str, float] = {}
        self._others: set[str] = set()

    def look(self, types: Sequence[str]) -> tuple[Present, ...]:
        """Return what is there, sorted by name. The first call takes a second, and a new stream a moment.

        Args:
            types: content types that are gaze; numbers of any other type might be.

        Raises:
            SetupError: there is no liblsl.
        """
        watch = self._watch
        if watch is None:
            watch = self._watch = StreamWatch(predicate(types=()))
            time.sleep(_FIRST_S)
        handles = {handle.uid(): handle for handle in watch.handles()}
        self._others &= set(handles)
        known = self._others | set(self._known)
        new = [handle for uid, handle in handles.items() if uid not in known]
        wanted = [handle for handle in new if might_be_gaze(handle, types)]
        self._others |= {handle.uid() for handle in new} - {handle.uid() for handle in wanted}
        for handle, stream in described(wanted):
            self._known[stream.uid] = Present(handle, stream)
        self._forget(set(handles))
        return tuple(sorted(self._known.values(), key=lambda one: (one.stream.name, one.stream.uid)))

    def _forget(self, seen: set[str]) -> None:
        """Let go of what has not answered for a while, at once of what is back as another outlet."""
        now_s = time.monotonic()
        self._seen_s |= dict.fromkeys(seen, now_s)
        here = {_device(one.stream) for uid, one in self._known.items() if uid in seen}
        self._known = {
            uid: one
            for uid, one in self._known.items()
            if uid in seen or (now_s - self._seen_s[uid] < _GONE_S and _device(one.stream) not in here)
        }
        self._seen_s = {uid: at_s for uid, at_s in self._seen_s.items() if uid in self._known}

    def close(self) -> None:
        """Stop looking; a look that is going on still ends. Idempotent, from any thread."""
        self._watch = None


def alike(stream: StreamDescription, streams: Sequence[StreamDescription]) -> list[StreamDescription]:
    """Return the other streams that pass for this one: the same source id or, without any, the same name."""
    identity = stream.source_id or stream.name
    return [
        other for other in streams if other.uid != stream.uid and (other.source_id or other.name) == identity
    ]


def identity(stream: StreamDescription, streams: Sequence[StreamDescription]) -> str:
    """Return what names a stream and no other that is there: source id, name or, both shared, its uid."""
    others = [other for other in streams if other.uid != stream.uid]
    taken = {word for other in others for word in (other.name, other.source_id, other.uid)}
    return next((word for word in (stream.source_id, stream.name) if word and word not in taken), stream.uid)


def _device(stream: StreamDescription) -> tuple[str, str, str]:
    return stream.name, stream.source_id, stream.host
