"""The container of XDF files: chunks of streams, read as far as they are sound.

A file is cut short when its recorder crashes; everything before the cut is good. Damage in the middle is
skipped up to the next boundary chunk. Nothing is allocated by what a file claims, only by what it holds.
Format: https://github.com/sccn/xdf/wiki/Specifications
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acquisition.streams import Channel, StreamDescription
from protocols.geometry import FloatArray
from sessions.importers.text_files import damaged
from sessions.importers.xml_text import Element, element_of, text_of

MAGIC = b"XDF:"
MOST_CHANNELS = 10_000
_BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_HEADER, _SAMPLES, _OFFSET, _BOUNDARY_TAG, _FOOTER = 2, 3, 4, 5, 6
_TYPES = {
    "float32": "<f4",
    "double64": "<f8",
    "int8": "<i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
}
_TEXT = "string"
_STAMPED = 8


class _Short(Exception):
    """The bytes end before what they announce."""


@dataclass(slots=True, eq=False)
class XdfStream:
    """One stream.

    Attributes:
        number: id within the file.
        description: as its header describes it.
        sample_type: as the header writes it.
        stamps: of the device, in chunks, as recorded; NaN where left out.
        values: numeric samples, in chunks of shape (n, channels).
        texts: samples of a text stream.
        offsets: pairs of device stamp and offset to the recorder's clock, in s.
        announced: samples that its footer announces, -1 without a footer.
        participant: as our exporter writes it, empty in other files.
    """

    number: int
    description: StreamDescription
    sample_type: str
    stamps: list[FloatArray] = field(default_factory=list)
    values: list[NDArray[np.generic]] = field(default_factory=list)
    texts: list[tuple[str, ...]] = field(default_factory=list)
    offsets: list[tuple[float, float]] = field(default_factory=list)
    announced: int = -1
    participant: str = ""

    @property
    def is_text(self) -> bool:
        """Whether its samples are text."""
        return self.sample_type == _TEXT

    def all_values(self) -> NDArray[np.generic]:
        """Return all numeric samples, shape (n, channels)."""
        none = np.empty((0, self.description.channel_count), dtype=_TYPES[self.sample_type])
        return np.concatenate([none, *self.values])

    def device_s(self) -> FloatArray:
        """Return the device's stamps in s, shape (n,); those left out follow at the nominal rate."""
        stamps = np.concatenate([np.empty(0), *self.stamps])
        gaps = np.flatnonzero(np.isnan(stamps))
        step_s = 1.0 / self.description.nominal_hz if self.description.nominal_hz > 0 else 0.0
        for i in gaps:
            stamps[i] = stamps[i - 1] + step_s if i else 0.0
        return stamps

    def session_s(self) -> FloatArray:
        """Return stamps on the recorder's clock in s, shape (n,); offsets are interpolated in between."""
        device_s = self.device_s()
        if not self.offsets:
            return device_s
        at_s, offset_s = np.asarray(sorted(self.offsets)).T
        return np.asarray(device_s + np.interp(device_s, at_s, offset_s))


@dataclass(slots=True)
class XdfFile:
    """Everything that could be read.

    Attributes:
        streams: by id, in the order of their headers.
        problems: one sentence with the byte each.
        read_bytes: up to where the file was understood.
    """

    streams: dict[int, XdfStream] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    read_bytes: int = 0


def parsed(path: Path, data: bytes) -> XdfFile:
    """Read a file as far as it is sound.

    Raises:
        ForeignFileError: it is no XDF file, or no stream in it can be read.
    """
    if not data.startswith(MAGIC):
        raise damaged(path, f"byte 1: it begins with {data[:4]!r}, an XDF file with {MAGIC!r}")
    file = XdfFile()
    for at, tag, content, whole in _chunks(data, file):
        try:
            _take(file, tag, content)
        except _Short as short:
            if whole:  # the cut itself is told by _chunks
                file.problems.append(f"byte {at + 1}: {short}")
    if not file.streams:
        raise damaged(path, "; ".join(["it holds no stream", *file.problems[:3]]))
    return file


def _chunks(data: bytes, file: XdfFile) -> Iterator[tuple[int, int, memoryview, bool]]:
    """Yield position, tag, content of each chunk and whether it is all there."""
    view, at = memoryview(data), len(MAGIC)
    while at < len(data):
        try:
            length, start = _length(view, at)
            (tag,) = struct.unpack_from("<H", view, start)
        except (_Short, struct.error):
            file.problems.append(f"byte {at + 1}: the file ends in the middle of a chunk")
            return
        stop = start + length
        whole = stop <= len(data) and 1 <= tag <= _FOOTER and length >= 2
        cut = stop > len(data) and tag == _SAMPLES
        if whole or cut:
            yield at, tag, view[start + 2 : stop], whole
        if whole:
            at = file.read_bytes = stop
            continue
        found = data.find(_BOUNDARY, start)
        if found < 0 and cut:
            file.problems.append(f"byte {at + 1}: the file ends in the middle of a chunk")
            return
        after = found + len(_BOUNDARY) if found >= 0 else len(data)
        file.problems.append(f"byte {at + 1}: no sound chunk, {after - at} bytes skipped")
        at = after


def _take(file: XdfFile, tag: int, content: memoryview) -> None:
    if tag not in (_HEADER, _SAMPLES, _OFFSET, _FOOTER):
        return
    if len(content) < 4:
        raise _Short("a chunk without a stream id")
    (number,) = struct.unpack_from("<I", content)
    rest = content[4:]
    if tag == _HEADER:
        file.streams[number] = _stream(number, bytes(rest))
        return
    stream = file.streams.get(number)
    if stream is None:
        raise _Short(f"a chunk of stream {number}, which has no header")
    if tag == _OFFSET:
        if len(rest) < 16:
            raise _Short("half a clock offset")
        stream.offsets.append(struct.unpack_from("<dd", rest))
    elif tag == _FOOTER:
        stream.announced = _announced(bytes(rest))
    else:
        _samples(stream, rest)


def _stream(number: int, xml: bytes) -> XdfStream:
    root = element_of(xml)
    if root is None:
        raise _Short(f"the header of stream {number} is no sound XML")
    sample_type = text_of(root, "channel_format")
    try:
        count, rate = int(text_of(root, "channel_count")), float(text_of(root, "nominal_srate") or "0")
    except ValueError:
        raise _Short(f"the header of stream {number} names no channel count or rate") from None
    if sample_type not in (*_TYPES, _TEXT) or not 1 <= count <= MOST_CHANNELS:
        raise _Short(f"the header of stream {number} says {count} channels of {sample_type!r}")
    participant = text_of(root, "desc/acquisition/participant")
    return XdfStream(number, _description(root, count, rate), sample_type, participant=participant)


def _description(root: Element, count: int, rate_hz: float) -> StreamDescription:
    return StreamDescription(
        name=text_of(root, "name"),
        type=text_of(root, "type"),
        source_id=text_of(root, "source_id"),
        uid=text_of(root, "uid"),
        host=text_of(root, "hostname"),
        nominal_hz=rate_hz if np.isfinite(rate_hz) and rate_hz > 0 else 0.0,
        channel_count=count,
        channels=tuple(_channel(entry) for entry in root.findall("desc/channels/channel")[:count]),
        manufacturer=text_of(root, "desc/acquisition/manufacturer") or text_of(root, "desc/manufacturer"),
    )


def _channel(entry: Element) -> Channel:
    kind = text_of(entry, "type") or text_of(entry, "metatype")
    rest = (text_of(entry, name) for name in ("unit", "coordinate_system"))
    return Channel(text_of(entry, "label"), text_of(entry, "eye"), kind, *rest)


def _announced(xml: bytes) -> int:
    root = element_of(xml)
    count = text_of(root, "sample_count") if root is not None else ""
    return int(count) if count.isdigit() else -1


def _samples(stream: XdfStream, content: memoryview) -> None:
    count, at = _length(content, 0)
    if stream.is_text:
        _text_samples(stream, content, at, count)
    else:
        _numeric_samples(stream, content, at, count)


def _numeric_samples(stream: XdfStream, content: memoryview, at: int, count: int) -> None:
    """Take as many whole samples as there are; usually all have a stamp, or none."""
    kind, width = np.dtype(_TYPES[stream.sample_type]), stream.description.channel_count
    size = kind.itemsize * width
    stamped = np.dtype([("flag", "u1"), ("stamp", "<f8"), ("values", f"V{size}")]) if size < 1 << 31 else None
    rest = content[at:]
    if stamped is not None and count and len(rest) == count * stamped.itemsize:
        rows = np.frombuffer(rest, dtype=stamped)
        if (rows["flag"] == _STAMPED).all():
            stream.stamps.append(rows["stamp"].astype(np.float64))
            values = np.frombuffer(rows["values"].tobytes(), dtype=kind).reshape(count, width)
            stream.values.append(values)
            return
    _one_by_one(stream, rest, count, size, kind)


def _one_by_one(
    stream: XdfStream, rest: memoryview, count: int, size: int, kind: np.dtype[np.generic]
) -> None:
    stamps: list[float] = []
    parts: list[bytes] = []
    at = 0
    while len(stamps) < count and at < len(rest):
        stamp, start = _stamp(rest, at)
        if start + size > len(rest):
            break
        stamps.append(stamp)
        parts.append(bytes(rest[start : start + size]))
        at = start + size
    stream.stamps.append(np.asarray(stamps, dtype=np.float64))
    stream.values.append(
        np.frombuffer(b"".join(parts), dtype=kind).reshape(-1, stream.description.channel_count)
    )
    if len(stamps) < count:
        raise _Short(f"{len(stamps)} of {count} samples of stream {stream.number} are there")


def _text_samples(stream: XdfStream, rest: memoryview, at: int, count: int) -> None:
    for _ in range(count):
        stamp, at = _stamp(rest, at)
        cells = []
        for _ in range(stream.description.channel_count):
            length, start = _length(rest, at)
            at = start + length
            if at > len(rest):
                raise _Short(f"half a text of stream {stream.number}")
            cells.append(bytes(rest[start:at]).decode("utf-8", "replace").replace("\0", "\ufffd"))
        stream.stamps.append(np.asarray([stamp]))
        stream.texts.append(tuple(cells))


def _stamp(view: memoryview, at: int) -> tuple[float, int]:
    if at >= len(view):
        raise _Short("samples are missing")
    if view[at] == 0:
        return float("nan"), at + 1
    if view[at] != _STAMPED or at + 9 > len(view):
        raise _Short(f"a stamp of {view[at]} bytes")
    (stamp,) = struct.unpack_from("<d", view, at + 1)
    return stamp, at + 9


def _length(view: memoryview, at: int) -> tuple[int, int]:
    """Return a variable-length integer and where it ends."""
    kinds = {1: "<B", 4: "<I", 8: "<Q"}
    if at >= len(view) or view[at] not in kinds or at + 1 + view[at] > len(view):
        raise _Short("a length is cut off or none")
    (value,) = struct.unpack_from(kinds[view[at]], view, at + 1)
    return value, at + 1 + view[at]
