"""Which rooms of a visit are done, and which comes next. Qt-free."""

from __future__ import annotations

from typing import Literal

from studio.house import RoomKey
from studio.visit import Visit

Step = Literal["done", "next", ""]


def steps(visit: Visit) -> dict[RoomKey, Step]:
    """Return the standing of each room on the way from start to report; rooms about files have none.

    Args:
        visit: what has been decided.
    """
    done: dict[RoomKey, bool] = {
        "start": visit.study is not None,
        "participant": visit.participant is not None,
        "devices": visit.source is not None and visit.display is not None,
        "calibration": visit.recorded is not None,
        "session": visit.recorded is not None,
    }
    standing: dict[RoomKey, Step] = {key: "done" if over else "" for key, over in done.items()}
    waiting = [key for key, over in done.items() if not over]
    standing[waiting[0] if waiting else "twin"] = "next"
    return standing
