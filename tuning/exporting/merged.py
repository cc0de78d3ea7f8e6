"""`merged`: a whole model in which every participant is a word.

The soft prompts are baked into embedding rows, and the tokenizer gets a name for each: any program that loads
the model answers as a participant when their words stand in the text. Costs a copy of the model.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from protocols.errors import ExportError
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.exporting.checking import require, text_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.model_side import (
    HABIT,
    TABLES,
    Rows,
    asked,
    fields,
    reserve,
    vision_language,
    write_beside,
)
from tuning.exporting.peft_tokens import TOKENS, write_tokens

PERSONAS = "personas"
ROWS = Field("embed_tokens", "measured", "the soft prompts, as embedding rows in the model's precision")
WORDS = Field("added tokens", "constant", "a name for each row; it says nothing about the participant")
OUTPUT = Field("lm_head", "constant", "rows of the new tokens; generation is told never to write them")


class Merged:
    """See the module."""

    name = "merged"
    summary = "transformers, or any server, loads a model that answers as whoever's words stand in the text."
    package = "transformers"
    version = "5.23.0"
    settings: tuple[Setting, ...] = ()
    fields = (ROWS, TABLES, HABIT, WORDS, OUTPUT)

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write model, tokenizer and image processor, and who has which words."""
        backbone = vision_language(personas)
        rows = reserve(personas.subjects, backbone)
        _write_tokenizer(backbone, rows, folder)
        with _grown(backbone.model, rows, personas.subjects) as state:
            backbone.model.save_pretrained(folder, state_dict=state)
        backbone.images.save_pretrained(folder)
        write_tokens(folder / TOKENS, rows)
        beside = folder / PERSONAS
        beside.mkdir()
        for subject in personas.subjects:
            own = rows.by_participant[subject.name]
            told = {"question": asked(subject, backbone, own.ids), "words": "".join(own.names)}
            write_beside(beside / f"{subject.name}.json", subject, told)
        return fields(personas.subjects, ROWS, WORDS, OUTPUT)

    def verify(self, folder: Path) -> Verification:
        """Load configuration, tokenizer and processor, and read the rows back from the weights."""
        checks = [
            ("transformers finds model, tokenizer and every participant's rows", lambda: _loads(folder))
        ]
        return verified("package", self.package, importlib.metadata.version("transformers"), checks)


def _write_tokenizer(backbone: VisionLanguageBackbone, rows: Rows, folder: Path) -> None:
    """Write the tokenizer with a name for each row, and leave the one in use as it was."""
    backbone.wording.tokenizer.save_pretrained(folder)
    copied = _tokenizer(folder)
    names = [name for own in rows.by_participant.values() for name in own.names]
    ids = [i for own in rows.by_participant.values() for i in own.ids]
    copied.add_special_tokens({"additional_special_tokens": names}, replace_extra_special_tokens=False)
    got = copied.convert_tokens_to_ids(names)
    if got != ids:
        raise ExportError(
            f"The tokenizer of {backbone.spec.id} gives new words the ids {got[:3]}, not {ids[:3]}.",
            "The participants' words would name other rows.",
            "Export to peft-tokens, which works with ids alone.",
        )
    copied.save_pretrained(folder)


@contextmanager
def _grown(model: Any, rows: Rows, subjects: tuple[Subject, ...]) -> Iterator[dict[str, Tensor]]:
    """Yield the weights with the prompts in them, while the model's settings say so; it stays as it was."""
    inputs, outputs = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    grown = _with_rows(inputs, rows, subjects)
    state = dict(model.state_dict())
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() == inputs.data_ptr():
            state[name] = grown
        elif tensor.data_ptr() == outputs.data_ptr():
            state[name] = _with_rows(outputs, rows, ())
    text, had = model.config.get_text_config(), model.generation_config.suppress_tokens
    text.vocab_size = rows.needs
    new = [i for own in rows.by_participant.values() for i in own.ids]
    model.generation_config.suppress_tokens = [*(had or ()), *new]
    try:
        yield state
    finally:
        text.vocab_size, model.generation_config.suppress_tokens = rows.has, had


def _with_rows(weights: Tensor, rows: Rows, subjects: tuple[Subject, ...]) -> Tensor:
    """Return a copy with as many rows as are needed, zeros where new, and the subjects' prompts."""
    grown = weights.new_zeros(rows.needs, weights.shape[1])
    grown[: rows.has] = weights.detach()
    for subject in subjects:
        grown[list(rows.by_participant[subject.name].ids)] = subject.persona.prompt.tokens.to(grown)
    return grown.cpu()


def _loads(folder: Path) -> None:
    from transformers import AutoConfig, AutoImageProcessor

    text: Any = AutoConfig.from_pretrained(folder).get_text_config()
    images: Any = AutoImageProcessor
    images.from_pretrained(folder)
    tokenizer = _tokenizer(folder)
    weights = _embedding(folder)
    require(len(weights) == text.vocab_size, f"{len(weights)} embedding rows, settings say {text.vocab_size}")
    people = json.loads(text_of(folder / TOKENS))["participants"]
    for name, own in people.items():
        ids = tokenizer("".join(own["token_names"]), add_special_tokens=False)["input_ids"]
        require(ids == own["token_ids"], f"the tokenizer reads the words of {name} as {ids}")
        require(bool(weights[ids].any(dim=1).all()), f"a row of {name} is empty")
        require(bool(torch.isfinite(weights[ids]).all()), f"the rows of {name} hold no finite numbers")
        require((folder / PERSONAS / f"{name}.json").is_file(), f"there is no account of {name}")


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _embedding(folder: Path) -> Tensor:
    """Read the input embedding alone: a whole model may be large."""
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - no mapping
                    if name.endswith("embed_tokens.weight"):
                        found: Tensor = file.get_tensor(name)
                        return found
        except SafetensorError as error:
            raise ValueError(f"{path.name} is damaged ({error})") from error
    raise ValueError("there is no input embedding")
