"""``gazetwin export persona`` and ``gazetwin persona`` behind their options: work for the engine program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from protocols.errors import ExportError, ProgramError
from protocols.wire import Message, Progress
from studio.engine import running, work
from studio.fit_command import page_spec
from studio.progress import told
from tuning.events import Saved
from tuning.handover import Bundle, Export, Exported, ListTargets, Targets, TargetTold, VerifyExport

M = TypeVar("M", bound=Message)


def exported(
    personas: Sequence[str],
    to: str,
    out: Path,
    pages: Sequence[str] = (),
    settings: Sequence[str] = (),
    *,
    allow_proxy: bool = False,
    backbone: str = "",
    device: str = "cpu",
    precision: str = "fp32",
) -> Exported:
    """Export personas.

    Args:
        personas: files, or ``FILE:PSEUDONYM``.
        to: name of the target.
        out: folder to make.
        pages: ``STUDY:SCREEN[@SCROLL]``.
        settings: ``NAME=VALUE``.
        allow_proxy: accept fields that are only stand-ins.
        backbone: name, folder or hub id of the personas' model; empty for the one they name.
        device: of the model.
        precision: of the model.

    Raises:
        GazeTwinError: the personas cannot be exported like this.
    """
    request = Export.model_validate(
        {
            "personas": tuple(personas),
            "to": to,
            "out": str(out.resolve()),
            "allow_proxy": allow_proxy,
            "settings": _settings(settings),
            "pages": tuple(page_spec(page) for page in pages),
            "backbone": backbone,
            "device": device,
            "precision": precision,
        }
    )
    return _asked(request, Exported)


def verified(folder: Path) -> Exported:
    """Check an exported folder again.

    Raises:
        ExportError: it is no export.
    """
    return _asked(VerifyExport(folder=str(folder.resolve())), Exported)


def targets() -> tuple[TargetTold, ...]:
    """Return every format that personas can be exported to."""
    return _asked(ListTargets(), Targets).targets


def bundled(personas: Sequence[str], out: Path, basis: Path | None) -> Path:
    """Put personas over one basis into one file.

    Raises:
        PersonaMismatch: they do not belong together.
    """
    named = "" if basis is None else str(basis.resolve())
    request = Bundle(personas=tuple(personas), out=str(out.resolve()), basis=named)
    return Path(_asked(request, Saved).path)


def _asked(request: Message, wanted: type[M]) -> M:
    """Have the engine do something that needs no loaded model; return its one answer."""
    found: M | None = None
    with told() as tell, running() as program:
        for event in work(program, request):
            if isinstance(event, wanted):
                found = event
            elif isinstance(event, Progress):
                tell(event)
    if found is None:
        raise ProgramError(
            "The engine ended without a result.",
            "There is nothing to show.",
            "Use the studio and the engine of the same installation.",
        )
    return found


def _settings(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise ExportError(
                f"{text!r} sets nothing, or something that is set already.",
                "What the target is told would be a guess.",
                "Write --set NAME=VALUE, each name once.",
            )
        found[name] = value
    return found
