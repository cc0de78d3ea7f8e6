"""A visit for what is left of a session that ended early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.errors import StudyInvalid
from protocols.participant import Participant
from protocols.study import StudyProtocol
from studio.visit import Rest, Visit


def continued(told: Mapping[str, Any]) -> Visit:
    """Return the visit that does what ``python -m sessions rest`` says is left.

    Raises:
        StudyInvalid: the study's posters are images, which a recording does not hold.
    """
    study = StudyProtocol.from_snapshot(told["study"])
    if study.posters:
        raise StudyInvalid(
            f"Study {study.name} shows poster images from its folder {study.posters!r}.",
            "The recording knows the study but not where the images are; drawn posters would look different.",
            "Begin a new session of the study with another participant.",
        )
    return Visit(
        study=study,
        participant=Participant.model_validate(told["participant"]),
        consent=dict(told["consent"]),
        seed=told["seed"],
        rest=Rest(told["session_id"], tuple(told["left"])),
    )
