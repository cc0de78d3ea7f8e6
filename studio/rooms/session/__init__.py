"""The room "Session"."""
