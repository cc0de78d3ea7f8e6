"""`gymnasium`: a participant's click model for our own environment ``GazeTwin/Carousel-v0``.

The twin itself needs no export: the environment takes the persona file. This is for machines without it, or
without the model libraries.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from protocols.stimulus import Film
from tuning.exporting.checking import Check, document_of, require, verified
from tuning.exporting.click_model_file import ClickModelFile, document
from tuning.exporting.contract import Field, Personas, Setting, Verification
from tuning.exporting.position_based import click_models
from tuning.exporting.written import write_json

SUFFIX = ".click_model.json"
PACKAGE, VERSION = "gymnasium", "1.4.0"


class CarouselEnvironment:
    """See the module."""

    name = "gymnasium"
    summary = "Our Gymnasium environment GazeTwin/Carousel-v0: films are recommended to the participant."
    package = PACKAGE
    version = VERSION
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("examination", "measured", "how often each position was looked at when shown, smoothed"),
        Field("attraction", "measured", "clicks per film looked at, by main genre, smoothed"),
        Field("page", "constant", "three rows of five posters, in reading order"),
        Field("one click at most", "derived", "clicks exclude each other; a page of more than 1 is scaled"),
        Field("fatigue", "omitted", "not measured, so there is none"),
        Field("soft prompt", "omitted", "in the persona file, which the environment takes as it is"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``<pseudonym>.click_model.json`` per persona."""
        filled: list[Field] = []
        for subject in personas.subjects:
            models = click_models([subject])
            written = document(models.of[0], models.genres)
            write_json(folder / f"{subject.name}{SUFFIX}", written.model_dump(mode="json"))
            told = models.fields("examination", "attraction")
            filled += [replace(_left_out(field), participant=subject.name) for field in told]
        return (*filled, *self.fields[2:])

    def verify(self, folder: Path) -> Verification:
        """Play an episode with every participant where gymnasium is installed, else check the documents."""
        files = sorted(folder.glob(f"*{SUFFIX}"))
        checks: list[Check] = [
            ("somebody is in it", lambda: require(bool(files), "nobody is in it")),
            ("every file is a click model", lambda: _refuse_strange(files)),
        ]
        if importlib.util.find_spec(PACKAGE) is None:
            return verified("schema", PACKAGE, VERSION, checks)
        played = "Gymnasium's own checker passes the environment of every participant"
        checks.append((played, lambda: _play(files)))
        return verified("package", PACKAGE, importlib.metadata.version(PACKAGE), checks)


def _left_out(field: Field) -> Field:
    """Return a field; what nobody looked at is refused by the environment instead of guessed."""
    if field.how != "proxy":
        return field
    note = field.note.partition(";")[0] + "; the environment refuses it"
    return replace(field, how="omitted", note=note)


def _refuse_strange(files: Sequence[Path]) -> None:
    for path in files:
        own = document_of(path, ClickModelFile).participant
        require(path.name == f"{own}{SUFFIX}", f"{path.name} is of {own}")


def _play(files: Sequence[Path]) -> None:
    from gymnasium.utils.env_checker import check_env

    from tuning.environment.carousel import Carousel

    for path in files:
        films = [Film(genre, 2000, (genre,)) for genre in document_of(path, ClickModelFile).genres]
        check_env(Carousel(path, films=films, pages=3), skip_render_check=True)
