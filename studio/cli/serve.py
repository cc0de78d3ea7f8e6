"""``gazetwin serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson, BackboneName, Device, DeviceName, Precision, PrecisionName
from studio.cli.output import emit, note, report_warning, say

if TYPE_CHECKING:
    from protocols.wire import Message


def serve(
    personas: Annotated[
        list[str],
        typer.Argument(
            metavar="PERSONA...", help="Persona files; of a file of several, all, or FILE:PSEUDONYM."
        ),
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8000,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Of this computer; only it can ask by default.")
    ] = "127.0.0.1",
    backbone: BackboneName = "carousel-tiny",
    device: DeviceName = Device.cpu,
    precision: PrecisionName = Precision.fp32,
    as_json: AsJson = False,
) -> None:
    """Let twins answer over HTTP: a page goes in, attention and clicks come out. Ctrl-C ends it.

    GET /openapi.json describes the interface.
    """
    from studio.serve_command import serve as serving
    from tuning.events import Load

    model = Load(backbone=backbone, device=device.value, precision=precision.value)
    serving(personas, host, port, model, lambda said: _tell(said, as_json))


def _tell(said: Message, as_json: bool) -> None:
    from tuning.events import Serving, Warned

    if isinstance(said, Warned):
        report_warning(said.what, said.why, said.fix)
    elif isinstance(said, Serving) and as_json:
        emit(said)
    elif isinstance(said, Serving):
        twins = "1 twin answers" if said.personas == 1 else f"{said.personas} twins answer"
        say(f"{twins} at {said.url} with {said.backbone}.")
        note(f"Described by {said.url}/openapi.json. Ctrl-C ends it.")
