"""The two files of a PEFT adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from tuning.exporting.checking import require, text_of

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def write_config(folder: Path, config: Any) -> None:
    """Write a PEFT configuration as PEFT writes it, with keys in a fixed order."""
    config.save_pretrained(str(folder))
    told = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file.

    Raises:
        ValueError: it is damaged.
    """
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path.name} is damaged ({error})") from error


def read_config(path: Path, kind: str) -> dict[str, Any]:
    """Return a configuration that PEFT itself understands and that would be used.

    Raises:
        ValueError: it is of another kind, or for a task in which PEFT ignores it.
    """
    from peft import PeftConfig

    told = json.loads(text_of(path))
    require(isinstance(told, dict), "the settings are no object")
    known = PeftConfig.from_pretrained(str(path.parent))
    require(str(known.peft_type.value) == kind, f"it is a {known.peft_type} adapter, not {kind}")
    require(told.get("task_type") == "CAUSAL_LM", "without the task CAUSAL_LM, PEFT never uses a prompt")
    return dict(told)
