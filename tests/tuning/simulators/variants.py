"""The same persona with other answers, or other things done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tuning.exporting.contract import Personas, Subject
from tuning.tables_of_use import Counts, TablesOfUse

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "agent4rec": {},
    "clax": {},
    "concordia": {"goal": "Find a film for tonight"},
    "gymnasium": {},
    "sardine": {},
    "tinytroupe": {},
    "ultra": {},
    "uxagent": {"intent": "Find a film for tonight."},
    "yulan": {"age": "30", "gender": "female"},
}


def only(personas: Personas, *subjects: Subject) -> Personas:
    return replace(personas, subjects=subjects)


def answering(subject: Subject, **answers: object) -> Subject:
    provenance = subject.provenance.model_copy(update=answers)
    return replace(subject, persona=replace(subject.persona, provenance=provenance))


def doing(subject: Subject, use: TablesOfUse | None) -> Subject:
    return replace(subject, persona=replace(subject.persona, use=use))


def with_genres(use: TablesOfUse, counts: Mapping[str, tuple[int, int, int, int]]) -> TablesOfUse:
    """Return tables with other counts of films: shown, examined, clicked, clicked and examined."""
    table = np.array([counts[genre] for genre in sorted(counts)], dtype=np.int64)
    return replace(use, genres=tuple(sorted(counts)), films=Counts.of(table))
