"""The accounts of connections, as rows of ``/clock/connections``."""

from __future__ import annotations

from collections.abc import Mapping

import h5py

from acquisition.connection import CLOCKS, ClockKind, Connection, Link
from protocols.errors import SessionCorrupt
from sessions.schema import TABLES
from sessions.tables import texts

_TABLE = "clock/connections"


def account_row(connection: Connection) -> Mapping[str, object]:
    """Return the row of one account."""
    link = connection.link
    return {
        "connection": link.number,
        "from_s": link.from_s,
        "clock": link.clock,
        "method": link.method,
        "offset_s": link.offset_s,
        "drift_ppm": connection.drift_ppm,
        "uid": link.uid,
        "host": link.host,
        "first_sample": connection.first_sample,
        "received": connection.received,
        "expected": connection.expected,
        "late": connection.late,
        "period_s": connection.period_s,
    }


def accounts(h5: h5py.File) -> tuple[Connection, ...]:
    """Return every account of a recording in order of time, none when it keeps none.

    Raises:
        SessionCorrupt: it names a clock that there is not.
    """
    if _TABLE not in h5:
        return ()
    group = h5[_TABLE]
    read = {c.name: texts(group[c.name]) if c.kind == "text" else group[c.name][:] for c in TABLES[_TABLE]}
    return tuple(
        _account({name: column[i] for name, column in read.items()}) for i in range(len(read["uid"]))
    )


def _account(row: Mapping[str, object]) -> Connection:
    numbers = {name: float(str(row[name])) for name in ("from_s", "offset_s", "drift_ppm", "period_s")}
    counts = {
        name: int(str(row[name])) for name in ("connection", "first_sample", "received", "expected", "late")
    }
    link = Link(
        number=counts["connection"],
        from_s=numbers["from_s"],
        clock=_clock(str(row["clock"])),
        method=str(row["method"]),
        offset_s=numbers["offset_s"],
        uid=str(row["uid"]),
        host=str(row["host"]),
    )
    return Connection(
        link=link,
        first_sample=counts["first_sample"],
        received=counts["received"],
        expected=counts["expected"],
        late=counts["late"],
        period_s=numbers["period_s"],
        drift_ppm=numbers["drift_ppm"],
    )


def _clock(text: str) -> ClockKind:
    for kind in CLOCKS:
        if kind == text:
            return kind
    raise SessionCorrupt(
        f"The recording says that gaze was stamped with the clock {text!r}.",
        f"Known are {', '.join(CLOCKS)}; times of gaze cannot be judged.",
        "Open it with the version of GazeTwin that wrote it.",
    )
