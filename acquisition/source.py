"""The seam between devices and everything else: a source blocks briefly and returns data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from acquisition.connection import Connection, Link
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source_event import SourceEvent
from protocols.markers import Marker
from protocols.placement import DisplayFrame
from protocols.stimulus import Viewport

REPLAYED = "replay-"
"""How the device of a stand-in begins that sends a recording; the source id holds it."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source says about itself.

    Attributes:
        name: as a person would call it.
        kind: ``lsl``, ``mouse``, ``scripted``, ``replay`` or ``imported``.
        profile: the wire format that was recognised, for example ``tobii-pro``.
        source_id: stable device id, empty when the device gives none.
        nominal_hz: claimed rate in Hz, 0 when irregular or unknown.
        channels: label of each raw channel, in order.
        units: unit of each raw channel, in order.
        read_by: text of the profile or surface file that its samples were read by, empty for none.
        frame: the whole display that raw coordinates refer to, None when the page fills it.
    """

    name: str
    kind: str
    profile: str
    source_id: str
    nominal_hz: float
    channels: tuple[str, ...]
    units: tuple[str, ...]
    read_by: str = ""
    frame: DisplayFrame | None = None

    @property
    def replayed(self) -> bool:
        """Whether a stand-in sends a recording, which comes to an end; not known without a source id."""
        return REPLAYED in self.source_id


@runtime_checkable
class GazeSource(Protocol):
    """A source of gaze. LSL, mouse, scripted and replay are indistinguishable to callers."""

    @property
    def info(self) -> SourceInfo:
        """Describe the source; complete after ``open``."""
        ...

    def open(self) -> None:
        """Connect. May block for seconds.

        Raises:
            SourceNotFound: nothing answers; the message lists what was found.
            ChannelsUnknown: the stream is there but cannot be understood.
        """
        ...

    def read(self, timeout_s: float) -> GazeChunk:
        """Return what has arrived, waiting up to ``timeout_s``; may be empty.

        Raises:
            SourceLost: no further sample will come.
        """
        ...

    def offset_s(self) -> float:
        """Return the latest estimate of device clock to session clock, in s (0 when they are the same)."""
        ...

    def link(self) -> Link:
        """Return the connection that the samples read last came over; ``Link()`` where there is but one."""
        ...

    def news(self) -> list[SourceEvent]:
        """Return what was noticed since the last call, for the operator and the recording."""
        ...

    def close(self) -> None:
        """Disconnect. Idempotent."""
        ...


class SampleSink(Protocol):
    """What the recorder writes to. ``sessions.writer.SessionWriter`` satisfies it from above."""

    def gaze(self, chunk: GazeChunk) -> None:
        """Append gaze samples."""
        ...

    def cursor(self, chunk: CursorChunk) -> None:
        """Append cursor samples."""
        ...

    def marker(self, marker: Marker) -> None:
        """Append one marker."""
        ...

    def viewport(self, t_s: float, screen_id: str, viewport: Viewport, page: str) -> None:
        """Append a change of viewport at ``t_s``; ``page`` is the digest of the page shown from then on."""
        ...

    def offset(self, t_s: float, offset_s: float) -> None:
        """Append one estimate of the source's clock offset."""
        ...

    def connection(self, connection: Connection) -> None:
        """Keep the account of one connection, in place of an earlier one of the same number."""
        ...

    def flush(self) -> None:
        """Make everything appended so far survive a crash."""
        ...

    def close(self, reason: str) -> None:
        """Seal; ``reason`` is ``complete`` or ``aborted``."""
        ...
