"""Gaze from any XDF file: recognised by the same profiles as live streams, on the recorder's clock.

Stamps are not smoothed: gaps stay gaps. Clock offsets are applied and kept. A file that was cut short or
damaged is read as far as it is sound. Streams with no place in a session are kept as tables.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from acquisition.profiles import recognise
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import ChannelsUnknown, ForeignFileError
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code, Marker
from protocols.participant import is_pseudonym
from sessions.importers.contract import (
    IMPORTED,
    ClockMapping,
    Entry,
    Imported,
    Options,
    SourceFile,
    free_gaze_study,
    pseudonym_of,
)
from sessions.importers.text_files import MOST_BYTES, damaged, read_bytes
from sessions.importers.xdf_chunks import XdfFile, XdfStream, parsed
from sessions.source_tables import Data, SourceTable

NAME = "xdf"

_WHY_DISPLAY = "A stream has no word for the display's size and distance, and velocities need degrees."
_OWN = ("calibrated_x_px", "calibrated_y_px", "valid", "left_pupil_mm", "right_pupil_mm")
_AS_CALIBRATED = "as calibrated when it was recorded; as delivered in the channels x_px and y_px"
_DEVICE = "the device's own channels of the gaze above"


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    gaze: XdfStream
    off_screen: str
    others: tuple[XdfStream, ...]
    refusals: dict[int, str]


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read a file, ``.xdf``, ``.xdfz`` or ``.xdf.gz``; one session.

    Raises:
        ForeignFileError: it is no XDF file, holds no or several gaze streams, or the display is not told.
    """
    file = parsed(path, _data(path))
    found = _sorted(path, file, options)
    screen = Screen() if found.off_screen else options.needed_screen(_WHY_DISPLAY)
    gaze, profile = _gaze(found, screen)
    stream = found.gaze.description
    source = SourceFile.of(path)
    markers, unsaid = _markers(found.others)
    yield Imported(
        format=NAME,
        participant=pseudonym_of(source, _named(options, found.gaze)),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo(
            stream.name, IMPORTED, profile, stream.source_id, stream.nominal_hz, stream.labels, stream.units
        ),
        clock=ClockMapping(1.0, "0", "the recorder's LSL clock: device stamps plus interpolated offsets"),
        clock_pair=None,
        gaze=gaze,
        ledger=tuple(_ledger(file, found, gaze, unsaid)),
        files=(source,),
        offsets=tuple((at_s + offset_s, offset_s) for at_s, offset_s in found.gaze.offsets),
        markers=markers,
        tables=tuple(_table(other) for other in found.others),
        off_screen=found.off_screen,
    )


def _named(options: Options, gaze: XdfStream) -> Options:
    """Return the options with the pseudonym that our exporter wrote, if the user gave none."""
    own = gaze.participant if _is_own(gaze) and is_pseudonym(gaze.participant) else ""
    return replace(options, participant=options.participant or own)


def _data(path: Path) -> bytes:
    data = read_bytes(path)
    if path.suffix != ".xdfz":
        return data
    try:
        with gzip.open(path) as file:
            return file.read(MOST_BYTES)
    except (OSError, EOFError) as error:
        raise damaged(path, f"it cannot be decompressed ({error})") from error


def _sorted(path: Path, file: XdfFile, options: Options) -> _Sorted:
    """Choose the gaze stream; everything else goes to the others."""
    usable, refusals = [], {}
    for stream in file.streams.values():
        if stream.is_text or stream.description.type.casefold() != "gaze":
            continue
        try:
            if not _is_own(stream):
                recognise(stream.description)
            usable.append(stream)
        except ChannelsUnknown as refusal:
            refusals[stream.number] = refusal.why
    chosen = [s for s in usable if options.stream in ("", s.description.name)]
    own = [s for s in chosen if _is_own(s)]
    chosen = own or chosen
    if len(chosen) == 1:
        return _Sorted(chosen[0], "", _without(file, chosen[0]), refusals)
    refused = [file.streams[n] for n in refusals]
    refused = [s for s in refused if options.stream in ("", s.description.name)]
    if not chosen and len(refused) == 1:
        return _Sorted(refused[0], refusals[refused[0].number], _without(file, refused[0]), refusals)
    raise _not_one(path, file, chosen or refused)


def _without(file: XdfFile, gaze: XdfStream) -> tuple[XdfStream, ...]:
    return tuple(stream for stream in file.streams.values() if stream is not gaze)


def _is_own(stream: XdfStream) -> bool:
    """Tell whether the stream is gaze as our exporter writes it."""
    labels = stream.description.labels
    return labels[:2] == ("x_px", "y_px") and set(_OWN) <= set(labels)


def _gaze(found: _Sorted, screen: Screen) -> tuple[GazeChunk, str]:
    stream = found.gaze
    raw = np.asarray(stream.all_values(), dtype=np.float64)
    t_s, device_s = stream.session_s(), stream.device_s()
    if found.off_screen:
        nan = np.full((len(raw), 2), np.nan)
        return GazeChunk(t_s, device_s, nan, np.zeros(len(raw), dtype=bool), nan.copy(), raw), NAME
    if _is_own(stream):
        at = [stream.description.labels.index(label) for label in _OWN]
        xy: FloatArray = raw[:, at[:2]]
        return GazeChunk(t_s, device_s, xy, raw[:, at[2]] == 1.0, raw[:, at[3:]], raw), NAME
    profile = recognise(stream.description)
    xy, valid, pupil_mm = profile.decode(raw, screen)
    return GazeChunk(t_s, device_s, xy, valid, pupil_mm, raw), profile.name


def _markers(others: Sequence[XdfStream]) -> tuple[tuple[Marker, ...], int]:
    """Return all texts as markers in order of time, and how many were not our own."""
    markers, notes = [], 0
    for stream in others:
        if stream.is_text:
            for t_s, cells in zip(stream.session_s().tolist(), stream.texts, strict=True):
                own = _decoded(t_s, cells)
                notes += own is None
                payload = {"stream": stream.description.name, "text": "\t".join(cells)}
                markers.append(own or Marker(t_s, Code.NOTE, -1, payload))
    return tuple(sorted(markers, key=lambda marker: marker.t_s)), notes


def _decoded(t_s: float, cells: tuple[str, ...]) -> Marker | None:
    """Return a marker as we publish it, None for any other text."""
    try:
        fields = json.loads(cells[0])
        if len(cells) == 1 and isinstance(fields, dict) and fields.get("v") == 1:
            return Marker(t_s, Code(fields["code"]), int(fields["trial"]), dict(fields["payload"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None  # free text is what most marker streams hold
    return None


def _table(stream: XdfStream) -> SourceTable:
    name = f"{stream.description.name} ({stream.description.type})"
    stamps = ("device [s]", "session [s]")
    columns: list[Data] = [stream.device_s(), stream.session_s()]
    if stream.is_text:
        turned = zip(*stream.texts, strict=True) if stream.texts else ((),) * stream.description.channel_count
        columns += [tuple(cells) for cells in turned]
    else:
        columns += list(stream.all_values().T)
    return SourceTable(name, (*stamps, *stream.description.labels[: len(columns) - 2]), tuple(columns))


def _ledger(file: XdfFile, found: _Sorted, gaze: GazeChunk, unsaid: int) -> Iterator[Entry]:
    name, lost = found.gaze.description.name, int((~gaze.valid).sum())
    count = len(gaze)
    how = "raw channels only" if found.off_screen else f"{lost} without gaze"
    if _is_own(found.gaze):
        how = f"{_AS_CALIBRATED}; {how}"
    note = f"{how}; {len(found.gaze.offsets)} clock offsets applied{_announced(found.gaze, count)}"
    yield Entry(f"gaze {name!r}", count, count, note=note)
    for stream in found.others:
        rows = len(np.concatenate([np.empty(0), *stream.stamps]))
        why = found.refusals.get(stream.number, "as markers" if stream.is_text else "no gaze")
        if _is_own(found.gaze) and stream.description.type.casefold() == "gaze":
            why = _DEVICE
        title = f"{stream.description.type or 'untyped'} {stream.description.name!r}"
        placed = rows if stream.is_text else 0
        yield Entry(title, rows, placed, rows - placed, note=why + _announced(stream, rows))
    if unsaid:
        yield Entry("texts of other programs", unsaid, unsaid, note="as notes with their stream's name")
    if file.problems:
        many = f" and {len(file.problems) - 3} more" if len(file.problems) > 3 else ""
        note = "; ".join(file.problems[:3]) + many
        yield Entry("damaged places", len(file.problems), dropped=len(file.problems), note=note)


def _announced(stream: XdfStream, count: int) -> str:
    wrong = stream.announced >= 0 and stream.announced != count
    return f"; its footer announces {stream.announced}" if wrong else ""


def _not_one(path: Path, file: XdfFile, found: Sequence[XdfStream]) -> ForeignFileError:
    named = "; ".join(f"{s.description} of type {s.description.type!r}" for s in file.streams.values())
    if not found:
        return damaged(path, f"no stream of gaze among {named}", "Record the tracker's stream too.")
    return ForeignFileError(
        f"{path.name}: {len(found)} gaze streams: {', '.join(repr(s.description.name) for s in found)}.",
        "Taking the first would import an arbitrary one.",
        "Name one with --stream.",
    )
