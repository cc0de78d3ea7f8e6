"""The room "Twin"."""
