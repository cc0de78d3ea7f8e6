"""`export_report.json`: what an export holds, field by field, and how far it was checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.errors import ExportError
from protocols.mistakes import listed
from tuning.exporting.contract import REPORT, Personas, Subject, Target, Verification
from tuning.exporting.contract import Field as TargetField
from tuning.handover import How
from tuning.provenance import ConsentReference
from tuning.versions import versions

MAX_REPORT_BYTES = 16 * 1024 * 1024


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Exporting(_Part):
    """One persona that was exported.

    Attributes:
        participant: pseudonym.
        sha256: of the persona's file.
        backbone: id of its model.
        backbone_digest: SHA-256 of the model's weights.
        operator: how its attention is read.
        placement: of its prompt.
        positions: scheme of position ids.
        studies: digest of each study it was fitted on, by name.
        consent: what the participant agreed to, per session; None where the recording does not say.
        heldout: scores on screens it was not fitted on, per row.
    """

    participant: str
    sha256: str
    backbone: str
    backbone_digest: str
    operator: str
    placement: str
    positions: str
    studies: dict[str, str]
    consent: tuple[ConsentReference | None, ...]
    heldout: dict[str, dict[str, float]]

    @classmethod
    def of(cls, subject: Subject) -> Exporting:
        """Describe a persona."""
        own = subject.provenance
        return cls(
            participant=own.participant,
            sha256=subject.sha256,
            backbone=own.backbone,
            backbone_digest=own.backbone_digest,
            operator=own.config.operator,
            placement=own.config.placement,
            positions=own.positions,
            studies={s.study: s.study_digest for s in own.sessions},
            consent=tuple(s.consent for s in own.sessions),
            heldout=own.heldout,
        )


class Filled(_Part):
    """One field of the format; see `tuning.exporting.contract.Field`."""

    name: str
    how: How
    note: str
    n: int | None = None
    participant: str = ""


class Checked(_Part):
    """How far the files were checked; see `tuning.exporting.contract.Verification`."""

    by: Literal["package", "schema"]
    package: str
    version: str
    checks: tuple[str, ...]
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Verification) -> Checked:
        """Return it as the report keeps it."""
        return cls.model_validate(asdict(found))


class Report(_Part):
    """Everything about one export.

    Attributes:
        schema_: version of these rules, written ``schema``.
        target: name of the target.
        summary: what it is for.
        format_version: version of the other program that the format was tested with.
        personas: who.
        settings: what the target was told.
        pages: screen ids of the pages named for it.
        proxies_allowed: whether fields that are only stand-ins were accepted.
        fields: what is in the files, and what is not.
        files: SHA-256 of each file, by path from here.
        verification: how far they were checked.
        versions: of the programs that wrote them.
    """

    schema_: Literal["gazetwin-export/1"] = Field(default="gazetwin-export/1", alias="schema")
    target: str
    summary: str
    format_version: str
    personas: tuple[Exporting, ...]
    settings: dict[str, str]
    pages: tuple[str, ...]
    proxies_allowed: bool
    fields: tuple[Filled, ...]
    files: dict[str, str]
    verification: Checked
    versions: dict[str, str]

    @classmethod
    def of(
        cls,
        target: Target,
        personas: Personas,
        fields: Sequence[TargetField],
        files: Mapping[str, str],
        verification: Verification,
        *,
        allow_proxy: bool,
    ) -> Report:
        """Describe an export."""
        return cls(
            target=target.name,
            summary=target.summary,
            format_version=f"{target.package} {target.version}",
            personas=tuple(Exporting.of(s) for s in personas.subjects),
            settings=dict(personas.settings),
            pages=tuple(page.screen.id for page in personas.pages),
            proxies_allowed=allow_proxy,
            fields=tuple(Filled.model_validate(asdict(f)) for f in fields),
            files=dict(files),
            verification=Checked.of(verification),
            versions=versions(),
        )

    def write(self, folder: Path) -> None:
        """Write the report into the folder of the export."""
        told = json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)
        (folder / REPORT).write_text(told + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Report:
        """Read the report of an export.

        Raises:
            ExportError: there is none, or it cannot be understood.
        """
        path = folder / REPORT
        try:
            if path.stat().st_size > MAX_REPORT_BYTES:
                raise _no_report(path, f"it has more than {MAX_REPORT_BYTES} bytes")
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise _no_report(path, error.strerror or str(error)) from error
        except ValidationError as error:
            raise _no_report(path, listed(error)) from error


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder but the report, by path from it."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != REPORT:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _no_report(path: Path, problem: str) -> ExportError:
    return ExportError(
        f"{path} is no report of an export: {problem}.",
        "Without it nobody knows what the files are and how they should be checked.",
        "Name a folder that gazetwin export persona has made.",
    )
