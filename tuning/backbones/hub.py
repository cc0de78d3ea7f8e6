"""Real models, by local folder or hub id. Nothing is fetched unless the user names a hub id."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoTokenizer,
    InternVLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)

from protocols.errors import BackboneMissing
from tuning.backbones.base import BackboneSpec
from tuning.backbones.chat import ChatWording
from tuning.backbones.internvl import InternVLBackbone
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.backbones.seen import VisionFolder
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.config import Device, Precision

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Family:
    """An architecture that the row probe knows.

    Attributes:
        model: class of `transformers`.
        adapter: ours.
        positions: scheme of position ids.
        marks: token texts that open, stand for and close an image.
    """

    model: Any
    adapter: Any
    positions: str
    marks: tuple[str, str, str]


FAMILIES = {
    "qwen3_vl": Family(
        Qwen3VLForConditionalGeneration,
        Qwen3VLBackbone,
        "mrope_3d",
        ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>"),
    ),
    "internvl": Family(
        InternVLForConditionalGeneration, InternVLBackbone, "rope_1d", ("<img>", "<IMG_CONTEXT>", "</img>")
    ),
}


PARTS = {
    "configuration (config.json)": ("config.json",),
    "weights (*.safetensors)": ("*.safetensors",),
    "tokenizer (tokenizer.json)": ("tokenizer.json", "vocab.*", "tokenizer.model"),
    "image processor (preprocessor_config.json)": ("preprocessor_config.json", "processor_config.json"),
}
"""What a complete folder holds, one file of each."""


def load(name: str, device: Device = "cpu", precision: Precision = "fp32") -> VisionLanguageBackbone:
    """Load a Qwen3-VL or InternVL model; blocks for seconds to minutes.

    Args:
        name: folder with configuration, weights, tokenizer and image processor, or a hub id.
        device: where the model lives.
        precision: of its weights; prompts are always fp32.

    Raises:
        BackboneMissing: not there, of another architecture, or the device is missing.
    """
    folder = _folder(name)
    if device == "cuda" and not torch.cuda.is_available():
        raise BackboneMissing(
            "There is no CUDA device that this build of torch can use.",
            "The model would run many times slower than was asked for.",
            "Use the cpu device, or install a CUDA build of torch on a machine with a GPU.",
        )
    _refuse_incomplete(folder)
    try:
        config = AutoConfig.from_pretrained(folder)
        family = _family(name, config)
        model = family.model.from_pretrained(folder, dtype=DTYPES[precision]).to(device)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        images = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]  # it has no types
    except (OSError, ValueError, KeyError) as error:
        raise BackboneMissing(
            f"The model in {folder} cannot be loaded: {str(error).rstrip('.')}.",
            "A twin needs the whole model: configuration, weights, tokenizer and image processor.",
            "Check that the folder is a complete download of one model.",
        ) from error
    digest = _digest(folder, precision)
    seen = VisionFolder(Path(platformdirs.user_cache_dir("gazetwin")) / "vision" / digest[:16])
    wording = ChatWording(tokenizer, *family.marks)
    own_name = folder.name if Path(name).is_dir() else name  # a path would tell about the machine
    spec = _spec(own_name, digest, config.get_text_config(), model, family.positions)
    spec = replace(spec, question=wording.digest)
    adapter: VisionLanguageBackbone = family.adapter(model, images, wording, spec, seen)
    return adapter


def _folder(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.jinja"]))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise BackboneMissing(
            f"There is no model {name!r} in a folder of that name or on the hub: {str(error).rstrip('.')}.",
            "A twin is a prompt for one particular model.",
            "Check the name and the network, or download the model and name its folder.",
        ) from error


def _refuse_incomplete(folder: Path) -> None:
    lacking = [part for part, files in PARTS.items() if not any(any(folder.glob(f)) for f in files)]
    if lacking:
        raise BackboneMissing(
            f"The model in {folder} has no {' and no '.join(lacking)}.",
            "A twin needs the whole model: configuration, weights, tokenizer and image processor.",
            "Download all files of the model into this folder.",
        )


def _family(name: str, config: Any) -> Family:
    text = config.get_text_config()
    sliding = "sliding_attention" in (getattr(text, "layer_types", None) or ())
    family = FAMILIES.get(config.model_type)
    known_text = str(text.model_type).startswith(("qwen2", "qwen3")) and "moe" not in str(text.model_type)
    if family is None or not known_text or sliding:
        kind = f"{config.model_type} over {text.model_type}" + (" with sliding windows" if sliding else "")
        raise BackboneMissing(
            f"{name} is a {kind} model.",
            "Its attention would be read off wrongly or not at all.",
            f"Use a model of type {' or '.join(FAMILIES)} over dense Qwen2 or Qwen3,"
            " or install a package that brings a backbone for it.",
        )
    return family


def _spec(name: str, digest: str, text: Any, model: Any, positions: str) -> BackboneSpec:
    embedding = model.get_input_embeddings().weight.detach()
    return BackboneSpec(
        id=name,
        digest=digest,
        width=text.hidden_size,
        layers=text.num_hidden_layers,
        heads=text.num_attention_heads,
        positions=positions,
        embedding_rms=float(embedding.float().square().mean().sqrt()),
    )


def _digest(folder: Path, precision: Precision) -> str:
    """Return the SHA-256 of weights and of what decides how pages and questions enter the model."""
    digest = hashlib.sha256(precision.encode())
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.json"), *folder.glob("*.jinja")]):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
