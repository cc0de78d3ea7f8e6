"""The pages of the session that is played, read in the background and a few of them kept. Qt-free."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from protocols.errors import GazeTwinError
from protocols.stimulus import Page
from sessions.reader import load_page
from studio.background import Later

_KEPT = 8  # of some MB each


class PageShelf:
    """Hands out pages that are there and has the others read.

    Args:
        later: runs the reading.
        arrived: called when a page that was asked for has come.
        failed: called with what went wrong.
    """

    def __init__(
        self, later: Later, arrived: Callable[[], None], failed: Callable[[GazeTwinError], None]
    ) -> None:
        self._later, self._arrived, self._failed = later, arrived, failed
        self._pages: OrderedDict[tuple[Path, str], Page] = OrderedDict()
        self._asked: set[tuple[Path, str]] = set()

    def page(self, path: Path, digest: str) -> Page | None:
        """Return a page of a session, None while it is being read."""
        key = (path, digest)
        if key in self._pages:
            self._pages.move_to_end(key)
            return self._pages[key]
        if key not in self._asked:
            self._asked.add(key)
            self._later(lambda: load_page(path, digest), lambda page: self._keep(key, page), self._failed)
        return self._pages.get(key)

    def _keep(self, key: tuple[Path, str], page: Page) -> None:
        self._pages[key] = page
        self._asked.discard(key)
        while len(self._pages) > _KEPT:
            self._pages.popitem(last=False)
        self._arrived()
