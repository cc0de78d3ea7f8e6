"""From a device to fixations: sources, simulated viewer, calibration, recorder, events, dwell."""
