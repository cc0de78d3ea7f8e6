"""What a persona file says about itself, without model libraries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from protocols.errors import PersonaMismatch
from tuning.address import split_address
from tuning.provenance import PersonasProvenance, Provenance, SessionReference, holds_several
from tuning.safetensors_header import MAX_FILE_BYTES, Head, described, read_head
from tuning.tables_of_use import COUNTS, PLACE, TablesOfUse


@dataclass(frozen=True, eq=False)
class Described:
    """One persona, as far as it can be told without its model.

    Attributes:
        provenance: everything its file says.
        use: examination and click tables; None in files of earlier versions.
    """

    provenance: Provenance
    use: TablesOfUse | None

    def document(self) -> dict[str, object]:
        """Return it as JSON types."""
        told = self.provenance.model_dump(mode="json", by_alias=True)
        if self.use is not None:
            lines = self.use.arrays()["slots"].tolist()
            films = zip(self.use.genres, self.use.films.table().tolist(), strict=True)
            told["use"] |= {
                "slots": [dict(zip((*PLACE, *COUNTS, "dwell_ms"), line, strict=True)) for line in lines],
                "films": {genre: dict(zip(COUNTS, counts, strict=True)) for genre, counts in films},
            }
        return told

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what it is, line by line, for people."""
        own, config = self.provenance, self.provenance.config
        yield "preferred genres", ", ".join(own.preferred) or "not asked"
        for session in own.sessions:
            yield f"session {session.session[:8]}", _told(session)
        screens = list(own.splits.values())
        counts = ", ".join(f"{screens.count(s)} {s}" for s in ("train", "val", "test"))
        yield "screens", f"{len(screens)}: {counts}"
        if own.layout is not None:
            yield "page layout", f"{own.layout.page_px[0]} x {own.layout.page_px[1]} px"
        yield "model", f"{own.backbone} (weights {own.backbone_digest[:16]})"
        yield "question", own.question_digest[:16] or "not recorded by this version"
        yield "prompt", f"{config.prompt_length} tokens, {config.placement}, positions {own.positions}"
        yield "basis", own.cohort[:16] or "fitted from nothing"
        yield "operator", config.operator
        yield "objective", f"{config.objective}, to {config.train_signal}s, seed {config.seed}"
        yield "fitted", _fitted(own)
        yield "software", ", ".join(f"{name} {version}" for name, version in own.versions.items())


def _fitted(own: Provenance) -> str:
    if own.config.method == "search":
        return "by search among mixtures of the basis's participants"
    return own.unchanged or f"by steps, kept {own.best_step} of {own.config.steps}"


def described_at(address: str) -> list[Described]:
    """Read one persona, or all of a file of several.

    Raises:
        PersonaMismatch: no such file or participant, or damaged.
    """
    path, name = split_address(address)
    head = read_head(path, MAX_FILE_BYTES)
    people, several = _people(head)
    found = [
        Described(own, _use(head, own, row if several else None))
        for row, own in enumerate(people)
        if name in ("", own.participant)
    ]
    if not found:
        raise PersonaMismatch(
            f"{path} has no persona of {name}.",
            "Another participant's twin would be shown.",
            f"Name one of its {len(people)}, for example {people[0].participant}.",
        )
    return found


def _people(head: Head) -> tuple[tuple[Provenance, ...], bool]:
    if holds_several(head.description):
        return described(head, PersonasProvenance).personas, True
    return (described(head, Provenance),), False


def _use(head: Head, own: Provenance, row: int | None) -> TablesOfUse | None:
    if own.use is None:
        return None
    arrays = {name: head.array(f"use.{name}") for name in ("slots", "genres")}
    if any(table.ndim != 2 for table in arrays.values()):
        raise _no_tables(head.path)
    if row is not None:
        arrays = {name: np.asarray(t[t[:, 0] == row, 1:]) for name, t in arrays.items()}
    return TablesOfUse.of_arrays(arrays, own.use.signal, own.use.genres, own.use.views, own.use.unseen)


def _no_tables(path: Path) -> PersonaMismatch:
    return PersonaMismatch(
        f"{path} holds tables of use that are none.", "Their counts cannot be told.", "Fit again."
    )


def _told(session: SessionReference) -> str:
    study = f"study {session.study} ({session.study_digest[:12]})"
    given = session.consent
    if given is None or given.scopes is None:
        return f"{study}, no consent recorded"
    return f"{study}, consent {given.version}{_day(given.given_unix_s)} to {', '.join(given.scopes)}"


def _day(unix_s: float | None) -> str:
    return "" if unix_s is None else f" on {datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d}"
