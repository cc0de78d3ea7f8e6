"""The room "Participant and consent"."""

from __future__ import annotations

from studio.rooms.room import Room


class ParticipantRoom(Room):
    """Participant and consent."""
