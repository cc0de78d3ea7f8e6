"""The room "Sessions and studies"."""
