"""The room "Report"."""

from __future__ import annotations

from studio.rooms.room import Room


class ReportRoom(Room):
    """Report."""
