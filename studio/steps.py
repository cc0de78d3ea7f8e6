"""Which rooms of a visit are done, which is in use now, and which comes next. Qt-free."""

from __future__ import annotations

from typing import Literal

from protocols.consent import TWIN, refused
from studio.house import RoomKey
from studio.visit import Visit

Step = Literal["done", "now", "next", ""]
Stage = Literal["calibrating", "recording", ""]
_AFTER: tuple[RoomKey, ...] = ("twin", "replay", "report")


def steps(visit: Visit, stage: Stage = "") -> dict[RoomKey, Step]:
    """Return the standing of each room on the way from start to report.

    Args:
        visit: what has been decided.
        stage: what the session that goes on is at, empty while there is none.
    """
    recorded = visit.recorded is not None
    done: dict[RoomKey, bool] = {
        "start": visit.study is not None,
        "participant": visit.participant is not None,
        "devices": visit.source is not None and visit.display is not None,
        "calibration": stage == "recording" or (not stage and recorded),
        "session": not stage and recorded,
    }
    if recorded and not stage:
        done |= {key: key in visit.done for key in _AFTER if key != "twin" or may_have_twin(visit)}
    standing: dict[RoomKey, Step] = {key: "done" if over else "" for key, over in done.items()}
    if stage:
        standing["calibration" if stage == "calibrating" else "session"] = "now"
    elif (coming := _coming(done)) is not None:
        standing[coming] = "next"
    return standing


def may_have_twin(visit: Visit) -> bool:
    """Whether the study has pages to learn from, and the participant did not refuse."""
    study = visit.study
    return study is None or (study.kind == "carousel" and not refused(TWIN, study.consent, visit.consent))


def _coming(done: dict[RoomKey, bool]) -> RoomKey | None:
    """Return the first room that is not done; of those after the recording, the first that was not passed."""
    waiting = [key for key, over in done.items() if not over]
    before = [key for key in waiting if key not in _AFTER]
    if before:
        return before[0]
    last = max((n for n, key in enumerate(_AFTER) if done.get(key)), default=-1)
    return next((key for key in waiting if _AFTER.index(key) > last), None)
