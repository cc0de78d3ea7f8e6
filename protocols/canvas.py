"""Pixel arrays to draw on: RGB, 8 bit, shape (height, width, 3)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from protocols.palette import BACKGROUND
from protocols.stimulus import PixelArray


def blank(size_px: tuple[int, int]) -> PixelArray:
    """Return a writeable canvas (width, height in px) in the background colour."""
    return _blank(size_px).copy()


def paste(canvas: PixelArray, tile: PixelArray, left: int, top: int) -> None:
    """Copy a tile to (left, top) px, as far as it lies on the canvas."""
    height, width = tile.shape[:2]
    y0, y1 = max(top, 0), min(top + height, canvas.shape[0])
    x0, x1 = max(left, 0), min(left + width, canvas.shape[1])
    if y0 < y1 and x0 < x1:
        canvas[y0:y1, x0:x1] = tile[y0 - top : y1 - top, x0 - left : x1 - left]


@lru_cache(maxsize=4)
def _blank(size_px: tuple[int, int]) -> PixelArray:
    return frozen(Image.new("RGB", size_px, BACKGROUND))


def frozen(image: Image.Image) -> PixelArray:
    """Return an RGB image's pixels, read-only."""
    pixels = np.array(image, dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels
