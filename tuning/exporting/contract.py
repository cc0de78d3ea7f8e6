"""What an export target is.

A target turns personas into the files that another program loads. It writes files and says, field by field,
what is in them; everything else is done by `tuning.exporting.export`: which personas, whether that is agreed
to, the report, the refusal of what is only a stand-in, and that the folder appears whole or not at all.

Targets are found by the entry point group ``gazetwin.export_targets``; `tuning.exporting.contract_suite`
holds any of them to this contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from protocols.errors import ExportError
from protocols.stimulus import Page
from tuning.handover import How
from tuning.pagespec import PageSpec
from tuning.provenance import Provenance
from tuning.tables_of_use import TablesOfUse

if TYPE_CHECKING:
    from tuning.backbones.base import Backbone
    from tuning.persona import Persona
    from tuning.simulate import Seen

HOWS: tuple[How, ...] = ("measured", "derived", "proxy", "constant", "omitted")
REPORT = "export_report.json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the other program's format, and where its content comes from.

    Attributes:
        name: as the other program calls it.
        how: ``measured`` in the participant's sessions (or fitted to them); ``derived`` from what was
            measured by the rule in the note; ``proxy``: something else stands in for it, which needs
            ``--allow-proxy``; ``constant``: the format demands a value, and this one says nothing about the
            participant; ``omitted``: the persona has it, or the format has a place for it, but the file does
            not say it.
        note: the rule, or the reason; for a loss table, one short sentence.
        n: how many observations are behind it; None where there is nothing to count.
        participant: pseudonym when it holds for one persona only, empty when it holds for all.
    """

    name: str
    how: How
    note: str
    n: int | None = None
    participant: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something a target must or may be told: ``--set NAME=VALUE``.

    Attributes:
        name: of the setting.
        meaning: one sentence.
        required: whether there is no export without it.
        default: value when it is not given.
    """

    name: str
    meaning: str
    required: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """How far the files of an export were checked.

    Attributes:
        by: ``package``: the other program itself loaded them; ``schema``: they keep the rules of its format
            as we know them, because the program is not installed here.
        package: its distribution.
        version: that loaded them; for ``schema``, the version whose format this is.
        checks: what was found to hold, in sentences.
        problems: what does not hold; empty when all is well.
    """

    by: Literal["package", "schema"]
    package: str
    version: str
    checks: tuple[str, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Subject:
    """One persona on its way out. Raw gaze cannot be reached from here, nor from the persona's file.

    Attributes:
        persona: prompt, coefficients, position habit, provenance.
        sha256: of the file it comes from.
        looks: predicts pages; the model is loaded at the first call.
    """

    persona: Persona
    sha256: str
    looks: Callable[[Sequence[Page | PageSpec]], list[Seen]]

    @property
    def name(self) -> str:
        """Pseudonym; safe as the name of a file."""
        return self.persona.provenance.participant

    @property
    def provenance(self) -> Provenance:
        """Where the persona comes from: genres, ratings, backbone, settings, scores."""
        return self.persona.provenance

    @property
    def use(self) -> TablesOfUse:
        """Examination and click tables.

        Raises:
            ExportError: the persona's file is of a version that kept none.
        """
        if self.persona.use is None:
            raise ExportError(
                f"The persona of {self.name} has no examination and click tables.",
                "It was fitted by an earlier version, and nothing is invented for it.",
                "Fit the participant again with gazetwin fit.",
            )
        return self.persona.use

    def look(self, page: Page | PageSpec) -> Seen:
        """Return attention and clicks of the twin on a page (seconds with a large model).

        Raises:
            PersonaMismatch: the model is not the persona's.
        """
        return self.looks([page])[0]


@dataclass(frozen=True, eq=False)
class Personas:
    """What a target gets.

    Attributes:
        subjects: at least one; pseudonyms differ, also without regard to case.
        model: loads the personas' backbone, once; may take minutes.
        source: name, folder or hub id by which the model was named, for files that say which model to load.
        pages: that were named for this export; empty for most targets.
        settings: every `Setting` of the target, by name.
    """

    subjects: tuple[Subject, ...]
    model: Callable[[], Backbone]
    source: str
    pages: tuple[PageSpec, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


class Target(Protocol):
    """A format that personas can be exported to.

    Attributes:
        name: as in ``--to NAME``, lower case.
        summary: one sentence: which program loads it, and what it then does.
        package: distribution that loads it, as on the package index or its repository.
        version: of that program that the format was tested with.
        fields: the loss table as far as it is known before any persona is; n is None.
        settings: what it can be told.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see above

    @property
    def summary(self) -> str: ...  # noqa: D102 - see above

    @property
    def package(self) -> str: ...  # noqa: D102 - see above

    @property
    def version(self) -> str: ...  # noqa: D102 - see above

    @property
    def fields(self) -> tuple[Field, ...]: ...  # noqa: D102 - see above

    @property
    def settings(self) -> tuple[Setting, ...]: ...  # noqa: D102 - see above

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write the other program's files into an empty folder; not the report, which is written for it.

        Args:
            personas: what to export. The same personas must give the same bytes.
            folder: exists and is empty; names of files in it come from `file_name` or from the target.

        Returns:
            What is in the files: the fields of the loss table, now with n, and perhaps per participant.

        Raises:
            ExportError: a persona cannot be expressed in this format.
        """
        ...

    def verify(self, folder: Path) -> Verification:
        """Load an exported folder with the real program where it is installed, else check its schema.

        Must not change the folder. Returns problems, never raises for what the folder holds.
        """
        ...


_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def file_name(text: str) -> str:
    """Return a text that is to name a file, when it is harmless as one.

    Raises:
        ExportError: it is a path, hidden, empty, too long, or would mean something to a browser, a
            spreadsheet or a shell.
    """
    if _FILE_NAME.fullmatch(text) is None:
        raise ExportError(
            f"{text[:80]!r} cannot name a file.",
            "It could lead out of the folder of the export, or run in a program that opens it.",
            "Use letters, digits, dot, dash and underscore, beginning with a letter or digit.",
        )
    return text
