"""The room "Devices and display"."""
