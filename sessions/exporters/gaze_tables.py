"""Tables of samples: gaze, raw channels, cursor, clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sessions.exporters.blocks import chunks, gaze_blocks
from sessions.exporters.table import Column, Row, Table, numbers
from sessions.reader import Recording

T = Column("t_s", "s", "Time on the session clock.")
T_SOURCE = Column("t_source_s", "s", "The device's own stamp, never corrected.")


def _xy(stem: str, what: str) -> tuple[Column, Column]:
    return (
        Column(f"{stem}x_px", "px", f"{what}, from the left edge of the screen; may lie off it."),
        Column(f"{stem}y_px", "px", f"{what}, from the top edge of the screen; may lie off it."),
    )


GAZE = (
    T,
    T_SOURCE,
    Column("valid", "0 or 1", "Whether the tracker found an eye."),
    *_xy("", "Gaze as delivered, mean of the eyes found"),
    *_xy("calibrated_", "The same gaze with the calibration in force"),
    *_xy("left_", "Left eye as delivered"),
    *_xy("left_calibrated_", "Left eye, corrected as the mean of both eyes is"),
    *_xy("right_", "Right eye as delivered"),
    *_xy("right_calibrated_", "Right eye, corrected as the mean of both eyes is"),
    Column("left_pupil_mm", "mm", "Diameter of the left pupil."),
    Column("right_pupil_mm", "mm", "Diameter of the right pupil."),
)
CURSOR = (T, *_xy("", "Cursor"), Column("buttons", "bit mask", "Mouse buttons pressed; 0 for none."))
OFFSETS = (T, Column("offset_s", "s", "Added to the device's stamp it gives session time."))
PAIRS = (
    Column("clock_s", "s", "Session clock."),
    Column("unix_s", "s", "Unix time of the same moment."),
)


def gaze_tables(recording: Recording) -> Iterator[Table]:
    """Yield the tables of samples."""
    yield Table("gaze", "One gaze sample.", GAZE, lambda: _gaze(recording))
    if recording.source.channels:
        columns = (T, T_SOURCE, *_channels(recording))
        yield Table("gaze_raw", "One gaze sample, as the device sent it.", columns, lambda: _raw(recording))
    yield Table("cursor", "One sample of the mouse cursor.", CURSOR, lambda: _cursor(recording))
    yield Table(
        "clock_offsets",
        "One measurement of the device's clock.",
        OFFSETS,
        lambda: recording.offsets().tolist(),
    )
    yield Table(
        "clock_pairs",
        "Session clock and date, read at once.",
        PAIRS,
        lambda: recording.clock_pairs().tolist(),
    )


def _channels(recording: Recording) -> Iterator[Column]:
    """Name channels as the device does, with their number where that name is empty or not the only one."""
    source = recording.source
    for i, (label, unit) in enumerate(zip(source.channels, source.units, strict=True)):
        known = label if label and source.channels.count(label) == 1 else f"{label or 'channel'} #{i}"
        name = f"{known} [{unit}]" if unit else known
        yield Column(name, unit, "Channel of the device, named and measured as it says.")


def _gaze(recording: Recording) -> Iterator[Row]:
    for block in gaze_blocks(recording):
        gaze = block.gaze
        pairs = (
            gaze.xy_px,
            block.xy_px,
            gaze.eyes_px[:, 0],
            block.eyes_px[:, 0],
            gaze.eyes_px[:, 1],
            block.eyes_px[:, 1],
            gaze.pupil_mm,
        )
        xy = [pair[:, axis] for pair in pairs for axis in (0, 1)]
        columns = (gaze.t_s, gaze.t_source_s, gaze.valid, *xy)
        yield from zip(*map(numbers, columns), strict=True)


def _raw(recording: Recording) -> Iterator[Row]:
    for gaze in chunks(recording):
        columns = (gaze.t_s, gaze.t_source_s, *gaze.raw.T)
        yield from zip(*map(numbers, columns), strict=True)


def _cursor(recording: Recording) -> Iterable[Row]:
    cursor = recording.cursor()
    columns = (cursor.t_s, cursor.xy_px[:, 0], cursor.xy_px[:, 1], cursor.buttons)
    return zip(*map(numbers, columns), strict=True)
