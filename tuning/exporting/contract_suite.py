"""What every export target owes its callers, as a check that any package can run on its own.

In a test of a package that brings a target by the entry point group ``gazetwin.export_targets``::

    from tuning.exporting.contract_suite import check_target
    from tuning.exporting.invented import invented_personas
    from tuning.registry import make_target

    def test_the_contract(tmp_path) -> None:
        check_target(make_target("mine"), invented_personas(), tmp_path)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from protocols.errors import ContractBroken, ExportError
from tuning.exporting.contract import HOWS, Personas, Subject, Target, file_name
from tuning.exporting.export import export
from tuning.exporting.report import Report, digests
from tuning.provenance import ConsentReference, SessionReference

HOSTILE = (
    "../outside",
    "/etc/passwd",
    "..",
    "a/b",
    "a\\b",
    "C:evil",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "-rf",
    ".hidden",
    "P01\n",
    "P01\x00",
    "",
    "x" * 300,
)
"""Pseudonyms that no persona file can hold, and that no target must ever write."""


def check_target(target: Target, personas: Personas, folder: Path) -> Report:
    """Hold a target to its contract.

    Args:
        target: as its entry point makes it.
        personas: that it can express, with whatever pages and settings it needs.
        folder: to work in.

    Returns:
        The report of an export that was made.

    Raises:
        ContractBroken: says which clause and what was found.
    """
    _check_description(target)
    report = export(target, personas, folder / "first", allow_proxy=True)
    _check_account(target, report)
    export(target, personas, folder / "second", allow_proxy=True)
    same = digests(folder / "first") == digests(folder / "second")
    _demand(target, same, "the same personas give the same bytes", "two exports differ")
    _check_verification(target, folder)
    _check_refusals(target, personas, folder)
    return report


def _check_description(target: Target) -> None:
    _demand(target, target.name == target.name.lower(), "its name is lower case", repr(target.name))
    file_name(target.name)
    _demand(target, target.summary.endswith("."), "its summary is a sentence", repr(target.summary))
    _demand(target, bool(target.package and target.version), "it names package and version", "it does not")
    names = [field.name for field in target.fields]
    _demand(target, bool(names), "it has a loss table", "it has none")
    _demand(target, len({*names}) == len(names), "each field stands once in the loss table", str(names))
    for field in target.fields:
        known = field.how in HOWS and bool(field.note) and field.n is None and not field.participant
        _demand(target, known, "the loss table says how and why, and counts nothing yet", repr(field))
    settings = [setting.name for setting in target.settings]
    _demand(target, len({*settings}) == len(settings), "each setting stands once", str(settings))


def _check_account(target: Target, report: Report) -> None:
    told = {field.name: field.how for field in target.fields}
    found = {field.name for field in report.fields}
    _demand(target, set(told) <= found, "every known field is accounted for", str(sorted(set(told) - found)))
    for field in report.fields:
        as_told = told.get(field.name, field.how) == field.how
        _demand(target, as_told, "fields hold what the loss table says", f"{field.name} is {field.how}")
        counted = field.how != "measured" or field.n is not None
        _demand(target, counted, "what is measured says how often", f"{field.name} has no n")
    people = {p.participant for p in report.personas}
    strangers = {f.participant for f in report.fields} - people - {""}
    _demand(target, not strangers, "fields belong to the exported participants", str(strangers))


def _check_verification(target: Target, folder: Path) -> None:
    found = target.verify(folder / "first")
    _demand(target, not found.problems, "an export passes its own check", str(found.problems))
    _demand(target, bool(found.checks), "the check says what was checked", "it says nothing")
    unchanged = digests(folder / "first") == digests(folder / "second")
    _demand(target, unchanged, "checking changes nothing", "files were changed")
    empty = folder / "empty"
    empty.mkdir()
    _demand(target, bool(target.verify(empty).problems), "an empty folder does not pass", "it does")
    for number, name in enumerate(digests(folder / "second")):
        if number < 8:
            _check_truncated(target, folder / "second" / name, folder / "second")


def _check_truncated(target: Target, path: Path, folder: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        target.verify(folder)
    except Exception as error:
        raise _broken(
            target, "a check reports what it finds", f"{path.name} cut in half: {error!r}"
        ) from error
    finally:
        path.write_bytes(whole)


def _check_refusals(target: Target, personas: Personas, folder: Path) -> None:
    out = folder / "refused"
    for name in HOSTILE:
        renamed = _named(personas, name)
        _refused(target, partial(export, target, renamed, out, allow_proxy=True), out, repr(name))
    bound = _named(personas, "P01", consent=ConsentReference(version="1", scopes=("recording",)))
    _refused(target, partial(export, target, bound, out, allow_proxy=True), out, "a participant who refused")
    if any(field.how == "proxy" for field in target.fields):
        _refused(target, partial(export, target, personas, out), out, "stand-ins")
    first = digests(folder / "first")
    _refused(target, partial(export, target, personas, folder / "first", allow_proxy=True), out, "a folder")
    _demand(target, digests(folder / "first") == first, "nothing is overwritten", "files were changed")


def _refused(target: Target, attempt: Callable[[], object], out: Path, what: str) -> None:
    try:
        attempt()
    except ExportError:
        left = sorted(path.name for path in out.parent.iterdir())
        _demand(target, set(left) <= {"first", "second", "empty"}, "a refusal leaves nothing", str(left))
        return
    raise _broken(target, "what must not leave is refused", f"{what} went through")


def _named(personas: Personas, name: str, consent: ConsentReference | None = None) -> Personas:
    """Return the first persona under another name, past every check of persona files."""
    persona = personas.subjects[0].persona
    session = SessionReference(session="0", sha256="", study="s", study_digest="", consent=consent)
    told = persona.provenance.model_copy(update={"participant": name, "sessions": (session,)})
    subject = personas.subjects[0]
    return replace(
        personas, subjects=(Subject(replace(persona, provenance=told), subject.sha256, subject.looks),)
    )


def _demand(target: Target, holds: bool, clause: str, found: str) -> None:
    if not holds:
        raise _broken(target, clause, found)


def _broken(target: Target, clause: str, found: str) -> ContractBroken:
    return ContractBroken(
        f"The target {target.name!r} breaks its contract ({clause}): {found}.",
        "Whoever loads its files relies on every clause.",
        "Correct the target; `tuning.exporting.contract.Target` is the contract.",
    )
