"""The room "Report"."""
