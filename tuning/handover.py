"""What the engine program is asked about personas that leave the building, and what it answers.

These requests need no loaded backbone; what needs a model loads it itself. See `tuning.events` for the rest
of the language.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocols.wire import Message
from tuning.config import Device, Precision
from tuning.pagespec import PageSpec

How = Literal["measured", "derived", "proxy", "constant", "omitted"]
Addresses = Annotated[tuple[str, ...], Field(min_length=1)]
"""Each a persona's file, a file of several personas (all of them), or ``FILE:PSEUDONYM`` (one of them)."""


class FieldTold(Message):
    """One field of a target's format; see `tuning.exporting.contract.Field`."""

    kind: Literal["field"] = "field"
    name: str
    how: How
    note: str
    n: int | None = None
    participant: str = ""


class SettingTold(Message):
    """What a target can be told; see `tuning.exporting.contract.Setting`."""

    kind: Literal["setting"] = "setting"
    name: str
    meaning: str
    required: bool = False
    default: str = ""


class TargetTold(Message):
    """A format that personas can be exported to; see `tuning.exporting.contract.Target`."""

    kind: Literal["target"] = "target"
    name: str
    summary: str
    package: str
    version: str
    fields: tuple[FieldTold, ...]
    settings: tuple[SettingTold, ...]


# ---- requests


class Export(Message):
    """Export personas; answered by `Exported`.

    Attributes:
        personas: which.
        to: name of the target.
        out: folder to make.
        allow_proxy: accept fields that are only stand-ins.
        settings: what the target is told.
        pages: for targets that tell what the twins do on pages.
        backbone: name, folder or hub id of the personas' model; empty for the id in the first persona.
        device: of the model, where a target needs it.
        precision: likewise.
    """

    kind: Literal["export"] = "export"
    personas: Addresses
    to: str
    out: str
    allow_proxy: bool = False
    settings: dict[str, str] = Field(default_factory=dict)
    pages: tuple[PageSpec, ...] = ()
    backbone: str = ""
    device: Device = "cpu"
    precision: Precision = "fp32"


class ListTargets(Message):
    """Ask for every target; answered by `Targets`."""

    kind: Literal["list_targets"] = "list_targets"


class VerifyExport(Message):
    """Check an exported folder again; answered by `Exported`."""

    kind: Literal["verify_export"] = "verify_export"
    folder: str


class Bundle(Message):
    """Put personas over one basis into one file; answered by `Saved`.

    Attributes:
        personas: which.
        out: file to write.
        basis: path of the cohort over which they were fitted; empty to look among those that ship.
    """

    kind: Literal["bundle"] = "bundle"
    personas: Addresses
    out: str
    basis: str = ""


Handover = Export | ListTargets | VerifyExport | Bundle
"""What can be asked without a loaded backbone."""


# ---- events


class Targets(Message):
    """Every target, by name."""

    kind: Literal["targets"] = "targets"
    targets: tuple[TargetTold, ...]


class Exported(Message):
    """What an exported folder holds.

    Attributes:
        folder: where it is.
        target: its format.
        participants: pseudonyms.
        fields: what is in the files, and what is not.
        by: what checked them, ``package`` or ``schema``.
        package: that loads them.
        version: of that package, which checked them or whose format this is.
        checks: what was found to hold.
        problems: what does not hold; empty when all is well.
    """

    kind: Literal["exported"] = "exported"
    folder: str
    target: str
    participants: tuple[str, ...]
    fields: tuple[FieldTold, ...]
    by: Literal["package", "schema"]
    package: str
    version: str
    checks: tuple[str, ...]
    problems: tuple[str, ...]
