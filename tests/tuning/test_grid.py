"""Relevance that lies on a slot's pixels must be found on that slot, through the processor's real output."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from protocols.carousel import layout, scrolled
from protocols.errors import GridMismatch
from protocols.geometry import FloatArray, Rect
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotLayout
from protocols.stimulus import Viewport
from tuning.backbones.grid import TokenGrid, slot_weights
from tuning.backbones.tiny import image_processor

SCREEN = invented_screen(np.random.default_rng(0), "s", "rows")
PAGE = render(SCREEN, Viewport.top_of(SCREEN), letters=True)


def merged_processor() -> Qwen2VLImageProcessorPil:
    """The pre-processing of larger Qwen3-VL models: 16 px patches, merged two by two."""
    return Qwen2VLImageProcessorPil(
        size={"shortest_edge": 65_536, "longest_edge": 1088 * 608},
        patch_size=16,
        temporal_patch_size=2,
        merge_size=2,
    )


def token_brightness(
    processor: Qwen2VLImageProcessorPil, image: Image.Image
) -> tuple[FloatArray, tuple[int, int]]:
    """Return each token's brightness above black, in the order the model receives them, and the grid."""
    dark = Image.new("RGB", image.size)
    seen, black = (processor(images=i, return_tensors="np") for i in (image, dark))
    merge = processor.merge_size
    _, rows, columns = (int(n) for n in seen["image_grid_thw"][0])
    above = (seen["pixel_values"] - black["pixel_values"]).mean(1)
    return above.reshape(-1, merge * merge).mean(1).astype(float), (rows // merge, columns // merge)


@pytest.mark.parametrize("processor", [image_processor(), merged_processor()], ids=["tiny", "merged"])
@pytest.mark.parametrize("slot", range(15))
def test_a_painted_slot_is_found(processor: Qwen2VLImageProcessorPil, slot: int) -> None:
    painted = np.zeros_like(PAGE.image)
    box = PAGE.layout.slots[slot].credit
    painted[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 255
    brightness, grid = token_brightness(processor, Image.fromarray(painted))
    found = slot_weights(PAGE.layout, (TokenGrid(*grid),)) @ brightness
    assert found.argmax() == slot
    assert found[slot] / found.sum() > 0.75  # a token on an edge is shared by its neighbours


def test_token_order_is_raster_order() -> None:
    gradient = np.zeros_like(PAGE.image)
    gradient[:] = np.linspace(0, 255, gradient.shape[1]).astype(np.uint8)[None, :, None]
    for processor in (image_processor(), merged_processor()):
        brightness, grid = token_brightness(processor, Image.fromarray(gradient))
        assert (np.diff(brightness.reshape(grid), axis=1) > 0).all()


@given(st.floats(0, 2400), st.integers(3, 40), st.integers(3, 70))
@settings(max_examples=30, deadline=None)
def test_weights_are_shares_of_token_area_and_cover_every_slot(
    scroll: float, rows: int, columns: int
) -> None:
    slots = layout(SCREEN, scrolled(SCREEN, Viewport.top_of(SCREEN), scroll))
    weights = slot_weights(slots, (TokenGrid(rows, columns),))
    token_area = 1920 * 1080 / (rows * columns)
    areas = [slot.credit.area for slot in slots.slots]
    assert (weights >= 0).all()
    assert (weights.sum(0) <= 1 + 1e-9).all()
    np.testing.assert_allclose(weights.sum(1) * token_area, areas)


def test_a_slot_without_tokens_is_refused() -> None:
    slot = PAGE.layout.slots[0]
    outside = dataclasses.replace(slot, credit=Rect(3000, 3000, 3100, 3100))
    with pytest.raises(GridMismatch, match="9 x 16"):
        slot_weights(SlotLayout((outside,), (1920, 1080)), (TokenGrid(9, 16),))
