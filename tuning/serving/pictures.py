"""Pictures of pages that somebody sends: untrusted bytes become a page, or a clear refusal."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from protocols.carousel import LETTER_STRIP_PX, PAGE_SIZE_PX
from protocols.errors import StudyInvalid
from protocols.geometry import Rect
from protocols.raster import with_letters
from protocols.slots import Slot, SlotLayout
from protocols.stimulus import Film, Page, PixelArray, Viewport
from tuning.serving.limits import MAX_PIXELS
from tuning.serving.refusals import Refused
from tuning.serving.schemas import PictureForm, SlotForm


def page_of(form: PictureForm) -> Page:
    """Return the model's variant of a picture: the letters are drawn under its posters.

    Raises:
        StudyInvalid: not a PNG of the page's size, or slots that cannot be.
        Refused: it has more pixels than the server takes (413).
    """
    data = _decoded(form.png_base64)
    pixels = _pixels(data)
    slots = _layout(form.slots)
    digest = hashlib.sha256(data).hexdigest()
    films = tuple(Film(slot.film, 0, ("unknown",)) for slot in slots.slots)
    return with_letters(Page(pixels, slots, films, digest, Viewport(0.0, ()), digest))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _no_picture(f"It is not base64: {error}") from error


def _pixels(data: bytes) -> PixelArray:
    """Return the pixels; the size is read and judged before anything is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            _refuse_other_size(image.size)
            pixels = np.array(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise _too_large(str(error)) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _no_picture(f"It is not a PNG that can be read: {error}") from error
    pixels.setflags(write=False)
    return pixels


def _refuse_other_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(f"It has {width} x {height} px, more than {MAX_PIXELS} in all")
    if size != PAGE_SIZE_PX:
        raise _no_picture(f"It has {width} x {height} px")


def _layout(slots: Sequence[SlotForm]) -> SlotLayout:
    tops = sorted({slot.top_px for slot in slots})
    ordered = sorted(slots, key=lambda slot: (slot.top_px, slot.left_px))
    found = []
    for slot in ordered:
        if slot.right_px <= slot.left_px or slot.bottom_px <= slot.top_px:
            raise StudyInvalid(
                f"The slot of {slot.film!r} has no area: {slot.left_px}, {slot.top_px} to"
                f" {slot.right_px}, {slot.bottom_px} px.",
                "Nothing can be looked at there.",
                "Send left < right and top < bottom.",
            )
        before = [other for other in ordered if other.top_px == slot.top_px]
        found.append(_slot(slot, tops.index(slot.top_px), before.index(slot)))
    return SlotLayout(tuple(found), PAGE_SIZE_PX)


def _slot(slot: SlotForm, row: int, item: int) -> Slot:
    left, top, right, bottom = (float(v) for v in (slot.left_px, slot.top_px, slot.right_px, slot.bottom_px))
    strip = min(bottom + LETTER_STRIP_PX, float(PAGE_SIZE_PX[1]))
    return Slot(Rect(left, top, right, bottom), Rect(left, top, right, strip), row, item, slot.film, "")


def _no_picture(problem: str) -> StudyInvalid:
    return StudyInvalid(
        f"The picture cannot be used. {problem}.",
        "The twin would look at something else than was meant.",
        "Send the page as a PNG of {} x {} px, base64.".format(*PAGE_SIZE_PX),
    )


def _too_large(problem: str) -> Refused:
    return Refused(
        413,
        "PictureTooLarge",
        f"The picture is too large. {problem.rstrip('.')}.",
        "Pictures are decoded in memory.",
        "Send the page as the participant would see it: {} x {} px.".format(*PAGE_SIZE_PX),
    )
