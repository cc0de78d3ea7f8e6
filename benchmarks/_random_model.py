"""A text decoder of any size with random weights behind the backbone contract: for times, not for answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Qwen3VLTextConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextModel

from protocols.stimulus import Page
from tuning.backbones.base import BackboneSpec
from tuning.backbones.grid import TokenGrid
from tuning.backbones.seen import Vision
from tuning.backbones.vlm import VisionLanguageBackbone

PROMPT_LENGTH = 16
BEFORE_IMAGE = 4
IMAGE_TOKEN = 0
SUFFIX = 105
"""About as many tokens as follow the image in a Qwen3-VL question: profile, instruction, chat markers."""


@dataclass(frozen=True, slots=True)
class Size:
    """A decoder's shape and what it is timed on.

    Attributes:
        probed: probed layers per number of tokens, which counts the soft prompt. Six are published; at 2000
            tokens whole maps of six layers do not fit the memory of a common computer.
        batch: pages per step.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    mlp: int
    vocabulary: int
    deepstack: int
    probed: Mapping[int, int]
    batch: int


SIZES = {
    "tiny": Size(4, 64, 4, 2, 16, 128, 64, 1, {160: 3}, 2),
    "default": Size(24, 1024, 16, 8, 64, 3072, 32_000, 3, {700: 6, 2000: 3}, 1),
    "4b": Size(36, 2560, 32, 8, 128, 9728, 151_936, 3, {700: 6, 2000: 6}, 1),
}


def build(size: Size, tokens: int, device: str) -> RandomBackbone:
    """Return a backbone whose questions have `tokens` tokens; fp32 on the CPU, bf16 elsewhere."""
    torch.manual_seed(0)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    with torch.device(device):
        model = _Model(size).to(dtype)
    return RandomBackbone(model, size, tokens)


class _Inner(nn.Module):
    def __init__(self, config: Qwen3VLTextConfig) -> None:
        super().__init__()
        self.language_model = Qwen3VLTextModel(config)


class _Model(nn.Module):
    """Named as in `transformers`, so that the brute-force implementation can run it."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        half = size.head_width // 2
        height = half * 5 // 16
        config = Qwen3VLTextConfig(
            vocab_size=size.vocabulary,
            hidden_size=size.width,
            intermediate_size=size.mlp,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.kv_heads,
            head_dim=size.head_width,
            max_position_embeddings=8192,
            rope_parameters={
                "rope_type": "default",
                "rope_theta": 5e6,
                "mrope_section": [half - 2 * height, height, height],
                "mrope_interleaved": True,
            },
        )
        config._attn_implementation = "eager"
        self.model = _Inner(config)
        self.lm_head = nn.Linear(size.width, size.vocabulary, bias=False)
        nn.init.normal_(self.lm_head.weight, std=size.width**-0.5)


class _Wording:
    def __init__(self, suffix: int, vocabulary: int) -> None:
        self._suffix, self._vocabulary = suffix, vocabulary

    def before_image(self) -> list[int]:
        return [1] * BEFORE_IMAGE

    def after_image(self) -> list[int]:
        return [2]

    def question(self, preferred: Sequence[str]) -> list[int]:  # noqa: ARG002 - the contract passes it
        return [3 + index % (self._vocabulary - 3) for index in range(self._suffix - 1)]

    def letter(self, letter: str) -> int:
        return 3 + ord(letter) - ord("A")

    @property
    def used(self) -> int:
        return self._vocabulary

    @property
    def tokenizer(self) -> None:
        """Nothing: noise is asked no words, and never exported."""


class RandomBackbone(VisionLanguageBackbone):
    """Sees noise instead of a page, in as many image tokens, on a grid of the page's shape, as fit."""

    def __init__(self, model: Any, size: Size, tokens: int) -> None:
        image = tokens - PROMPT_LENGTH - BEFORE_IMAGE - SUFFIX
        rows = max(1, round((image * 9 / 16) ** 0.5))
        self._grid, self._size = TokenGrid(rows, image // rows), size
        suffix = SUFFIX + image - rows * (image // rows)
        spec = BackboneSpec("random", "0" * 64, size.width, size.layers, size.heads, "mrope_3d", 1.0)
        wording = _Wording(suffix, size.vocabulary)
        super().__init__(model, model.model.language_model, wording, spec, IMAGE_TOKEN)

    def _pixels(self, page: Page) -> dict[str, Tensor]:  # noqa: ARG002 - no vision tower
        return {}

    def _encode(self, page: Page) -> Vision:
        generator = torch.Generator().manual_seed(int(page.digest[:8], 16))
        shape = (1 + self._size.deepstack, self._grid.rows * self._grid.columns, self._size.width)
        tokens, *deepstack = torch.randn(shape, generator=generator).to(self._head)
        return Vision(tokens, tuple(0.1 * layer for layer in deepstack), (self._grid,))

    def _positions(self, ids: list[int], vision: Vision) -> Tensor:
        """Return M-RoPE ids: text counts on, image tokens share a start and differ by row and column."""
        grid = vision.grids[0]
        rows, columns = torch.meshgrid(torch.arange(grid.rows), torch.arange(grid.columns), indexing="ij")
        start = BEFORE_IMAGE
        image = torch.stack([torch.zeros_like(rows.flatten()), rows.flatten(), columns.flatten()]) + start
        rest = len(ids) - start - image.shape[1]
        after = torch.arange(rest) + start + max(grid.rows, grid.columns)
        return torch.cat([torch.arange(start).expand(3, -1), image, after.expand(3, -1)], 1)
