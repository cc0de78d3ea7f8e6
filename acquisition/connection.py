"""What is known about one connection to a source: whose clock stamped it, and how much came through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClockKind = Literal["session", "lsl", "unix", "device"]
CLOCKS: dict[ClockKind, str] = {
    "session": "the session's own clock",
    "lsl": "an LSL clock",
    "unix": "Unix time, which LSL cannot relate to the session",
    "device": "a clock of the device's own, which LSL cannot relate to the session",
}


@dataclass(frozen=True, slots=True)
class Link:
    """The connection over which samples come, as the source sees it.

    Attributes:
        number: counts from 0; a source that went away and came back has the next one.
        from_s: session time in s at which it was made.
        clock: what stamps the samples.
        method: how stamps become session time, in words.
        offset_s: seconds to add to a stamp for session time, as of now.
        uid: id of the one outlet, empty when there is none or it is not known yet.
        host: computer it runs on, empty when there is none or it is not known yet.
    """

    number: int = 0
    from_s: float = float("nan")
    clock: ClockKind = "session"
    method: str = "stamps are session time"
    offset_s: float = 0.0
    uid: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """The account of one connection.

    Attributes:
        link: the connection, as of the account's last update.
        first_sample: how many samples the recording held when it was made.
        received: samples that came.
        expected: samples that should have come between the first and the last, by the measured period.
        late: samples with a stamp older than that of a sample before them.
        period_s: measured between stamps, NaN with too few samples.
        drift_ppm: of the source's clock against the session's, in millionths; NaN before a minute is over.
    """

    link: Link
    first_sample: int
    received: int
    expected: int
    late: int
    period_s: float
    drift_ppm: float

    @property
    def lost(self) -> int:
        """Samples expected and not received."""
        return self.expected - self.received

    @property
    def foreign(self) -> bool:
        """Whether the samples carry stamps that only their arrival relates to the session."""
        return self.link.clock in ("unix", "device")
