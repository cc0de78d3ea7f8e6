"""`clax`: a position-based model of the click-model library CLAX."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from protocols.geometry import FloatArray
from protocols.participant import Pseudonym
from tuning.exporting.checking import Check, document_of, require, text_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Verification
from tuning.exporting.loaders import LOADERS, load_clax
from tuning.exporting.position_based import ClickModel, click_models
from tuning.exporting.written import write_json

FILE, LOADER = "personas.json", "load_clax.py"
ROUNDING = 1e-5
"""CLAX computes in 32 bit floats."""


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Parameter(_Edge):
    """A `clax.parameters.EmbeddingParameter`: probability = sigmoid(baseline + row); row 0 is padding.

    Attributes:
        baseline: (1,).
        embedding: (n + 1, 1).
        n: observations behind each row but the first.
    """

    baseline: tuple[float]
    embedding: tuple[tuple[float], ...]
    n: tuple[int, ...]

    @property
    def probabilities(self) -> FloatArray:
        """Return the probabilities, (n,)."""
        logits = np.array(self.embedding)[1:, 0] + self.baseline[0]
        return np.asarray(1 / (1 + np.exp(-logits)))


class OneModel(_Edge):
    """One participant."""

    examination: Parameter
    attraction: Parameter


class Models(_Edge):
    """The file."""

    format: Literal["clax.PositionBasedModel"] = "clax.PositionBasedModel"
    positions: int
    genres: tuple[str, ...]
    participants: Mapping[Pseudonym, OneModel]


class Clax:
    """See the module."""

    name = "clax"
    summary = "Click-model library CLAX: predicts and samples clicks per position of a page."
    package = "clax-models"
    version = "0.1.1"
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("examination", "measured", "how often each position was looked at when shown, smoothed"),
        Field("attraction", "measured", "clicks per film looked at, by its main genre, smoothed"),
        Field("clicks of a page", "omitted", "clicks are independent; the participant clicked once at most"),
        Field("order and dwell", "omitted", "a position-based model knows neither"),
        Field("soft prompt", "omitted", "a click model has no place for it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``personas.json`` and the program that loads it into CLAX."""
        models = click_models(personas.subjects)
        people = {model.participant: _parameters(model) for model in models.of}
        document = Models(positions=models.positions, genres=models.genres, participants=people)
        write_json(folder / FILE, document.model_dump(mode="json"))
        (folder / LOADER).write_text(text_of(LOADERS / LOADER), encoding="utf-8")
        return (*models.fields("examination", "attraction"), *self.fields[2:])

    def verify(self, folder: Path) -> Verification:
        """Load every participant into CLAX where it is installed, and compare its probabilities."""
        checks: list[Check] = [
            (f"{FILE} describes position-based models", lambda: _refuse_uneven(folder)),
            (f"{LOADER} is the program that comes with GazeTwin", lambda: _refuse_other_loader(folder)),
        ]
        if importlib.util.find_spec("clax") is None:
            return verified("schema", self.package, self.version, checks)
        same = "CLAX predicts the clicks of every participant, position and genre"
        version = importlib.metadata.version(self.package)
        return verified(
            "package", self.package, version, [*checks, (same, lambda: _refuse_other_clicks(folder))]
        )


def _parameters(model: ClickModel) -> OneModel:
    return OneModel(
        examination=_parameter(model.examination, model.places.shown.tolist()),
        attraction=_parameter(model.attraction, model.genres.examined.tolist()),
    )


def _parameter(probabilities: FloatArray, n: list[int]) -> Parameter:
    logits = np.log(probabilities / (1 - probabilities))
    rows = tuple((float(logit),) for logit in (0.0, *logits))
    return Parameter(baseline=(0.0,), embedding=rows, n=tuple(n))


def _refuse_uneven(folder: Path) -> None:
    models = document_of(folder / FILE, Models)
    require(len(models.participants) > 0, "nobody is in it")
    for name, one in models.participants.items():
        for what, length in (("examination", models.positions), ("attraction", len(models.genres))):
            parameter: Parameter = getattr(one, what)
            sizes = (len(parameter.embedding), len(parameter.n))
            require(
                sizes == (length + 1, length), f"{name} has {sizes} rows and counts of {what} for {length}"
            )


def _refuse_other_loader(folder: Path) -> None:
    require(text_of(folder / LOADER) == text_of(LOADERS / LOADER), "it was changed")


def _refuse_other_clicks(folder: Path) -> None:
    models = document_of(folder / FILE, Models)
    pages = [[genre] * models.positions for genre in models.genres]
    batch = load_clax.batch(folder, pages)
    for name, one in models.participants.items():
        found = np.exp(np.asarray(load_clax.position_based_model(folder, name).predict_clicks(batch)))
        wanted = np.outer(one.attraction.probabilities, one.examination.probabilities)
        furthest = float(np.abs(found.reshape(wanted.shape) - wanted).max())
        require(furthest <= ROUNDING, f"clicks of {name} differ by {furthest:.2g}")
