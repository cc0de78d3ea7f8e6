"""Whether the pages of a recording are still those that were shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from protocols.errors import PagesChanged, SessionCorrupt
from protocols.words import counted
from sessions.pages import digest_of
from sessions.reader import Recording

OnPage = Callable[[int, int], None]


def changed_pages(recording: Recording, on_page: OnPage | None = None) -> tuple[str, ...]:
    """Return the digests of pages whose pixels or poster boxes are not those that were stored.

    Args:
        recording: to look at.
        on_page: told after each page how many of how many were compared.
    """
    digests = recording.page_digests()
    changed = []
    for number, digest in enumerate(digests, start=1):
        if not _unchanged(recording, digest):
            changed.append(digest)
        if on_page:
            on_page(number, len(digests))
    return tuple(changed)


def pages_changed(path: Path, changed: Sequence[str]) -> PagesChanged:
    """Return the error for a recording with changed pages."""
    named = ", ".join(digest[:12] for digest in changed[:3]) + (" ..." if len(changed) > 3 else "")
    return PagesChanged(
        f"{counted(len(changed), 'page')} in {path} changed since the recording ({named}).",
        "Attention is counted on posters that may not be those that were shown, so nothing was stored in it:"
        " a file that was changed is evidence and is better left alone.",
        "Find the unchanged file; `gazetwin check` tells what else is wrong with this one.",
    )


def _unchanged(recording: Recording, digest: str) -> bool:
    try:
        return digest_of(recording.page(digest)) == digest
    except SessionCorrupt:
        return False
