"""The streams of an exported XDF file: how each is described, and its samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from acquisition.marker_stream import encoded
from protocols.geometry import FloatArray
from sessions.exporters.blocks import chunks, gaze_blocks
from sessions.exporters.xdf_format import numeric_samples, text_samples
from sessions.reader import Recording
from sessions.timeline import ViewportChange

TEXTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Channel:
    """One value of a sample, in the words of the XDF gaze vocabulary."""

    label: str
    unit: str = ""
    eye: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The content of one chunk.

    Attributes:
        stamps_s: shape (n,), n >= 1.
        content: as XDF has it.
    """

    stamps_s: FloatArray
    content: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream.

    Attributes:
        name: of the stream.
        type: content type.
        source_id: stable device id, empty for none.
        format: ``double64`` or ``string``.
        channels: in order.
        about: facts for the description.
        offsets: pairs of stamp and offset in s; none for the session clock.
        samples: yields the samples in chunks.
    """

    name: str
    type: str
    source_id: str
    format: str
    channels: tuple[Channel, ...]
    about: tuple[tuple[str, str], ...]
    offsets: tuple[tuple[float, float], ...]
    samples: Callable[[], Iterable[Samples]]


GAZE = (
    Channel("x_px", "pixels", "both", "ScreenX"),
    Channel("y_px", "pixels", "both", "ScreenY"),
    Channel("calibrated_x_px", "pixels", "both", "ScreenX"),
    Channel("calibrated_y_px", "pixels", "both", "ScreenY"),
    *(
        Channel(f"{eye}_{state}{axis}_px", "pixels", eye, f"Screen{axis.upper()}")
        for eye in ("left", "right")
        for state in ("", "calibrated_")
        for axis in "xy"
    ),
    Channel("valid", "bool", "both", "ValidFlag"),
    Channel("left_pupil_mm", "mm", "left", "Diameter"),
    Channel("right_pupil_mm", "mm", "right", "Diameter"),
)
CURSOR = (
    Channel("x_px", "pixels", "", "ScreenX"),
    Channel("y_px", "pixels", "", "ScreenY"),
    Channel("buttons", "bit mask"),
)


def streams_of(recording: Recording) -> Iterator[Stream]:
    """Yield the streams of a recording, the device's own first when its raw channels were kept."""
    source, name = recording.source, recording.participant.pseudonym
    if source.channels:
        yield _raw(recording)
    about = (("clock", "session clock, in s"), ("participant", name))
    kept = (
        "gaze",
        "screen pixels from the top left, as delivered and calibrated; NaN where lost",
    )
    yield Stream(f"{name} gaze", "Gaze", "", "double64", GAZE, (*about, kept), (), lambda: _gaze(recording))
    yield Stream(f"{name} cursor", "Mouse", "", "double64", CURSOR, about, (), lambda: _cursor(recording))
    text = (Channel("json"),)
    yield Stream(f"{name} markers", "Markers", "", "string", text, about, (), lambda: _markers(recording))
    yield Stream(f"{name} viewport", "Viewport", "", "string", text, about, (), lambda: _viewports(recording))


def header(stream: Stream, created_s: float) -> Element:
    """Return the description of a stream.

    No rate is claimed in the place where readers look for one: they would replace the stamps by evenly spaced
    ones, which is wrong by seconds after a gap. A claimed rate is under ``desc/acquisition``.
    """
    info = Element("info")
    for tag, text in (
        ("name", stream.name),
        ("type", stream.type),
        ("channel_count", str(len(stream.channels))),
        ("nominal_srate", "0"),
        ("channel_format", stream.format),
        ("source_id", stream.source_id),
        ("version", "1.0"),
        ("created_at", repr(created_s)),
    ):
        SubElement(info, tag).text = _clean(text)
    description = SubElement(info, "desc")
    acquisition = SubElement(description, "acquisition")
    for tag, text in stream.about:
        SubElement(acquisition, tag).text = _clean(text)
    SubElement(SubElement(description, "synchronization"), "can_drop_samples").text = "true"
    channels = SubElement(description, "channels")
    for channel in stream.channels:
        described = SubElement(channels, "channel")
        for tag in ("label", "eye", "type", "unit"):
            SubElement(described, tag).text = _clean(getattr(channel, tag))
    return info


def footer(first_s: float | None, last_s: float | None, count: int) -> Element:
    """Return what is said at a stream's end."""
    info = Element("info")
    if first_s is not None and last_s is not None:
        SubElement(info, "first_timestamp").text = repr(first_s)
        SubElement(info, "last_timestamp").text = repr(last_s)
    SubElement(info, "sample_count").text = str(count)
    return info


def _raw(recording: Recording) -> Stream:
    """Return the device's own samples with its own stamps, and the offsets that turn them into session time.

    Where the device's stamps are unknown (an import) the session's take their place.
    """
    source = recording.source
    own = recording.samples > 0 and _has_own_stamps(recording)
    about = (
        ("participant", recording.participant.pseudonym),
        ("profile", source.profile),
        ("claimed_rate_hz", repr(source.nominal_hz)),
        ("clock", "the device's own, in s; clock offsets lead to the session clock" if own else "session, s"),
    )
    channels = zip(source.channels, source.units, strict=True)
    return Stream(
        source.name,
        "Gaze",
        source.source_id,
        "double64",
        tuple(Channel(label, unit) for label, unit in channels),
        about,
        _offsets(recording) if own else (),
        lambda: _raw_samples(recording, own),
    )


def _has_own_stamps(recording: Recording) -> bool:
    return all(bool(np.isfinite(gaze.t_source_s).all()) for gaze in chunks(recording))


def _offsets(recording: Recording) -> tuple[tuple[float, float], ...]:
    """Return what was measured; else what was applied to the first and the last sample."""
    measured = recording.offsets()
    if len(measured):
        return tuple((t_s - offset_s, offset_s) for t_s, offset_s in measured.tolist())
    ends = (recording.gaze(0, 1), recording.gaze(recording.samples - 1))
    return tuple((float(g.t_source_s[0]), float(g.t_s[0] - g.t_source_s[0])) for g in ends)


def _raw_samples(recording: Recording, own: bool) -> Iterator[Samples]:
    for gaze in chunks(recording):
        stamps_s = gaze.t_source_s if own else gaze.t_s
        yield Samples(stamps_s, numeric_samples(stamps_s, gaze.raw))


def _gaze(recording: Recording) -> Iterator[Samples]:
    for block in gaze_blocks(recording):
        gaze = block.gaze
        eyes = [xy[:, k] for k in (0, 1) for xy in (gaze.eyes_px, block.eyes_px)]
        values = np.column_stack([gaze.xy_px, block.xy_px, *eyes, gaze.valid, gaze.pupil_mm])
        yield Samples(gaze.t_s, numeric_samples(gaze.t_s, values))


def _cursor(recording: Recording) -> Iterator[Samples]:
    cursor = recording.cursor()
    if len(cursor):
        values = np.column_stack([cursor.xy_px, cursor.buttons])
        yield Samples(cursor.t_s, numeric_samples(cursor.t_s, values))


def _markers(recording: Recording) -> Iterator[Samples]:
    yield from _texts([(marker.t_s, encoded(marker)) for marker in recording.markers()])


def _viewports(recording: Recording) -> Iterator[Samples]:
    yield from _texts([(change.t_s, _described(change)) for change in recording.viewports()])


def _described(change: ViewportChange) -> str:
    seen = {"scroll_px": change.viewport.scroll_px, "swipes": change.viewport.swipes}
    return json.dumps({"v": 1, "screen": change.screen_id, **seen, "page": change.page}, ensure_ascii=False)


def _texts(stamped: Sequence[tuple[float, str]]) -> Iterator[Samples]:
    for start in range(0, len(stamped), TEXTS_AT_ONCE):
        stamps_s, lines = zip(*stamped[start : start + TEXTS_AT_ONCE], strict=True)
        yield Samples(np.asarray(stamps_s), text_samples(stamps_s, [(line,) for line in lines]))


def _clean(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
