"""Adapter for the InternVL architecture of `transformers`: tiles, a thumbnail, plain rotary positions."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import InternVLForConditionalGeneration
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from protocols.stimulus import Page
from tuning.backbones.base import BackboneSpec
from tuning.backbones.grid import require_tokens, tiled
from tuning.backbones.seen import Vision, VisionFolder
from tuning.backbones.vlm import VisionLanguageBackbone, Wording


class InternVLBackbone(VisionLanguageBackbone):
    """A frozen InternVL model: tiles in reading order, each a raster of tokens, then a thumbnail of all."""

    def __init__(
        self,
        model: InternVLForConditionalGeneration,
        images: Any,
        wording: Wording,
        spec: BackboneSpec,
        folder: VisionFolder | None = None,
    ) -> None:
        decoder = OneDimensional(model.model.language_model)
        super().__init__(model, decoder, wording, spec, model.config.image_token_id, folder)
        self._intern, self.images = model, images

    def _pixels(self, page: Page) -> dict[str, Tensor]:
        # The tower was trained on tiles; the processor's own default would squeeze the page into one.
        image = Image.fromarray(page.image)
        inputs = self.images(images=image, crop_to_patches=True, return_tensors="pt")
        return {"pixel_values": inputs["pixel_values"].to(self._head)}

    def _encode(self, page: Page) -> Vision:
        features = self._intern.model.get_image_features(**self._pixels(page), return_dict=True)
        tokens = features.pooler_output
        side = round(tokens.shape[1] ** 0.5)
        grids = tiled(self._tiles(page), side)
        require_tokens(tokens.shape[0] * tokens.shape[1], grids)
        return Vision(tokens.flatten(0, 1), (), grids)

    def _tiles(self, page: Page) -> tuple[int, int]:
        """Return rows and columns of tiles, by the processor's own rule, which names columns first."""
        height, width = page.image.shape[:2]
        size = self.images.size
        columns, rows = get_optimal_tiled_canvas(
            (height, width),
            (size["height"], size["width"]),
            self.images.min_patches,
            self.images.max_patches,
        )
        return rows, columns

    def _positions(self, ids: list[int], vision: Vision) -> Tensor:  # noqa: ARG002 - images count like text
        return torch.arange(len(ids)).expand(3, -1)


class OneDimensional:
    """A text model with one position id per token, where the row probe offers three equal ones."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.layers, self.norm, self.embed_tokens = decoder.layers, decoder.norm, decoder.embed_tokens

    def rotary_emb(self, hidden: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and sines of positions (3, B, T)."""
        cos, sin = self._decoder.rotary_emb(hidden, positions[0])
        return cos, sin
