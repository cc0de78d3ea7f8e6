"""Exporting personas to one target, whichever it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from protocols.errors import ContractBroken, ExportError
from sessions.exporters.target import fresh
from tuning.exporting.contract import (
    HOWS,
    REPORT,
    Field,
    Personas,
    Subject,
    Target,
    Verification,
    file_name,
)
from tuning.exporting.report import Report, digests
from tuning.provenance import Provenance
from tuning.registry import make_target


def export(target: Target, personas: Personas, out: Path, *, allow_proxy: bool = False) -> Report:
    """Export personas; the folder appears with its report, or not at all.

    Args:
        target: the format.
        personas: who, and what the target may be told.
        out: the folder to make.
        allow_proxy: accept fields that hold something else than their name says.

    Returns:
        What was written there as `export_report.json`.

    Raises:
        ExportError: there is such a folder, somebody did not agree, a field would be a stand-in, or the
            format cannot hold a persona.
    """
    _refuse_names(personas.subjects)
    refuse_without_consent([subject.provenance for subject in personas.subjects])
    told = replace(personas, settings=_settings(target, personas.settings))
    if not allow_proxy:
        _refuse_proxies(target, target.fields)
    try:
        with fresh(out) as folder:
            folder.mkdir()
            return _filled(target, told, folder, allow_proxy=allow_proxy)
    except OSError as error:
        raise ExportError(
            f"{out} cannot be written: {error.strerror or error}.",
            "An export that is not complete is not kept.",
            "Choose a folder that can be written to and has room.",
        ) from error


def verify(folder: Path) -> tuple[Report, Verification]:
    """Check an exported folder again: that nothing has changed, and with the target's own check.

    Raises:
        ExportError: it is no export, or of a target that is not installed.
    """
    report = Report.read(folder)
    found = make_target(report.target).verify(folder)
    now = digests(folder)
    changed = sorted(name for name in {*now, *report.files} if now.get(name) != report.files.get(name))
    problems = tuple(f"{name} is not as it was exported." for name in changed)
    return report, replace(found, problems=(*problems, *found.problems))


def _filled(target: Target, personas: Personas, folder: Path, *, allow_proxy: bool) -> Report:
    fields = target.write(personas, folder)
    _hold_to_contract(target, fields, folder)
    if not allow_proxy:
        _refuse_proxies(target, fields)
    found = target.verify(folder)
    if found.problems:
        raise ContractBroken(
            f"The {target.name} export does not pass its own check: {' '.join(found.problems)}",
            f"{target.package} would refuse the files, or do something else than the personas.",
            "This is a mistake of the target, not of the personas; nothing was written.",
        )
    files = digests(folder)
    report = Report.of(target, personas, fields, files, found, allow_proxy=allow_proxy)
    report.write(folder)
    return report


def _settings(target: Target, given: Mapping[str, str]) -> dict[str, str]:
    known = {setting.name: setting for setting in target.settings}
    unknown = sorted(set(given) - set(known))
    missing = sorted(name for name, s in known.items() if s.required and not given.get(name))
    if unknown or missing:
        what = f"has no setting {', '.join(unknown)}" if unknown else f"needs {', '.join(missing)}"
        offered = "; ".join(f"{s.name}: {s.meaning}" for s in target.settings) or "it has none"
        raise ExportError(
            f"The target {target.name} {what}.",
            "Nothing is invented for what only you can say, and nothing you say is dropped.",
            f"Settings are given as --set NAME=VALUE ({offered}).",
        )
    return {name: given.get(name, setting.default) for name, setting in known.items()}


def _refuse_names(subjects: Iterable[Subject]) -> None:
    counts = Counter(file_name(subject.name).casefold() for subject in subjects)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated or not counts:
        raise ExportError(
            f"Several personas are called {', '.join(repeated)}." if repeated else "No persona was named.",
            "Files are named after participants, on some computers without regard to capital letters.",
            "Export one persona of each participant at a time.",
        )


def refuse_without_consent(people: Iterable[Provenance]) -> None:
    """Keep personas here whose participants agreed to something, and not to export.

    Raises:
        ExportError: of such a participant.
    """
    for own in people:
        for session in own.sessions:
            if session.consent is not None and not session.consent.allows_export:
                agreed = ", ".join(session.consent.scopes or ()) or "nothing"
                raise ExportError(
                    f"{own.participant} agreed to {agreed} in session {session.session[:8]}, not to export.",
                    "A persona is personal data, and leaves the laboratory only with consent.",
                    "Ask the participant, and record the consent in a new session.",
                )


def _refuse_proxies(target: Target, fields: Iterable[Field]) -> None:
    proxies = {field.name: field.note for field in fields if field.how == "proxy"}
    if proxies:
        listed = "; ".join(f"{name}: {note}" for name, note in proxies.items())
        raise ExportError(
            f"{target.name} has fields that no persona knows, and that something else would stand for"
            f" ({listed}).",
            "A simulator cannot tell a stand-in from a measurement.",
            "Give --allow-proxy to accept them; the report names each.",
        )


def _hold_to_contract(target: Target, fields: Iterable[Field], folder: Path) -> None:
    """Whatever a target wrote must be plain files with harmless names, and a sound account of them."""
    problems = [f"{f.name} is {f.how!r}" for f in fields if f.how not in HOWS or not f.note]
    inside = sorted(folder.rglob("*"))
    problems += [f"{p.name} is no plain file" for p in inside if p.is_symlink() or not _plain(p)]
    problems += ["nothing was written"] if not any(p.is_file() for p in inside) else []
    problems += [f"it wrote {REPORT} itself"] if (folder / REPORT).exists() else []
    if problems:
        raise ContractBroken(
            f"The target {target.name} breaks its contract: {'; '.join(problems)}.",
            "What it wrote could not be trusted.",
            "Correct the target; `tuning.exporting.contract.Target` is the contract.",
        )
    for path in inside:
        file_name(path.name)


def _plain(path: Path) -> bool:
    return path.is_file() or path.is_dir()
