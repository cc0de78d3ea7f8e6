"""Small Qwen3-VL and InternVL models with random weights, complete with tokenizer and image processor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    InternVLConfig,
    InternVLForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from tuning.backbones import hub
from tuning.backbones.chat import QUESTION

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}"
    "{% if c.type == 'image' %}IMAGE{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "initializer_range": 0.1,
}


def save_tokenizer(folder: Path, image: str, marks: tuple[str, str, str], letters: str = "") -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|im_start|>", "<|im_end|>", *marks],
        show_progress=False,
    )
    tokenizer.train_from_iterator([QUESTION, letters, "user assistant Drama Comedy"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast.chat_template = TEMPLATE.replace("IMAGE", image)
    fast.save_pretrained(folder)
    return fast


def save_qwen(folder: Path, spare: int = 0, *, tied: bool = False) -> None:
    """Write a Qwen3-VL; ``spare`` embedding rows stand for no word."""
    start, image, end = hub.FAMILIES["qwen3_vl"].marks
    tokenizer = save_tokenizer(folder, start + image + end, (start, image, end))
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    config = Qwen3VLConfig(
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer) + spare,
            "head_dim": 16,
            "rope_parameters": rope,
            "tie_word_embeddings": tied,
        },
        tie_word_embeddings=tied,
        vision_config={
            "depth": 3,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=tokenizer.convert_tokens_to_ids(image),
        video_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),  # there are no videos
        vision_start_token_id=tokenizer.convert_tokens_to_ids(start),
        vision_end_token_id=tokenizer.convert_tokens_to_ids(end),
    )
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    size = {"shortest_edge": 65_536, "longest_edge": 544 * 320}
    images = Qwen2VLImageProcessorPil(size=size, patch_size=16, temporal_patch_size=2, merge_size=2)
    images.save_pretrained(folder)


def save_internvl(folder: Path, text: str) -> None:
    start, image, end = hub.FAMILIES["internvl"].marks
    tokenizer = save_tokenizer(folder, image + "\n", (start, image, end))
    config = InternVLConfig(
        text_config={**TEXT, "model_type": text, "vocab_size": len(tokenizer), "tie_word_embeddings": False},
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "image_size": 112,
            "patch_size": 14,
        },
        image_token_id=tokenizer.convert_tokens_to_ids(image),
        image_seq_length=16,
        tie_word_embeddings=False,
    )
    InternVLForConditionalGeneration(config).save_pretrained(folder)
    size = {"height": 112, "width": 112}
    GotOcr2ImageProcessorPil(size=size, crop_to_patches=True, max_patches=12).save_pretrained(folder)


MAKERS: dict[str, Callable[[Path], None]] = {
    "qwen3-vl": save_qwen,
    "internvl over qwen2": lambda folder: save_internvl(folder, "qwen2"),
    "internvl over qwen3": lambda folder: save_internvl(folder, "qwen3"),
}
