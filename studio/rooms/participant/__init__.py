"""The room "Participant and consent"."""
