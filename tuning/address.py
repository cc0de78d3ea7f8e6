"""Personas by address: a file, a file of several, or ``FILE:PSEUDONYM``."""

from __future__ import annotations

from pathlib import Path

from protocols.participant import is_pseudonym


def split_address(address: str) -> tuple[Path, str]:
    """Return file and pseudonym, which is empty where the address names none."""
    path, colon, name = address.rpartition(":")
    if Path(address).is_file() or not colon or not path or not is_pseudonym(name):
        return Path(address), ""
    return Path(path), name
