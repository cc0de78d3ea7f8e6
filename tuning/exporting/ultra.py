"""`ultra`: a participant as a click model of the learning-to-rank toolbox ULTRA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Bounded

from protocols.errors import ExportError
from tuning.exporting.checking import document_of, require, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.position_based import SMOOTHING, click_models, clicks_are_looks
from tuning.exporting.written import write_json
from tuning.tables_of_use import COUNTS, Counts

SUFFIX = ".click_model.json"
GRADES = 5
_FACTORS = ("exam_prob", "click_prob")
Probability = Annotated[float, Bounded(gt=0, lt=1)]


class ClickModel(BaseModel):
    """What ULTRA's `loadModelFromJson` reads.

    Attributes:
        model_name: which of its models.
        eta: exponent that was applied to `exam_prob`; 1 for none.
        click_prob: of an examined document, by relevance grade 0 to 4.
        exam_prob: by rank; ranks past the end take the last one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model_name: Literal["position_biased_model"] = "position_biased_model"
    eta: Annotated[float, Bounded(ge=1, le=1)] = 1.0
    click_prob: Annotated[tuple[Probability, ...], Bounded(min_length=GRADES, max_length=GRADES)]
    exam_prob: Annotated[tuple[Probability, ...], Bounded(min_length=1)]


class Ultra:
    """See the module."""

    name = "ultra"
    summary = "Learning-to-rank toolbox ULTRA: simulates clicks on ranked lists with relevance grades."
    package = "ULTR-Community/ULTRA_pytorch (repository)"
    version = "2023-02"
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("exam_prob", "measured", "how often each position was looked at when shown, smoothed"),
        Field(
            "click_prob",
            "measured",
            "clicks per film looked at, by the stars of its genre less one, smoothed",
        ),
        Field("eta", "constant", "1: exam_prob is used as it is"),
        Field("model_name", "constant", "position_biased_model"),
        Field("order and dwell", "omitted", "a position-based model knows neither"),
        Field("soft prompt", "omitted", "a click model has no place for it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``<pseudonym>.click_model.json`` per persona."""
        filled = []
        for subject in personas.subjects:
            (own,) = (models := click_models([subject])).of
            graded = _graded(subject)
            model = ClickModel(click_prob=_click_prob(graded), exam_prob=tuple(own.examination.tolist()))
            write_json(folder / f"{subject.name}{SUFFIX}", model.model_dump(mode="json"))
            examination = [f for f in models.fields(*_FACTORS) if f.name.startswith(_FACTORS[0])]
            filled += [
                replace(field, participant=subject.name) for field in (*examination, *_told(graded, subject))
            ]
        return (*filled, *self.fields[2:])

    def verify(self, folder: Path) -> Verification:
        """Check every file against what ULTRA reads."""
        sentence = f"*{SUFFIX} are position-biased models with five relevance grades"
        return verified("schema", self.package, self.version, [(sentence, lambda: _refuse_others(folder))])


def _grade(subject: Subject, genre: str) -> int | None:
    """Return the relevance grade of a genre, 0 to 4: its stars less one; best or worst if none has stars."""
    own = subject.provenance
    if own.ratings:
        return own.ratings[genre] - 1 if genre in own.ratings else None
    return GRADES - 1 if genre in own.preferred else 0


def _graded(subject: Subject) -> Counts:
    """Return counts per relevance grade, (5,)."""
    own, use = subject.provenance, subject.use
    total = np.zeros((GRADES, len(COUNTS)), dtype=np.int64)
    for genre, counts in zip(use.genres, use.films.table(), strict=True):
        grade = _grade(subject, genre)
        if grade is not None:
            total[grade] += counts
    graded = clicks_are_looks(Counts.of(total))
    if not (own.ratings or own.preferred) or not graded.examined.any():
        raise ExportError(
            f"{subject.name} rated and preferred no genre of the films they looked at.",
            "ULTRA's clicks depend on relevance grades, which come from the questionnaire.",
            "Ask for preferred genres or ratings in the study, or choose another target, such as clax.",
        )
    return graded


def _click_prob(graded: Counts) -> tuple[float, ...]:
    """Return click probabilities per grade; a grade without films lies between its neighbours."""
    known = np.flatnonzero(graded.examined)
    rates = graded.click_given_examined
    return tuple(float(p) for p in np.interp(np.arange(GRADES), known, rates[known]))


def _told(graded: Counts, subject: Subject) -> list[Field]:
    stars = bool(subject.provenance.ratings)
    rule = "stars of its genre less one" if stars else "grade 4 for preferred genres, 0 for others"
    unknown: Sequence[int] = np.flatnonzero(graded.examined == 0).tolist()
    looks = int(graded.examined.sum())
    found = [
        Field("click_prob", "measured", f"clicked, of films looked at or clicked; {rule}; {SMOOTHING}", looks)
    ]
    if unknown:
        grades = ", ".join(map(str, unknown))
        note = f"no film of grade {grades} was looked at; interpolated between the others"
        found.append(Field("click_prob of unseen grades", "proxy", note, 0))
    return found


def _refuse_others(folder: Path) -> None:
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    require(len(paths) > 0, "nobody is in the folder")
    for path in paths:
        document_of(path, ClickModel)
