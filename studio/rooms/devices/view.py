"""The room "Devices and display"."""

from __future__ import annotations

from studio.rooms.room import Room


class DevicesRoom(Room):
    """Devices and display."""
