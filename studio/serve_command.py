"""``gazetwin serve`` behind its options: watches the server program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from protocols.wire import Done, Failed, Message
from studio.comparing import no_persona
from studio.engine import running
from studio.interrupted import until_interrupted
from studio.programs import Program
from tuning.address import split_address
from tuning.events import Event, Load

_LOOK_S = 0.1


def serve(
    personas: Sequence[str], host: str, port: int, model: Load, tell: Callable[[Message], None]
) -> None:
    """Serve personas over HTTP until Ctrl-C or a terminate.

    Args:
        personas: files, or ``FILE:PSEUDONYM``.
        host: address of this computer.
        port: 0 for any that is free.
        model: of the personas.
        tell: is called with what the server says: where it is, and warnings.

    Raises:
        GazeTwinError: a persona cannot be used, or nobody can listen there.
    """
    for persona in personas:
        if not split_address(persona)[0].is_file():
            raise no_persona(Path(persona))
    chosen = ["--backbone", model.backbone, "--device", model.device, "--precision", model.precision]
    arguments = ["serve", *personas, "--host", host, "--port", str(port), *chosen]
    with (
        until_interrupted() as stopped,
        running(lambda: Program("server", "tuning", arguments, Event)) as program,
    ):
        while not stopped.wait(_LOOK_S):
            said = program.poll()
            if isinstance(said, Done):
                return
            if isinstance(said, Failed):
                raise said.error()
            if said is not None:
                tell(said)
