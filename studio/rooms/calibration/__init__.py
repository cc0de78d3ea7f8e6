"""The room "Calibration and validation"."""
