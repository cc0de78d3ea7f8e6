"""Small pictures of pages with real and simulated attention side by side. Run it beside the main thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from protocols.geometry import FloatArray
from protocols.stimulus import Page, PixelArray
from studio.report.pictures import heat_image
from studio.rooms.twin.results import PageRow
from studio.state import common_scale

WIDTH_PX = 150
_GAP_PX = 6
_MOST_SHARE = 0.5
SIZE_PX = (2 * WIDTH_PX + _GAP_PX, round(WIDTH_PX * 9 / 16))


def scale_of(rows: Sequence[PageRow]) -> float:
    """Return one full share for all pages, so that they can be compared with each other; at most a half.

    One page with a single look would make all others dark.
    """
    return min(_MOST_SHARE, common_scale(*(shares for row in rows for shares in (row.real, row.twin))))


def thumbnail(page: Page, row: PageRow, full_share: float) -> PixelArray:
    """Return real and twin side by side, shape (height, width, 3)."""
    both = [_half(page, shares, full_share) for shares in (row.real, row.twin)]
    gap = np.full((both[0].shape[0], _GAP_PX, 3), 128, dtype=np.uint8)
    return np.concatenate([both[0], gap, both[1]], axis=1)


def _half(page: Page, shares: FloatArray | None, full_share: float) -> PixelArray:
    known = shares is not None and len(shares) == len(page.layout)
    drawn = heat_image(page, shares.tolist() if known and shares is not None else (), full_share, WIDTH_PX)
    return np.asarray(drawn.resize((WIDTH_PX, SIZE_PX[1]), Image.Resampling.BILINEAR))
