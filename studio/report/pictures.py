"""Pictures of pages with attention drawn over them, as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from protocols.geometry import FloatArray
from protocols.lettering import font
from protocols.stimulus import Page
from studio.theme import DARK, heat_hex, ink_on

WIDTH_PX = 640
_QUALITY = 80
_GREY_LIGHT = 0.65  # of the page under heat
_HEAT_OPACITY = (0.35, 0.85)  # of the weakest and of the strongest heat
_LARGEST_FIXATION_MS = 800.0


@dataclass(frozen=True, slots=True)
class Fixation:
    """One fixation of a scanpath, in page px."""

    x_px: float
    y_px: float
    duration_ms: float


def heat_picture(page: Page, shares: Sequence[float], full_share: float) -> str:
    """Draw the share per slot over the page in grey.

    Args:
        page: what was shown.
        shares: one per slot, 0 to 1.
        full_share: the share drawn as the strongest heat.

    Returns:
        A data URI of a JPEG, 640 px wide.
    """
    picture = heat_image(page, shares, full_share)
    scale = WIDTH_PX / page.image.shape[1]
    _write_shares(ImageDraw.Draw(picture), _boxes(page, scale), shares, full_share)
    return _jpeg(picture)


def heat_image(
    page: Page, shares: Sequence[float], full_share: float, width_px: int = WIDTH_PX
) -> Image.Image:
    """Draw the share per slot over the page in grey, ``width_px`` wide; without shares only the page."""
    base = Image.fromarray(page.image).convert("L").point(lambda v: v * _GREY_LIGHT).convert("RGB")
    small, scale = _shrunk(base, width_px)
    overlay = small.copy()
    draw = ImageDraw.Draw(overlay)
    mask = Image.new("L", small.size, 0)
    veil = ImageDraw.Draw(mask)
    weakest, strongest = _HEAT_OPACITY
    for box, share in zip(_boxes(page, scale) if len(shares) else [], shares, strict=True):
        if share > 0:
            level = min(share / full_share, 1.0)
            draw.rectangle(box, fill=heat_hex(level))
            veil.rectangle(box, fill=round(255 * (weakest + (strongest - weakest) * level)))
    return Image.composite(overlay, small, mask)


def scanpath_picture(page: Page, fixations: Sequence[Fixation]) -> str:
    """Draw fixations over the page, numbered, larger the longer they lasted; a data URI of a JPEG."""
    small, scale = _shrunk(Image.fromarray(page.image))
    picture = Image.blend(small, Image.new("RGB", small.size), 0.45)
    draw = ImageDraw.Draw(picture)
    points = [(f.x_px * scale, f.y_px * scale) for f in fixations]
    if len(points) > 1:
        draw.line(points, fill="#FFFFFF", width=2)
    for number, (point, fixation) in enumerate(zip(points, fixations, strict=True), start=1):
        radius = 6 + 12 * float(np.sqrt(min(fixation.duration_ms / _LARGEST_FIXATION_MS, 1.0)))
        draw.circle(point, radius, fill=DARK.real, outline="#000000", width=1)
        draw.text(point, str(number), fill="#000000", font=font("Bold", 11), anchor="mm")
    return _jpeg(picture)


def slot_colours(layout_boxes: FloatArray) -> tuple[str, ...]:
    """Return one colour per slot: a hue per row, darker from left to right; boxes (n, 4) in px."""
    rows = np.unique(layout_boxes[:, 1], return_inverse=True)[1]
    columns = np.unique(layout_boxes[:, 0], return_inverse=True)[1]
    return tuple(_grid_colour(int(r), int(c)) for r, c in zip(rows, columns, strict=True))


_ROW_HUES = ((0, 114, 178), (0, 138, 100), (178, 66, 120), (150, 110, 0))
OFF_POSTER = "#9AA3AD"


def row_hex(row: int) -> str:
    """Return the colour of a row of posters, 0 at the top, as ``#RRGGBB``."""
    return _grid_colour(row, 2)


def _grid_colour(row: int, column: int) -> str:
    hue = np.asarray(_ROW_HUES[row % len(_ROW_HUES)], dtype=np.float64)
    towards_white = 0.62 - 0.155 * min(column, 4)
    red, green, blue = (hue + (255 - hue) * towards_white).round().astype(int)
    return f"#{red:02X}{green:02X}{blue:02X}"


def _write_shares(
    draw: ImageDraw.ImageDraw, boxes: Sequence[tuple[float, ...]], shares: Sequence[float], full_share: float
) -> None:
    face = font("Bold", 13)
    for (left, top, right, bottom), share in zip(boxes, shares, strict=True):
        colour = heat_hex(share / full_share)
        x, y = (left + right) / 2, (top + bottom) / 2
        said = f"{100 * share:.0f} %"
        half = draw.textlength(said, font=face) / 2 + 4
        draw.rectangle((x - half, y - 9, x + half, y + 9), fill=colour)
        draw.text((x, y), said, fill=ink_on(colour), font=face, anchor="mm")


def _boxes(page: Page, scale: float) -> list[tuple[float, float, float, float]]:
    return [(left, top, right, bottom) for left, top, right, bottom in (page.layout.boxes() * scale).tolist()]


def _shrunk(image: Image.Image, width_px: int = WIDTH_PX) -> tuple[Image.Image, float]:
    scale = width_px / image.width
    return image.resize((width_px, round(image.height * scale)), Image.Resampling.LANCZOS), scale


def _jpeg(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
