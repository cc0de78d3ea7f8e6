"""The room "Twin"."""

from __future__ import annotations

from studio.rooms.room import Room


class TwinRoom(Room):
    """Twin."""
