"""Exports a recording as one XDF file, stream by stream and block by block."""

from __future__ import annotations

from pathlib import Path

from sessions.exporters.exported import Exported
from sessions.exporters.notes import notes
from sessions.exporters.provenance import export_name
from sessions.exporters.target import fresh
from sessions.exporters.xdf_format import XdfWriter
from sessions.exporters.xdf_streams import Stream, footer, header, streams_of
from sessions.reader import Recording


def export_xdf(path: Path, out: Path) -> Exported:
    """Export a recording into a new file in ``out``, named after participant and recording.

    Args:
        path: a finished recording.
        out: made when it does not exist.

    Raises:
        SessionError: the recording cannot be read.
        ExportError: it was exported there before.
    """
    with Recording.open(path) as recording:
        target = out / f"{export_name(recording)}.xdf"
        began = recording.clock_pairs()
        created_s = float(began[0, 0]) if len(began) else 0.0
        with fresh(target) as made, made.open("xb") as file:
            writer = XdfWriter(file)
            streams = list(streams_of(recording))
            for number, stream in enumerate(streams, start=1):
                writer.stream_header(number, header(stream, created_s))
            counts = {s.name: _written(writer, number, s) for number, s in enumerate(streams, start=1)}
        return Exported(path, target, counts, notes(recording))


def _written(writer: XdfWriter, number: int, stream: Stream) -> int:
    """Write the samples of a stream; return how many there are."""
    first_s = last_s = None
    count = 0
    for samples in stream.samples():
        writer.samples(number, samples.content)
        first_s = float(samples.stamps_s[0]) if first_s is None else first_s
        last_s = float(samples.stamps_s[-1])
        count += len(samples.stamps_s)
    # Importers expect offsets in every stream, so those on the session clock say that theirs is zero.
    still = {stamp: 0.0 for stamp in (first_s, last_s) if stamp is not None}
    for collected_s, offset_s in stream.offsets or still.items():
        writer.clock_offset(number, collected_s, offset_s)
    writer.stream_footer(number, footer(first_s, last_s, count))
    return count
