"""Whether two derivations of the same recording agree, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from acquisition.fixations import Fixations
from protocols.geometry import FloatArray
from sessions.slots import ViewSlots

COLUMNS = ("onset_s", "offset_s", "x_px", "y_px", "n")


def fixation_differences(found: Fixations, expected: Fixations) -> list[str]:
    """Return one sentence per fixation that differs; empty when all are bit-identical."""
    if len(found) != len(expected):
        return [f"{len(found)} fixations instead of {len(expected)}"]
    return [
        f"fixation {i}: {name} is {got[i]:.9g} instead of {wanted[i]:.9g}"
        for name in COLUMNS
        for got, wanted in [(getattr(found, name), getattr(expected, name))]
        for i in np.flatnonzero(got != wanted)
    ]


def view_differences(found: Sequence[ViewSlots], expected: Sequence[ViewSlots]) -> list[str]:
    """Return one sentence per view or slot that differs; empty when all are bit-identical."""
    if len(found) != len(expected):
        return [f"{len(found)} page views instead of {len(expected)}"]
    return [
        f"view {number}: {sentence}"
        for number, (ours, theirs) in enumerate(zip(found, expected, strict=True))
        for sentence in _of_view(ours, theirs)
    ]


def _of_view(found: ViewSlots, expected: ViewSlots) -> Iterator[str]:
    if found.view != expected.view:
        yield f"{found.view} instead of {expected.view}"
    yield from _of_slots("fixation", found.fixation_ms, expected.fixation_ms)
    yield from _of_slots("cursor", found.cursor_ms, expected.cursor_ms)


def _of_slots(what: str, found_ms: FloatArray, expected_ms: FloatArray) -> Iterator[str]:
    if len(found_ms) != len(expected_ms):
        yield f"{len(found_ms)} slots instead of {len(expected_ms)}"
        return
    for slot in np.flatnonzero(found_ms != expected_ms):
        yield f"slot {slot} has {found_ms[slot]:.9g} ms of {what} instead of {expected_ms[slot]:.9g}"
