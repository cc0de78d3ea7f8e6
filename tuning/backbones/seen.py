"""What a vision tower made of a page, kept in memory and on disk: exact, by digest, limited in size."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tuning.backbones.grid import TokenGrid
from tuning.output import write_whole

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

LIMIT_BYTES = 4 << 30
METADATA_KEY = "gazetwin-vision"


@dataclass(frozen=True, eq=False)
class Vision:
    """Features of one page's pixels.

    Attributes:
        tokens: (image tokens, d).
        deepstack: one (image tokens, d) per fed decoder layer.
        grids: where the tokens lie on the page, one grid after another.
        patches: the processor's own grid before merging (frames, rows, columns), for position ids.
    """

    tokens: Tensor
    deepstack: tuple[Tensor, ...]
    grids: tuple[TokenGrid, ...]
    patches: tuple[int, int, int] = (1, 0, 0)

    def to(self, like: Tensor) -> Vision:
        """Return the same features on the device of another tensor."""
        moved = tuple(d.to(like.device) for d in self.deepstack)
        return Vision(self.tokens.to(like.device), moved, self.grids, self.patches)


class Kept(Generic[Key, Value]):
    """The most recently used values in memory.

    Args:
        limit: how many.
    """

    def __init__(self, limit: int) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._limit = limit

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made when it is not there."""
        if key not in self._values:
            self._values[key] = make()
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class VisionFolder:
    """Vision features of one model on disk, one safetensors file per page.

    Args:
        folder: of this model and this processor; others have their own.
        limit_bytes: the files used longest ago leave when there is more.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes

    def get(self, digest: str, make: Callable[[], Vision]) -> Vision:
        """Return a page's features bit for bit as they were made; a damaged file is made again."""
        path = self._folder / f"{digest}.safetensors"
        try:
            found = _read(path)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is damaged (%s); the page is encoded again.", path, error)
            found = None
        if found is None:
            found = make()
            write_whole(path, _bytes(found))
            self._shrink()
        else:
            path.touch()
        return found

    def _shrink(self) -> None:
        files = sorted(self._folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime_ns)
        excess = sum(p.stat().st_size for p in files) - self._limit_bytes
        for path in files[:-1]:
            if excess <= 0:
                return
            excess -= path.stat().st_size
            path.unlink(missing_ok=True)


def _bytes(vision: Vision) -> bytes:
    tensors = {f"deepstack.{i}": d for i, d in enumerate(vision.deepstack)} | {"tokens": vision.tokens}
    told = {"grids": [asdict(g) for g in vision.grids], "patches": vision.patches}
    contents = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    return save(contents, metadata={METADATA_KEY: json.dumps(told)})


def _read(path: Path) -> Vision | None:
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        told = json.loads((file.metadata() or {})[METADATA_KEY])
        count = len(file.keys()) - 1
        deepstack = tuple(file.get_tensor(f"deepstack.{i}") for i in range(count))
        tokens: torch.Tensor = file.get_tensor("tokens")
    frames, rows, columns = told["patches"]
    grids = tuple(TokenGrid(g["rows"], g["columns"], tuple(g["area"])) for g in told["grids"])
    return Vision(tokens, deepstack, grids, (frames, rows, columns))
