"""The room "Calibration and validation"."""

from __future__ import annotations

from studio.rooms.room import Room


class CalibrationRoom(Room):
    """Calibration and validation."""
