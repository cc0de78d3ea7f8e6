"""Pages as a recording keeps them: lossless pixels as PNG, everything else as JSON."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict

from protocols.errors import SessionCorrupt
from protocols.slots import SlotLayout
from protocols.stimulus import Film, Page, Viewport

PNG_COMPRESSION = 4  # the highest level that still takes less than 50 ms for a page


class PageDescription(BaseModel):
    """Everything of a page but its pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: SlotLayout
    films: tuple[Film, ...]
    screen_id: str
    viewport: Viewport

    @classmethod
    def of(cls, page: Page) -> PageDescription:
        """Describe a page."""
        return cls(layout=page.layout, films=page.films, screen_id=page.screen_id, viewport=page.viewport)


def digest_of(page: Page) -> str:
    """Return SHA-256 of a page's pixels and slot boxes, computed anew."""
    digest = hashlib.sha256(page.image.tobytes())
    digest.update(page.layout.boxes().astype("<f8").tobytes())
    return digest.hexdigest()


def to_png(page: Page) -> bytes:
    """Return the page's pixels as a PNG file, losslessly."""
    buffer = io.BytesIO()
    Image.fromarray(page.image).save(buffer, format="PNG", compress_level=PNG_COMPRESSION)
    return buffer.getvalue()


def to_page(png: bytes, description: PageDescription, digest: str) -> Page:
    """Rebuild exactly the page that was stored.

    Raises:
        SessionCorrupt: the PNG file is damaged.
    """
    try:
        with Image.open(io.BytesIO(png)) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.uint8).copy()
    except (OSError, SyntaxError) as error:  # Pillow reports broken PNG chunks as SyntaxError
        raise SessionCorrupt(
            f"The picture of page {digest[:12]} is damaged: {error}.",
            "What was shown cannot be told without it.",
            "Use an undamaged copy of the recording, or leave the views of this page out.",
        ) from error
    pixels.setflags(write=False)
    return Page(
        pixels, description.layout, description.films, description.screen_id, description.viewport, digest
    )
