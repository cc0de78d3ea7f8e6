"""Small safetensors files of our own: fp32 and fp64 tensors, and one JSON document as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from protocols.errors import PersonaMismatch
from protocols.mistakes import listed
from tuning.output import write_whole

METADATA_KEY = "gazetwin"
MAX_BYTES = 64 * 1024 * 1024

Description = TypeVar("Description", bound=BaseModel)


def write(path: Path, tensors: Mapping[str, Tensor], description: BaseModel) -> None:
    """Write a file; it is complete or not there at all.

    Raises:
        TuningError: it cannot be written there.
    """
    contents = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = save(contents, metadata={METADATA_KEY: description.model_dump_json(by_alias=True)})
    write_whole(path, data)


def read(path: Path, kind: type[Description]) -> tuple[dict[str, Tensor], Description]:
    """Read a file and its description.

    Raises:
        PersonaMismatch: no such file, damaged, of another kind, or with numbers that are none.
    """
    if not path.is_file():
        raise _unusable(path, "there is no such file")
    if path.stat().st_size > MAX_BYTES:
        size = path.stat().st_size
        raise _unusable(path, f"it has {size} bytes, more than the {MAX_BYTES} of any prompt file")
    tensors, text = _contents(path)
    try:
        description = kind.model_validate_json(text)
    except ValidationError as error:
        problem = listed(error)
    else:
        broken = [name for name, tensor in tensors.items() if not _sound(tensor)]
        if not broken:
            return tensors, description
        problem = f"tensors {', '.join(broken)} hold no finite real numbers"
    raise _unusable(path, problem)


def _contents(path: Path) -> tuple[dict[str, Tensor], str]:
    problem = "it has no description of ours"
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
            if text is not None:
                return {name: file.get_tensor(name) for name in file.keys()}, text  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        problem = f"it is damaged or no safetensors file ({error})"
    raise _unusable(path, problem)


def _sound(tensor: Tensor) -> bool:
    return tensor.dtype in (torch.float32, torch.float64) and bool(torch.isfinite(tensor).all())


def _unusable(path: Path, problem: str) -> PersonaMismatch:
    return PersonaMismatch(
        f"{path} cannot be used: {problem}.",
        "A twin from a misread file would look convincing and be wrong.",
        "Fit it again with `gazetwin fit`, or restore the file.",
    )
