"""What an export has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Exported:
    """One recording that was exported.

    Attributes:
        session: the recording.
        target: the file or folder that holds it now.
        counts: rows or samples per table or stream.
        notes: what an analyst should know about the recording, in words.
    """

    session: Path
    target: Path
    counts: Mapping[str, int]
    notes: tuple[str, ...]
