"""Adapter for the Qwen3-VL architecture of `transformers`, from `carousel-tiny` up."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import Qwen3VLForConditionalGeneration

from protocols.stimulus import Page
from tuning.backbones.base import BackboneSpec
from tuning.backbones.grid import TokenGrid, require_tokens
from tuning.backbones.seen import Vision, VisionFolder
from tuning.backbones.vlm import VisionLanguageBackbone, Wording


class Qwen3VLBackbone(VisionLanguageBackbone):
    """A frozen Qwen3-VL model: one grid of merged patches, M-RoPE, DeepStack features."""

    def __init__(
        self,
        model: Qwen3VLForConditionalGeneration,
        images: Any,
        wording: Wording,
        spec: BackboneSpec,
        folder: VisionFolder | None = None,
    ) -> None:
        image_token = model.config.image_token_id
        super().__init__(model, model.model.language_model, wording, spec, image_token, folder)
        self._qwen, self.images = model, images

    def _pixels(self, page: Page) -> dict[str, Tensor]:
        inputs = self.images(images=Image.fromarray(page.image), return_tensors="pt")
        return {
            "pixel_values": inputs["pixel_values"].to(self._head),
            "image_grid_thw": inputs["image_grid_thw"].to(self._head.device),
        }

    def _encode(self, page: Page) -> Vision:
        inputs = self._pixels(page)
        thw = inputs["image_grid_thw"]
        vision_config: Any = self._qwen.config.vision_config
        merge = vision_config.spatial_merge_size
        frames, rows, columns = (int(n) for n in thw[0])
        grid = TokenGrid(rows // merge, columns // merge)
        features = self._qwen.model.get_image_features(inputs["pixel_values"], thw, return_dict=True)
        tokens = features.pooler_output[0]
        require_tokens(len(tokens), (grid,))
        deepstack = tuple(layer[0] for layer in features.deepstack_features)
        return Vision(tokens, deepstack, (grid,), (frames, rows, columns))

    def _native(self, tokens: Tensor, page: Page) -> Any:
        self._qwen.model.rope_deltas = None  # an earlier call leaves an offset of positions behind
        kinds = (tokens == self.image_token).int()
        everywhere = torch.ones_like(tokens)
        return self._qwen(
            input_ids=tokens, attention_mask=everywhere, mm_token_type_ids=kinds, **self._pixels(page)
        )

    def _positions(self, ids: list[int], vision: Vision) -> Tensor:
        """Return the model's own M-RoPE position ids, (3, len(ids))."""
        tokens = torch.tensor([ids])
        kinds = (tokens == self.image_token).int()
        thw = torch.tensor([vision.patches])
        positions, _ = self._qwen.model.get_rope_index(tokens, kinds, image_grid_thw=thw)
        return torch.as_tensor(positions)[:, 0]
