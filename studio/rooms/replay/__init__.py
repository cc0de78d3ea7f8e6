"""The room "Replay"."""
