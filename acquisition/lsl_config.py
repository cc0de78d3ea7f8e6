"""Keeping LSL streams on this machine and to one session.

liblsl reads its configuration once per process, before its first network call, from the file that the
environment variable ``LSLAPICFG`` names. Discovery is then bound to the loopback interface; the data port of
an outlet still listens on every interface (liblsl has no option for that), so this separates sessions and is
no firewall.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

_FIRST_PORT = 17_000  # below the ephemeral ports of Linux and macOS
_PORT_RANGE = 64
_PORT_BLOCKS = 200

_TEMPLATE = """\
[ports]
IPv6 = disable
MulticastPort = {multicast_port}
BasePort = {base_port}
PortRange = {port_range}
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
AddressesOverride = {{127.0.0.1}}
Interfaces = {{127.0.0.1}}
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session_id}
[log]
level = -3
"""


def new_session_id() -> str:
    """Return a session id that no other program uses."""
    return f"gazetwin-{uuid.uuid4().hex}"


def loopback_config(session_id: str) -> str:
    """Return the text of a liblsl configuration that sees only this machine's streams of one session.

    The ports follow from the session id, so that two sessions do not crowd each other's port range either.
    """
    block = int(hashlib.sha256(session_id.encode()).hexdigest(), 16) % _PORT_BLOCKS
    first = _FIRST_PORT + block * (_PORT_RANGE + 1)
    return _TEMPLATE.format(
        multicast_port=first, base_port=first + 1, port_range=_PORT_RANGE, session_id=session_id
    )


def loopback_environment(folder: Path, session_id: str) -> dict[str, str]:
    """Write a loopback configuration into ``folder`` and return the environment that selects it.

    Put the result into ``os.environ`` before the first LSL call, and into the environment of child programs.
    """
    path = folder / "lsl_api.cfg"
    path.write_text(loopback_config(session_id), encoding="utf-8")
    return {"LSLAPICFG": str(path)}
