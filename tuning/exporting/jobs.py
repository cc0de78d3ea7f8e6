"""What the engine does for personas that leave the building. Importing this loads torch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

from protocols.errors import ExportError, PersonaMismatch
from protocols.stimulus import Page
from protocols.wire import Progress
from sessions.exporters.provenance import file_digest
from sessions.exporters.target import refuse_existing
from tuning import handover
from tuning.address import split_address
from tuning.backbones.base import Backbone
from tuning.cohort import WEIGHTS, Cohort
from tuning.config import Device, Precision
from tuning.events import Event, Saved
from tuning.exporting.contract import Personas, Subject, Target
from tuning.exporting.export import export, verify
from tuning.exporting.report import Report
from tuning.output import require_writable
from tuning.pagespec import PageSpec
from tuning.persona import Persona
from tuning.personas import Personas as Bundled
from tuning.personas import personas_at
from tuning.registry import load_backbone, make_target, targets
from tuning.simulate import Seen
from tuning.twin import Twin

Job = Generator[Event, None, None]


def job(request: handover.Handover) -> Job:
    """Return the events of one request."""
    match request:
        case handover.Export():
            return _export(request)
        case handover.ListTargets():
            return _list()
        case handover.VerifyExport():
            return _verify(request)
        case handover.Bundle():
            return _bundle(request)


def personas(
    addresses: Sequence[str],
    backbone: str = "",
    device: Device = "cpu",
    precision: Precision = "fp32",
    pages: Sequence[PageSpec] = (),
    settings: dict[str, str] | None = None,
) -> Personas:
    """Open personas for export; their model is loaded when a target asks for it.

    Raises:
        PersonaMismatch: no such persona, or a damaged file.
        ExportError: they belong to several models.
    """
    opened = [(p, file_digest(split_address(a)[0])) for a in addresses for p in personas_at(a)]
    first = opened[0][0].provenance
    if len({p.provenance.backbone_digest for p, _ in opened}) > 1:
        raise ExportError(
            "The personas belong to several models.",
            "An export is loaded together with one model.",
            "Export the personas of each model by themselves.",
        )
    source = backbone or first.backbone
    model = cache(partial(load_backbone, source, device, precision))
    subjects = tuple(Subject(p, sha256, _looks(p, model)) for p, sha256 in opened)
    return Personas(subjects, model, source, tuple(pages), settings or {})


def _looks(
    persona: Persona, model: Callable[[], Backbone]
) -> Callable[[Sequence[Page | PageSpec]], list[Seen]]:
    return lambda pages: Twin.of(persona, model()).look_at(pages)


def _export(request: handover.Export) -> Job:
    target, out = make_target(request.to), Path(request.out)
    refuse_existing(out)
    yield Progress(done=0, message="Reading personas")
    opened = personas(
        request.personas,
        request.backbone,
        request.device,
        request.precision,
        request.pages,
        request.settings,
    )
    yield Progress(done=0, message=f"Exporting to {target.name}")
    yield _exported(export(target, opened, out, allow_proxy=request.allow_proxy), out)


def _verify(request: handover.VerifyExport) -> Job:
    report, found = verify(Path(request.folder))
    told = _exported(report, Path(request.folder))
    yield told.model_copy(update={**asdict(found)})


def _list() -> Job:
    yield handover.Targets(targets=tuple(_told(target) for target in targets()))


def _bundle(request: handover.Bundle) -> Job:
    out = Path(request.out)
    require_writable(out)
    found = [p for address in request.personas for p in personas_at(address)]
    cohort = _cohort(request.basis, found)
    Bundled.of(found, cohort.bank.basis).save(out)
    yield Saved(what="cohort", path=request.out)


def _cohort(basis: str, found: Sequence[Persona]) -> Cohort:
    """Return the cohort that was named, or the shipped one over which the personas were fitted."""
    if basis:
        return Cohort.load(Path(basis))
    wanted = {p.provenance.cohort for p in found}
    for path in sorted(WEIGHTS.glob("cohort-*.safetensors")):
        if wanted == {file_digest(path)}:
            return Cohort.load(path)
    raise PersonaMismatch(
        "The personas were not fitted over one cohort that ships with gazetwin.",
        "Several personas in one file share the basis of their cohort.",
        "Name the cohort's file with --basis; personas fitted without a cohort stay in files of their own.",
    )


def _exported(report: Report, folder: Path) -> handover.Exported:
    return handover.Exported(
        folder=str(folder),
        target=report.target,
        participants=tuple(p.participant for p in report.personas),
        fields=tuple(handover.FieldTold(**f.model_dump()) for f in report.fields),
        **report.verification.model_dump(),
    )


def _told(target: Target) -> handover.TargetTold:
    return handover.TargetTold(
        name=target.name,
        summary=target.summary,
        package=target.package,
        version=target.version,
        fields=tuple(handover.FieldTold(**asdict(f)) for f in target.fields),
        settings=tuple(handover.SettingTold(**asdict(s)) for s in target.settings),
    )
