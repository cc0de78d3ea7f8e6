"""Where an export goes: it appears under its name all at once, or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from protocols.errors import ExportError


def refuse_existing(target: Path) -> None:
    """Refuse to write over anything.

    Raises:
        ExportError: there is something of that name.
    """
    if target.exists() or target.is_symlink():
        raise ExportError(
            f"{target} exists already.",
            "An export never overwrites what somebody may have worked on.",
            "Choose another name or folder, or move the old export away.",
        )


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """Yield a new folder beside ``target`` to work in; nothing of it is left in the end.

    Beside it, so that what was finished can be moved to its place in one step.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part)


@contextmanager
def fresh(target: Path) -> Iterator[Path]:
    """Yield a path, for a file or a folder, that becomes ``target`` when the block ends without an error.

    Raises:
        ExportError: there is something of that name.
    """
    refuse_existing(target)
    with unfinished(target) as part:
        made = part / target.name
        yield made
        refuse_existing(target)
        made.rename(target)
