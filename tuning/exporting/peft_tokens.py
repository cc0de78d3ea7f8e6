"""`peft-tokens`: soft prompts as reserved tokens, in one TRAINABLE_TOKENS adapter of PEFT.

The prompts' vectors replace embedding rows that no word uses. Whoever puts these ids into the text gets
exactly the fitted twin: any placement, M-RoPE included, because to the model they are words like others.
Several participants have ids of their own, and are chosen request by request.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.exporting.checking import require, text_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Verification
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
from tuning.exporting.peft_files import CONFIG, WEIGHTS, read_config, read_tensors, write_config

TOKENS = "tokens.json"
ROWS = Field("trainable_tokens_delta", "measured", "the soft prompt, as embedding rows; the same bits")
NAMES = Field("token_indices", "constant", "rows that no word of the tokenizer uses")


class PeftTokens:
    """See the module."""

    name = "peft-tokens"
    summary = "PEFT loads all participants as reserved tokens; the ids in the text say who answers."
    package = "peft"
    version = "0.21.2"
    settings: tuple[Setting, ...] = ()
    fields = (ROWS, TABLES, HABIT, NAMES)

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write one adapter, and who has which ids."""
        backbone = vision_language(personas)
        rows = reserve(personas.subjects, backbone)
        modules = _modules(backbone)
        tokens = torch.cat([s.persona.prompt.tokens.detach().cpu().float() for s in personas.subjects])
        tables = {f"base_model.model.{name}.trainable_tokens_delta": tokens.clone() for name in modules}
        save_file(tables, folder / WEIGHTS, metadata={"format": "pt"})
        _write_config(folder, backbone, modules[0], rows)
        write_tokens(folder / TOKENS, rows)
        for subject in personas.subjects:
            ids = rows.by_participant[subject.name].ids
            put = asked(subject, backbone, ids)
            write_beside(folder / f"{subject.name}.json", subject, {"question": put, "token_ids": ids})
        return fields(personas.subjects, ROWS, NAMES)

    def verify(self, folder: Path) -> Verification:
        """Have PEFT read the adapter and put it on an embedding of its size."""
        checks = [("PEFT loads the adapter, and every participant has own rows", lambda: _loads(folder))]
        return verified("package", self.package, importlib.metadata.version("peft"), checks)


def _modules(backbone: VisionLanguageBackbone) -> list[str]:
    """Return the names of the input embedding and, where it is the same matrix, of the output embedding."""
    model = backbone.model
    names = {id(module): str(name) for name, module in model.named_modules()}
    inputs, outputs = model.get_input_embeddings(), model.get_output_embeddings()
    tied = outputs.weight is inputs.weight
    return [names[id(inputs)], names[id(outputs)]] if tied else [names[id(inputs)]]


def write_tokens(path: Path, rows: Rows) -> None:
    """Write who has which ids, and what has to be done to the model first."""
    told = {
        "participants": {
            name: {"token_ids": r.ids, "token_names": r.names} for name, r in rows.by_participant.items()
        },
        "resize_token_embeddings": rows.needs if rows.needs > rows.has else None,
        "suppress_tokens": [i for r in rows.by_participant.values() for i in r.ids],
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _write_config(folder: Path, backbone: VisionLanguageBackbone, module: str, rows: Rows) -> None:
    from peft import TaskType, TrainableTokensConfig

    config = TrainableTokensConfig(
        task_type=TaskType.CAUSAL_LM,
        token_indices=[i for r in rows.by_participant.values() for i in r.ids],
        target_modules=module,
        base_model_name_or_path=backbone.spec.id,
        inference_mode=True,
    )
    write_config(folder, config)


def _loads(folder: Path) -> None:
    from peft.utils.save_and_load import load_peft_weights

    told: dict[str, Any] = read_config(folder / CONFIG, "TRAINABLE_TOKENS")
    ids = told["token_indices"]
    stored, read = read_tensors(folder / WEIGHTS), load_peft_weights(str(folder), device="cpu")
    require(bool(stored) and stored.keys() == read.keys(), "PEFT reads other tables than the file holds")
    table = next(iter(stored.values()))
    same = all(torch.equal(table, other) for other in (*stored.values(), *read.values()))
    require(same, "the tables of rows differ")
    require(table.ndim == 2 and len(table) == len(ids), f"{tuple(table.shape)} rows for {len(ids)} tokens")
    require(bool(torch.isfinite(table).all()), "the rows hold no finite numbers")
    require(len({*ids}) == len(ids), "two participants share a row")
    people = json.loads(text_of(folder / TOKENS))["participants"]
    owned = [i for own in people.values() for i in own["token_ids"]]
    require(owned == ids, "the participants' ids are not those of the adapter")
    for name in people:
        require((folder / f"{name}.json").is_file(), f"there is no account of {name}")
