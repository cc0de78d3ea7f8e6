"""The room "Sessions and studies"."""

from __future__ import annotations

from studio.rooms.room import Room


class StartRoom(Room):
    """Sessions and studies."""
