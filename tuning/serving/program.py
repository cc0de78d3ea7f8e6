"""The server as a program: binds, tells where it is, and ends cleanly."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import stat
import sys
import threading
from collections.abc import Callable, Generator, Sequence

import uvicorn

from protocols.errors import SetupError
from tuning.backbones.base import Backbone
from tuning.events import Event, Serving, Warned
from tuning.exporting.export import refuse_without_consent
from tuning.personas import personas_at
from tuning.serving.app import application
from tuning.serving.batching import Batching
from tuning.serving.limits import Limits
from tuning.serving.people import People

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LAST_ANSWERS_S = 5
_BACKLOG = 256


def serve(
    addresses: Sequence[str], load: Callable[[], Backbone], host: str, port: int
) -> Generator[Event, None, None]:
    """Serve personas until the program is told to end: SIGINT, SIGTERM, or the end of a pipe to its input.

    Args:
        addresses: of personas; of a file of several, all or ``FILE:PSEUDONYM``.
        load: returns their model.
        host: address or name of this computer.
        port: 0 for any that is free.

    Raises:
        PersonaMismatch: a persona cannot be read, or belongs to another model.
        ExportError: others can reach the server, and a participant did not agree to export.
        SetupError: the place is taken, or not on this computer.
    """
    with _bound(host, port) as place:
        local = _is_loopback(place)
        if not local:
            yield _in_the_open(host)
        personas = [persona for address in addresses for persona in personas_at(address)]
        if not local:
            refuse_without_consent(persona.provenance for persona in personas)
        people = People(load(), personas)
        spec = people.backbone.spec
        yield Serving(url=_url(place), backbone=spec.id, personas=len(people.personas))
        run(people, place, Limits(), (*LOOPBACK, host.lower()) if local else ())


def run(people: People, place: socket.socket, limits: Limits, hosts: Sequence[str]) -> None:
    """Answer requests on a bound socket until the program is told to end."""
    desk = Batching(people.answers, limits)
    config = uvicorn.Config(
        application(people, desk, limits, hosts),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
    server = uvicorn.Server(config)
    _end_with_input(server)
    desk.start()
    try:
        server.run(sockets=[place])
    except KeyboardInterrupt:  # uvicorn raises the signal again once it has ended in order
        log.info("The server has ended.")
    finally:
        desk.stop()


def _end_with_input(server: uvicorn.Server) -> None:
    """Have the server end when the program that started it is gone."""
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        return

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        server.should_exit = True

    threading.Thread(target=wait, name="input", daemon=True).start()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens; who asks before the model is loaded waits."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupError(
            f"The server cannot listen on {host}, port {port}: {error.strerror or error}.",
            "Nobody could reach it.",
            "Choose another --port (0 takes any that is free), or another --host of this computer.",
        ) from error


def _is_loopback(place: socket.socket) -> bool:
    return ipaddress.ip_address(place.getsockname()[0]).is_loopback


def _url(place: socket.socket) -> str:
    host, port = place.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _in_the_open(host: str) -> Warned:
    return Warned(
        what=f"The server listens on {host}, which other computers can reach.",
        why="It asks nobody who they are: whoever reaches it can use these twins and keep it busy.",
        fix="Serve on 127.0.0.1, or put a program in front of it that knows who may ask.",
    )
