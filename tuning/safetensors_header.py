"""The head of a safetensors file, read without model libraries and with nothing taken on trust.

A file begins with the length of its head (8 bytes, little endian), then the head: JSON with a name, a type, a
shape and a place per tensor, and ``__metadata__``. The length is checked before anything of it is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from protocols.errors import PersonaMismatch
from protocols.geometry import FloatArray
from protocols.mistakes import listed

MAX_HEAD_BYTES = 32 * 1024 * 1024
MAX_FILE_BYTES = 4 * 1024**3
MAX_TENSORS = 1000
METADATA_KEY = "gazetwin"
_LENGTH_BYTES = 8
_TOLD = 500
_HDF5 = b"\x89HDF\r\n\x1a\n"
_NUMPY: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


class Stored(BaseModel):
    """Where one tensor lies.

    Attributes:
        dtype: as safetensors writes it; files of ours hold F32 and F64.
        shape: of the tensor.
        data_offsets: first byte and the one behind the last, counted from the end of the head.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: str
    shape: tuple[int, ...] = Field(max_length=8)
    data_offsets: tuple[int, int]


Description = TypeVar("Description", bound=BaseModel)

_TENSORS = TypeAdapter(dict[str, Stored])


@dataclass(frozen=True, slots=True)
class Head:
    """Everything a file says about itself.

    Attributes:
        path: the file.
        description: our JSON document.
        tensors: what it holds, by name.
        start: where the tensors' bytes begin.
    """

    path: Path
    description: str
    tensors: Mapping[str, Stored]
    start: int

    def array(self, name: str) -> FloatArray:
        """Read one tensor as float64.

        Raises:
            PersonaMismatch: there is none of this name, or it holds no finite numbers.
        """
        stored = self.tensors.get(name)
        if stored is None:
            raise unusable(self.path, f"it has no tensor {name}")
        with self.path.open("rb") as file:
            file.seek(self.start + stored.data_offsets[0])
            data = file.read(stored.data_offsets[1] - stored.data_offsets[0])
        values = np.frombuffer(data, _NUMPY[stored.dtype]).reshape(stored.shape).astype(np.float64)
        if not np.isfinite(values).all():
            raise unusable(self.path, f"tensor {name} holds no finite real numbers")
        return np.asarray(values)


def read_head(path: Path, max_bytes: int) -> Head:
    """Read the head of a file of ours.

    Args:
        path: the file.
        max_bytes: of the whole file.

    Raises:
        PersonaMismatch: no such file, damaged, too large, or without a description of ours.
    """
    if path.is_dir():
        raise unusable(path, "it is a folder", "Name one of the .safetensors files in it.")
    if not path.is_file():
        raise unusable(path, "there is no such file", "Check the name.")
    size = path.stat().st_size
    if size > max_bytes:
        raise unusable(path, f"it has {size} bytes, more than the {max_bytes} of any such file")
    with path.open("rb") as file:
        first = file.read(_LENGTH_BYTES)
        if first == _HDF5:
            fix = "Name a persona (.safetensors); gazetwin fit makes one from recordings."
            raise unusable(path, "it is a recording or another HDF5 file, not a safetensors file", fix)
        length = int.from_bytes(first, "little")
        if size < _LENGTH_BYTES or length > size - _LENGTH_BYTES:
            raise unusable(path, f"it is not a safetensors file, or damaged ({size} bytes)")
        if length > MAX_HEAD_BYTES:
            raise unusable(path, f"its head claims {length} bytes, more than {MAX_HEAD_BYTES}")
        head = file.read(length)
    start = _LENGTH_BYTES + length
    metadata, tensors = _parsed(path, head)
    _refuse_misplaced(path, tensors, size - start)
    description = metadata.get(METADATA_KEY)
    if not isinstance(description, str):
        raise unusable(path, "it has no description of ours")
    return Head(path, description, tensors, start)


def described(head: Head, kind: type[Description]) -> Description:
    """Return what a file says about itself.

    Raises:
        PersonaMismatch: it is of another kind.
    """
    try:
        return kind.model_validate_json(head.description)
    except ValidationError as error:
        raise unusable(head.path, listed(error)) from error


def unusable(path: Path, problem: str, fix: str = "") -> PersonaMismatch:
    """Return what to tell of a file that cannot be used."""
    told = problem.strip().rstrip(".") if len(problem) <= _TOLD else f"{problem[:_TOLD]} .."
    return PersonaMismatch(
        f"{path} cannot be used: {told}.",
        "A twin from a misread file would look convincing and be wrong.",
        fix or "Name a persona (.safetensors); fit it again with `gazetwin fit`, or restore the file.",
    )


def _parsed(path: Path, head: bytes) -> tuple[dict[str, Any], dict[str, Stored]]:
    try:
        entries = json.loads(head, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise unusable(path, f"it is damaged or no safetensors file ({type(error).__name__})") from error
    metadata = entries.pop("__metadata__", {}) if isinstance(entries, dict) else None
    if not isinstance(metadata, dict) or len(entries) > MAX_TENSORS:
        raise unusable(path, "it is damaged or no safetensors file")
    try:
        return metadata, _TENSORS.validate_python(entries)
    except ValidationError as error:
        raise unusable(path, f"it is damaged: {listed(error)}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_misplaced(path: Path, tensors: Mapping[str, Stored], room: int) -> None:
    """Tensors fill the rest of the file exactly, one after the other."""
    at = 0
    for name, stored in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        if stored.dtype not in _NUMPY:
            raise unusable(path, f"tensor {name} holds {stored.dtype}, no real numbers")
        first, behind = stored.data_offsets
        wide = math.prod(stored.shape) * _NUMPY[stored.dtype].itemsize
        if min(stored.shape, default=0) < 0 or first != at or behind - first != wide:
            raise unusable(path, f"it is damaged: tensor {name} {stored.shape} does not fit its place")
        at = behind
    if at != room:
        raise unusable(path, f"it is damaged: {room} bytes of tensors instead of {at}")
