"""Results of cells on disk: one JSON file each, whole or not there."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from tuning.experiments.results import CellResult
from tuning.output import write_whole

log = logging.getLogger(__name__)

IGNORE = "# Results of single cells: they are made again when they are missing.\n*\n"


class Store:
    """A folder of results, named by the digests of their cells."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ignored = False

    def get(self, digest: str) -> CellResult | None:
        """Return a result that is there, whole and about this cell; None means that it must be computed."""
        path = self._path(digest)
        if not path.is_file():
            return None
        try:
            found = CellResult.model_validate_json(path.read_bytes())
        except ValidationError as error:
            log.warning("%s is no result and is computed again: %s", path, error)
            return None
        if found.digest != digest:
            log.warning("%s holds another result and is computed again", path)
            return None
        return found

    def put(self, result: CellResult) -> None:
        """Keep a result.

        Raises:
            TuningError: it cannot be written.
        """
        if not self._ignored:
            write_whole(self._folder / ".gitignore", IGNORE.encode())
            self._ignored = True
        write_whole(self._path(result.digest), (result.model_dump_json() + "\n").encode())

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"
