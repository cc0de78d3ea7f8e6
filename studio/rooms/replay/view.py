"""The room "Replay"."""

from __future__ import annotations

from studio.rooms.room import Room


class ReplayRoom(Room):
    """Replay."""
