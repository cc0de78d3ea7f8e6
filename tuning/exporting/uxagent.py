"""`uxagent`: a participant as a persona of the usability-testing agents UXAgent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Bounded

from tuning.exporting.checking import document_of, require, verified
from tuning.exporting.contract import Field, Personas, Setting, Verification
from tuning.exporting.plain import plain
from tuning.exporting.story import story, text_of, told
from tuning.exporting.written import write_json

SUFFIX = ".json"
LONGEST_INTENT = 500
Words = Annotated[str, Bounded(min_length=1)]


class Persona(BaseModel):
    """What the command line of UXAgent reads of a persona file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persona: Words
    intent: Words


class UxAgent:
    """See the module."""

    name = "uxagent"
    summary = "Usability-testing agents UXAgent: somebody with these tastes and habits tries a web site."
    package = "neuhai/UXAgent (repository)"
    version = "2025-03"
    settings = (Setting("intent", "what the agent is to do on the site, in a sentence", required=True),)
    fields = (
        Field("persona", "measured", "what was answered, looked at and clicked, in sentences"),
        Field("intent", "constant", "as given with --set intent=..."),
        Field("age, gender, income", "omitted", "not measured"),
        Field("soft prompt", "omitted", "only a model with the same weights can read it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``<pseudonym>.json`` per persona."""
        intent = plain(personas.settings["intent"], "The intent", LONGEST_INTENT)
        filled = []
        for subject in personas.subjects:
            sentences = story(subject)
            one = Persona(persona=text_of(sentences), intent=intent)
            write_json(folder / f"{subject.name}{SUFFIX}", one.model_dump(mode="json"))
            filled.append(told("persona", sentences, subject))
        return (*filled, *self.fields[1:])

    def verify(self, folder: Path) -> Verification:
        """Check every file against what UXAgent reads."""
        sentence = f"*{SUFFIX} hold a persona and an intent, in words"
        return verified("schema", self.package, self.version, [(sentence, lambda: _refuse_others(folder))])


def _refuse_others(folder: Path) -> None:
    paths = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.name != "export_report.json"]
    require(len(paths) > 0, "nobody is in the folder")
    for path in paths:
        document_of(path, Persona)
