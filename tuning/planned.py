"""Which personas are to be fitted, from which sessions; and whether one that is there is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from protocols.errors import SessionError, SessionMissing
from sessions.reader import Recording
from tuning.config import FitConfig
from tuning.events import Load, Warned
from tuning.persona_task import PersonaTask, sha256
from tuning.provenance import Provenance


def personas_planned(
    named: Sequence[Path], config: FitConfig, model: Load, weights: str, basis: str
) -> tuple[list[PersonaTask], list[Warned]]:
    """Return one task per participant, by pseudonym, and what is wrong with files that no task can use.

    Args:
        named: session files, or folders of them.
        config: settings of every fit.
        model: what to load.
        weights: digest of its weights.
        basis: digest of the cohort that is used, empty for none.

    Raises:
        SessionMissing: there is no session where one is named.
    """
    owners: dict[str, list[Path]] = {}
    unreadable = []
    for path in dict.fromkeys(path for one in named for path in _files(one)):
        try:
            with Recording.open(path) as recording:
                owners.setdefault(recording.participant.pseudonym, []).append(path.resolve())
        except SessionError as error:
            unreadable.append(Warned(what=error.what, why=error.why, fix=error.fix))
    tasks = [
        PersonaTask(
            pseudonym=pseudonym,
            paths=tuple(str(path) for path in paths),
            sha256=tuple(sha256(path) for path in paths),
            config=config,
            model=model,
            weights=weights,
            basis=basis,
        )
        for pseudonym, paths in sorted(owners.items())
    ]
    return tasks, unreadable


def answers(own: Provenance, task: PersonaTask) -> bool:
    """Tell whether a persona is the answer to this very task."""
    sessions = tuple(reference.sha256 for reference in own.sessions)
    found = (own.participant, sessions, own.config, own.backbone_digest, own.cohort)
    return found == (task.pseudonym, task.sha256, task.config, task.weights, task.basis)


def _files(named: Path) -> Sequence[Path]:
    found = sorted(named.rglob("*.h5")) if named.is_dir() else [named] if named.is_file() else []
    if found:
        return found
    raise SessionMissing(
        f"There is no session at {named}.",
        "Its participants would be missing without a word.",
        "Name session files (.h5), or folders that hold some.",
    )
