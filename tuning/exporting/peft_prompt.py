"""`peft-prompt`: the soft prompt as a prompt-tuning adapter of PEFT.

PEFT puts such a prompt before the very first token and gives every token one position. That is what a persona
was fitted with only when its prompt stands in front and its model has one-dimensional positions; with M-RoPE,
PEFT would compute another function, without a sign of it.
"""

from __future__ import annotations

import importlib.metadata
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from protocols.errors import ExportError
from tuning.exporting.checking import Check, require, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.model_side import (
    BESIDE,
    HABIT,
    TABLES,
    asked,
    fields,
    vision_language,
    write_beside,
)
from tuning.exporting.peft_files import CONFIG, WEIGHTS, read_config, read_tensors, write_config

TENSOR = "prompt_embeddings"
PROMPT = Field(TENSOR, "measured", "the soft prompt, fitted to attention and clicks; the same bits")


class PeftPrompt:
    """See the module."""

    name = "peft-prompt"
    summary = "PEFT loads the soft prompt as a PROMPT_TUNING adapter and answers as the participant would."
    package = "peft"
    version = "0.21.2"
    settings: tuple[Setting, ...] = ()
    fields = (PROMPT, TABLES, HABIT)

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write a folder per participant, as PEFT keeps several adapters."""
        backbone = vision_language(personas)
        for subject in personas.subjects:
            _refuse_other_function(subject)
            own = folder / subject.name
            own.mkdir()
            tokens = subject.persona.prompt.tokens.detach().cpu().float().contiguous()
            save_file({TENSOR: tokens}, own / WEIGHTS, metadata={"format": "pt"})
            _write_config(own, backbone.spec.id, tuple(tokens.shape), backbone.spec.layers)
            put = asked(subject, backbone, "the adapter puts the prompt here")
            write_beside(own / BESIDE, subject, {"question": put})
        return fields(personas.subjects, PROMPT)

    def verify(self, folder: Path) -> Verification:
        """Have PEFT put each adapter on a small language model of the same width."""
        people = sorted(path for path in folder.iterdir() if path.is_dir())
        there = partial(require, bool(people), "there is none")
        loads = [
            (f"PEFT loads {own.name} onto a model and keeps every bit", partial(_loads, own))
            for own in people
        ]
        checks: list[Check] = [("there is a folder for a participant", there), *loads]
        return verified("package", self.package, importlib.metadata.version("peft"), checks)


def _refuse_other_function(subject: Subject) -> None:
    own = subject.provenance
    if own.config.placement != "front" or own.positions != "rope_1d":
        raise ExportError(
            f"The prompt of {subject.name} stands {own.config.placement} with positions {own.positions}.",
            "PEFT puts a prompt in front and counts positions in one dimension: the model would answer"
            " differently from the twin.",
            "Export to peft-tokens, which keeps placement and positions exactly.",
        )


def _write_config(folder: Path, base: str, shape: tuple[int, ...], layers: int) -> None:
    from peft import PromptTuningConfig, TaskType

    config = PromptTuningConfig(
        task_type=TaskType.CAUSAL_LM,  # without it PEFT loads the prompt and never uses it
        num_virtual_tokens=shape[0],
        token_dim=shape[1],
        num_transformer_submodules=1,
        num_attention_heads=1,
        num_layers=layers,
        base_model_name_or_path=base,
        inference_mode=True,
    )
    write_config(folder, config)


def _loads(folder: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import Qwen2Config, Qwen2ForCausalLM

    told = read_config(folder / CONFIG, "PROMPT_TUNING")
    tokens = read_tensors(folder / WEIGHTS)[TENSOR]
    shape = (told["num_virtual_tokens"], told["token_dim"])
    require(tuple(tokens.shape) == shape, f"the prompt is {tuple(tokens.shape)}, its settings say {shape}")
    require(bool(torch.isfinite(tokens).all()), "the prompt holds no finite numbers")
    config = Qwen2Config(
        vocab_size=4,
        hidden_size=shape[1],
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
    )
    adapted: Any = PeftModel.from_pretrained(Qwen2ForCausalLM(config), str(folder))
    kept = adapted.prompt_encoder["default"].embedding.weight.detach()
    require(torch.equal(kept, tokens), "PEFT holds other numbers than the file")
    length = adapted(input_ids=torch.zeros(1, 3, dtype=torch.long)).logits.shape[1]
    require(length == 3 + shape[0], f"an answer to 3 tokens has {length} positions, not {3 + shape[0]}")
