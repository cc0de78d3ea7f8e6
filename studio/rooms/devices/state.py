"""What the room "Devices" shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from acquisition.preview import Glance
from acquisition.profiles import Profile
from acquisition.stream_table import ChannelReading
from acquisition.streams import StreamDescription
from studio.monitors import Setup
from studio.picking import Candidate
from studio.sources import Kind, SourceChoice
from studio.theme import Mood


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence for the operator."""

    words: str
    mood: Mood = "quiet"


@dataclass(frozen=True, slots=True)
class Entry:
    """One place where gaze can come from.

    Attributes:
        key: names it as long as it is there.
        kind: as in SourceChoice.
        title: what a person calls it.
        detail: one line about it.
        choice: what a session is told, None when it cannot be used.
        refusal: why it cannot be used, in words; empty when it can.
        caveat: what a researcher should know about it.
        alike: other streams pass for it, in words; empty when none does.
        channels: how each is understood.
        stream: as it describes itself, None for what is no stream.
        profile: how samples are read, None when nobody knows.
        pickable: somebody may say what its channels are.
        vague: nothing says that it is gaze at all.
        wearable: a surface file would make it usable.
        gone: it was chosen and has left the network.
    """

    key: str
    kind: Kind
    title: str
    detail: str = ""
    choice: SourceChoice | None = None
    refusal: str = ""
    caveat: str = ""
    alike: str = ""
    channels: tuple[ChannelReading, ...] = ()
    stream: StreamDescription | None = None
    profile: Profile | None = None
    pickable: bool = False
    vague: bool = False
    wearable: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picking:
    """Somebody is saying what the channels of a stream are.

    Attributes:
        one: the stream and what it seems to be.
        concerns: what speaks against the latest answer.
        refusal: why the latest answer makes no sense, empty when it does.
    """

    one: Candidate
    concerns: tuple[str, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """How the chosen source does now.

    Attributes:
        glance: its samples and accounts.
        lines: what to say about it, the gravest first.
    """

    glance: Glance
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DevicesState:
    """Everything the room shows.

    Attributes:
        entries: where gaze can come from.
        chosen: key of the entry in use, empty for none.
        looking: no answer has had time to come yet.
        problem: why streams cannot be looked for, empty when they can.
        waiting: something is being connected or listened to, in words.
        failure: why the chosen source cannot be looked at.
        measured: of the chosen source, None without samples.
        picking: None unless somebody is saying what channels are.
        setup: the participant's display.
        said: what the room has just done.
    """

    entries: tuple[Entry, ...] = ()
    chosen: str = ""
    looking: bool = True
    problem: str = ""
    waiting: str = ""
    failure: str = ""
    measured: Measured | None = None
    picking: Picking | None = None
    setup: Setup = field(default_factory=Setup)
    said: Line | None = None

    @property
    def entry(self) -> Entry | None:
        """The chosen entry."""
        return next((one for one in self.entries if one.key == self.chosen), None)

    @property
    def missing(self) -> str:
        """Why the next room makes no sense yet, in words; empty when it does."""
        entry = self.entry
        if entry is None:
            return "Choose where gaze comes from."
        if entry.gone:
            return f"{entry.title} has left the network: start its program again, or choose another source."
        if entry.choice is None:
            return f"{entry.title} cannot be recorded as it is: see why above, or choose another source."
        return self.setup.missing
