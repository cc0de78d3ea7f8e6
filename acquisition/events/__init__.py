"""From gaze samples to fixations, saccades, blinks and losses."""
