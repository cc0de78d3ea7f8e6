"""Saccades, blinks and losses of gaze beside the fixations of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from acquisition.fixations import Losses, Saccades, detect_events
from sessions.exporters.table import Column, Row, Table, numbers
from sessions.exporters.view_lookup import VIEW, view_at
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.timeline import cuts_s, ordered
from sessions.views import PageView

Others = tuple[Saccades, Losses]

SACCADES = (
    Column("onset_s", "s", "Last sample of the fixation before, session clock."),
    Column("offset_s", "s", "First sample of the fixation after, session clock."),
    Column("duration_ms", "ms", "Time between them."),
    Column("amplitude_deg", "deg", "Angle between the positions of both fixations."),
    Column("peak_velocity_deg_s", "deg/s", "Highest velocity over the detector's window."),
    VIEW,
)
LOSSES = (
    Column("onset_s", "s", "Last sample before it that the eyelid has not spoilt, session clock."),
    Column("offset_s", "s", "First such sample after it, session clock."),
    Column("duration_ms", "ms", "Time between them."),
    Column("blink", "0 or 1", "1 when gaze was away as shortly as in a blink; the eyelid is not measured."),
    VIEW,
)


def other_movements(recording: Recording, slots: Slots) -> Others | None:
    """Return what lies between the fixations; None when another program found these.

    Args:
        recording: to read.
        slots: its fixations, with the settings to use.
    """
    if recording.fixations_by:
        return None
    gaze, cuts = recording.gaze(), cuts_s(ordered(recording.viewports(), recording.markers()))
    xy_px = recording.calibrated_xy()
    found = detect_events(gaze.t_s, xy_px, gaze.valid, recording.screen, slots.parameters.ivt, cuts)
    return found.saccades, found.losses


def movement_tables(others: Others, views: Sequence[PageView]) -> Iterator[Table]:
    """Yield the tables of saccades and losses; ``views`` tell during which view they began."""
    saccades, losses = others
    angles = (saccades.amplitude_deg, saccades.peak_velocity_deg_s)
    yield Table("saccades", "One saccade.", SACCADES, lambda: _rows(saccades, angles, views))
    yield Table("losses", "One stretch without gaze.", LOSSES, lambda: _rows(losses, (losses.blink,), views))


def _rows(found: Saccades | Losses, more: tuple[np.ndarray, ...], views: Sequence[PageView]) -> Iterator[Row]:
    duration_ms = (found.offset_s - found.onset_s) * 1000.0
    columns = (found.onset_s, found.offset_s, duration_ms, *more)
    for row in zip(*map(numbers, columns), strict=True):
        yield (*row, view_at(views, float(str(row[0]))))
