"""XDF 1.0 as bytes: chunks, variable-length integers, samples. Knows nothing of recordings.

The format is that of https://github.com/sccn/xdf/wiki/Specifications. A file is the four bytes ``XDF:`` and
then chunks: length, tag, content. All numbers are little endian. Every sample here carries its own stamp.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np

from protocols.geometry import FloatArray

MAGIC = b"XDF:"
BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_STAMPED = b"\x08"


class Tag(IntEnum):
    """What a chunk is."""

    FILE_HEADER = 1
    STREAM_HEADER = 2
    SAMPLES = 3
    CLOCK_OFFSET = 4
    BOUNDARY = 5
    STREAM_FOOTER = 6


def variable_length(value: int) -> bytes:
    """Return a non-negative integer as its number of bytes (1, 4 or 8) and then the bytes."""
    if value < 1 << 8:
        return struct.pack("<BB", 1, value)
    if value < 1 << 32:
        return struct.pack("<BI", 4, value)
    return struct.pack("<BQ", 8, value)


def numeric_samples(stamps_s: FloatArray, values: FloatArray) -> bytes:
    """Return the content of a chunk of double precision samples.

    Args:
        stamps_s: shape (n,), in s.
        values: shape (n, channels).
    """
    sample = np.dtype([("stamped", "u1"), ("stamp", "<f8"), ("values", "<f8", (values.shape[1],))])
    samples = np.empty(len(stamps_s), dtype=sample)
    samples["stamped"], samples["stamp"], samples["values"] = _STAMPED[0], stamps_s, values
    return variable_length(len(stamps_s)) + samples.tobytes()


def text_samples(stamps_s: Sequence[float], values: Sequence[Sequence[str]]) -> bytes:
    """Return the content of a chunk of text samples; ``values`` holds the channels of each sample."""
    parts = [variable_length(len(stamps_s))]
    for stamp_s, texts in zip(stamps_s, values, strict=True):
        parts.append(_STAMPED + struct.pack("<d", stamp_s))
        for text in texts:
            encoded = text.encode("utf-8")
            parts += (variable_length(len(encoded)), encoded)
    return b"".join(parts)


class XdfWriter:
    """Writes chunks one after the other; holds nothing in memory.

    Args:
        file: opened for writing in binary mode, empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(MAGIC)
        header = ElementTree.Element("info")
        ElementTree.SubElement(header, "version").text = "1.0"
        self._chunk(Tag.FILE_HEADER, _xml(header))

    def stream_header(self, stream: int, info: ElementTree.Element) -> None:
        """Announce a stream by its description."""
        self._chunk(Tag.STREAM_HEADER, _number(stream) + _xml(info))

    def samples(self, stream: int, content: bytes) -> None:
        """Append samples, then a boundary, so that a reader of a damaged file can go on there."""
        self._chunk(Tag.SAMPLES, _number(stream) + content)
        self._chunk(Tag.BOUNDARY, BOUNDARY)

    def clock_offset(self, stream: int, collected_s: float, offset_s: float) -> None:
        """Append one measurement: what to add to the stream's stamps, and when it was measured.

        Args:
            stream: number of the stream.
            collected_s: by the clock of the stream's stamps.
            offset_s: to be added.
        """
        self._chunk(Tag.CLOCK_OFFSET, _number(stream) + struct.pack("<dd", collected_s, offset_s))

    def stream_footer(self, stream: int, info: ElementTree.Element) -> None:
        """Close a stream with what is known at its end."""
        self._chunk(Tag.STREAM_FOOTER, _number(stream) + _xml(info))

    def _chunk(self, tag: Tag, content: bytes) -> None:
        self._file.write(variable_length(len(content) + 2) + struct.pack("<H", tag))
        self._file.write(content)


def _number(stream: int) -> bytes:
    return struct.pack("<I", stream)


def _xml(element: ElementTree.Element) -> bytes:
    text: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0"?>' + text
