"""What is left to do in a session that ended early, so that another recording can do it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from protocols.errors import SessionError
from protocols.markers import Code, Marker
from protocols.participant import Participant
from sessions.reader import Recording

_FINISHED = ("click", "timeout", "skip")


class _Beginning(BaseModel):
    """What the marker of a session's start says."""

    model_config = ConfigDict(extra="ignore")

    seed: int
    participant_index: int
    positions: tuple[int, ...] = ()


class Unfinished(BaseModel):
    """A session that ended early.

    Attributes:
        session_id: its UUID.
        study: snapshot of the study, with the geometry of the display it was shown on.
        participant: pseudonym and questionnaire.
        consent: what the participant agreed to.
        seed: decided the order of trials.
        left: positions, in the whole session's order, of the trials that were not finished.
        total: how many trials the whole session has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: str
    study: str
    participant: Participant
    consent: dict[str, object]
    seed: int
    left: tuple[int, ...]
    total: int


def unfinished(path: Path) -> Unfinished:
    """Return what is left of a session.

    A trial that was begun and not finished, or is to be repeated, is left: it is shown again from its start.

    Raises:
        SessionError: the recording cannot be read, does not say how it began, or nothing is left.
    """
    with Recording.open(path) as recording:
        facts = _beginning(path, recording.markers())
        study = recording.study
        total = len(study.trials(facts.participant_index, facts.seed)) if study.kind == "carousel" else 0
        shown = facts.positions or tuple(range(total))
        done = {shown[trial] for trial in finished(recording.markers())}
        left = tuple(position for position in shown if position not in done)
        if not left:
            raise SessionError(
                f"Nothing is left to do in {path}: all {total} trials are finished.",
                "Another recording would show the participant the same pages again.",
                "Begin a new session, with another participant.",
            )
        return Unfinished(
            session_id=recording.session_id,
            study=recording.study_text,
            participant=recording.participant,
            consent=recording.consent,
            seed=facts.seed,
            left=left,
            total=total,
        )


def finished(markers: Iterable[Marker]) -> set[int]:
    """Return the trials that came to their end, by click, time-out or the operator's skip."""
    done: set[int] = set()
    for marker in markers:
        if marker.code is Code.TRIAL_END and marker.payload.get("reason") in _FINISHED:
            done.add(marker.trial)
        elif marker.code is Code.REPEAT:
            done.discard(marker.trial)
    return done


def _beginning(path: Path, markers: Iterable[Marker]) -> _Beginning:
    for marker in markers:
        if marker.code is Code.SESSION_START and {"seed", "participant_index"} <= set(marker.payload):
            return _Beginning.model_validate(dict(marker.payload))
    raise SessionError(
        f"{path} does not say by which seed its trials were ordered.",
        "Which trials are left cannot be told.",
        "Begin a new session.",
    )
