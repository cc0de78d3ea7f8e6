"""Small safetensors files of our own: fp32 and fp64 tensors, and one JSON document as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tuning.output import write_whole
from tuning.safetensors_header import METADATA_KEY, described, read_head, unusable

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


def read(
    path: Path, kind: type[Description], max_bytes: int = MAX_BYTES
) -> tuple[dict[str, Tensor], Description]:
    """Read a file and its description.

    Raises:
        PersonaMismatch: no such file, damaged, of another kind, or with numbers that are none.
    """
    head = read_head(path, max_bytes)
    description = described(head, kind)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise unusable(path, f"it is damaged or no safetensors file ({error})") from error
    broken = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise unusable(path, f"tensors {', '.join(broken)} hold no finite real numbers")
    return tensors, description
