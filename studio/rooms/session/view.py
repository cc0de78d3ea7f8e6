"""The room "Session"."""

from __future__ import annotations

from studio.rooms.room import Room


class SessionRoom(Room):
    """Session."""
