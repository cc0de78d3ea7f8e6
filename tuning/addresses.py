"""Personas by address: a file, a file of several, or ``FILE:PSEUDONYM``."""

from __future__ import annotations

import json
from pathlib import Path

from protocols.errors import PersonaMismatch
from protocols.participant import is_pseudonym
from tuning.persona import Persona
from tuning.personas import MAX_BYTES, SCHEMA, Personas
from tuning.safetensors_header import read_head


def split_address(address: str) -> tuple[Path, str]:
    """Return file and pseudonym, which is empty where the address names none."""
    path, colon, name = address.rpartition(":")
    if Path(address).is_file() or not colon or not path or not is_pseudonym(name):
        return Path(address), ""
    return Path(path), name


def personas_at(address: str) -> list[Persona]:
    """Read one persona, or all of a file, in its order.

    Raises:
        PersonaMismatch: no such file or participant, or damaged.
    """
    path, name = split_address(address)
    if holds_several(path):
        found = Personas.load(path)
        return [found.persona(name)] if name else list(found.personas.values())
    persona = Persona.load(path)
    if name and name != persona.provenance.participant:
        raise PersonaMismatch(
            f"{path} is the persona of {persona.provenance.participant}, not of {name}.",
            "Another participant's twin would be used silently.",
            "Name the file alone, or the right participant.",
        )
    return [persona]


def holds_several(path: Path) -> bool:
    """Tell whether a file is one of several personas.

    Raises:
        PersonaMismatch: no such file, or damaged.
    """
    try:
        told = json.loads(read_head(path, MAX_BYTES).description)
    except (ValueError, RecursionError):
        return False  # the reader of single personas says what is wrong
    return isinstance(told, dict) and told.get("schema") == SCHEMA
