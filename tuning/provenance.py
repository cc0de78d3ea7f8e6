"""What a persona's file says about itself; free of model code, so that anything can read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.consent import EXPORT, Consent, Scope
from protocols.participant import Pseudonym, Rating
from tuning.config import FitConfig, Signal
from tuning.examples import Split


class Edge(BaseModel):
    """Read from files: frozen, and nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConsentReference(Edge):
    """What the participant of one recording agreed to; see `protocols.consent.Consent`.

    Attributes:
        version: of the consent form, empty when the recording does not say.
        digest: of the consent form, likewise.
        given_unix_s: when, in s since 1970; None when the recording does not say.
        scopes: what was agreed to; None when the recording does not say, as those of earlier versions and
            those of simulated viewers.
    """

    version: str = ""
    digest: str = ""
    given_unix_s: float | None = None
    scopes: tuple[Scope, ...] | None = None

    @classmethod
    def of(cls, record: Mapping[str, object]) -> ConsentReference:
        """Return what a session's consent record says; nothing, when it has another form."""
        try:
            given = Consent.model_validate(record)
        except ValidationError:
            return cls()
        return cls(
            version=given.version, digest=given.digest, given_unix_s=given.given_unix_s, scopes=given.scopes
        )

    @property
    def allows_export(self) -> bool:
        """Whether a persona may be handed over; a recording that names no scopes does not forbid it."""
        return self.scopes is None or EXPORT in self.scopes


class SessionReference(Edge):
    """A recording that a persona was fitted on.

    Attributes:
        session: UUID of the recording.
        sha256: of its file.
        study: name of the study.
        study_digest: digest of the study.
        consent: what the participant agreed to; None in files of earlier versions.
    """

    session: str
    sha256: str
    study: str
    study_digest: str
    consent: ConsentReference | None = None


class LayoutReference(Edge):
    """What the pages looked like.

    Attributes:
        page_px: width and height of the page.
        slot_px: width and height of a poster; None when they differ.
    """

    page_px: tuple[int, int]
    slot_px: tuple[int, int] | None


class UseReference(Edge):
    """What the tables of use in a file do not say themselves; see `tuning.tables_of_use.TablesOfUse`.

    Attributes:
        signal: what counts as examining.
        genres: a line each.
        views: page views counted.
        unseen: page views left out.
        splits: of which screens.
    """

    signal: Signal
    genres: tuple[str, ...]
    views: int = Field(ge=0)
    unseen: int = Field(ge=0)
    splits: tuple[Split, ...]


class Provenance(Edge):
    """Everything needed to judge a persona or to fit it again.

    Attributes:
        schema_: version of these rules, written ``schema``.
        participant: pseudonym.
        preferred: preferred genres from the questionnaire, top genre first.
        ratings: stars from 1 to 5 per genre from the questionnaire; empty when not asked.
        sessions: what it was fitted on.
        backbone: id of the model the prompt belongs to.
        backbone_digest: SHA-256 of the model's weights.
        positions: scheme of position ids the prompt was fitted with.
        question_digest: SHA-256 of the text put to the model; empty in files of earlier versions.
        layout: what the pages looked like; None in files of earlier versions, or when they differ in size.
        cohort: digest of the cohort whose basis was used, empty when the prompt was fitted from nothing.
        config: all settings, with operator, placement, objective, signals, prompt length and seed.
        splits: split of each screen.
        use: of the examination and click tables; None in files of earlier versions.
        best_step: optimiser step that was kept, 0 for the start.
        start: earlier participant whose prompt explains the training pages best and was the start; empty in
            files of earlier versions, and when the start was random.
        validation: scores at that step.
        heldout: mean scores per row on test screens, filled in after the fit.
        uniform_shares: see `tuning.habit.Habit`.
        versions: of the programs involved.
    """

    schema_: Literal["gazetwin-persona/1"] = Field(default="gazetwin-persona/1", alias="schema")
    participant: Pseudonym
    preferred: tuple[str, ...]
    ratings: dict[str, Rating] = Field(default_factory=dict)
    sessions: tuple[SessionReference, ...]
    backbone: str
    backbone_digest: str
    positions: str
    question_digest: str = ""
    layout: LayoutReference | None = None
    cohort: str
    config: FitConfig
    splits: dict[str, Split]
    use: UseReference | None = None
    best_step: int
    start: str = ""
    validation: dict[str, float]
    heldout: dict[str, dict[str, float]]
    uniform_shares: dict[str, float]
    versions: dict[str, str]

    @property
    def unchanged(self) -> str:
        """Say that the prompt is the start of its fit; empty when a step was better, or no step was made."""
        if self.best_step or self.config.method != "steps":
            return ""
        whose = f"that of earlier participant {self.start}" if self.start else "the start"
        return (
            "This twin is untrained: no step of the fit improved on its start on the validation screens; the"
            f" prompt is {whose}, unchanged."
        )


class PersonasProvenance(Edge):
    """Where the personas of a file of several come from: one `Provenance` each."""

    schema_: Literal["gazetwin-personas/1"] = Field(default="gazetwin-personas/1", alias="schema")
    personas: tuple[Provenance, ...] = Field(min_length=1)


def holds_several(description: str) -> bool:
    """Tell whether a file's description is one of several personas."""
    try:
        told = json.loads(description)
    except (ValueError, RecursionError):
        return False  # the reader of single personas says what is wrong
    return isinstance(told, dict) and told.get("schema") == "gazetwin-personas/1"
