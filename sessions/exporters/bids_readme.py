"""What a BIDS data set says about itself to people."""

README = """# Gaze on carousel pages

Recorded and exported by GazeTwin, following BIDS 1.11 (eye tracking in `beh`).

## Participants and sessions

`participants.tsv` maps each pseudonym to its label. A label is the letters and digits of the pseudonym;
`n2`, `n3` and so on follow where several pseudonyms have the same ones. Each recording of a participant is
a session, numbered in the order of export; `sub-*_sessions.tsv` names the recording it comes from, with the
SHA-256 of its file and how it ended. The task is the name of the study.

## Gaze

`recording-eye1` is the left eye, `recording-eye2` the right eye, and `recording-eye3` (cyclopean) what the
recording has as one: the mean of the eyes found, or the only position the device gives. A device that
tracks a single eye has only the file of that eye.

`x_coordinate` and `y_coordinate` are pixels from the top left of the screen and may lie off it; n/a is lost
gaze. Where a calibration of GazeTwin was in force they are corrected by it; `x_delivered` and `y_delivered`
then hold what the device delivered. The correction is fitted to gaze as one and applied to each eye; under
a correction of one eye alone the other eye is n/a. `AverageCalibrationError` and `MaximalCalibrationError`
are measured on targets that the calibration was not fitted to, for gaze as one; where they are missing they
are not known.

`timestamp` is seconds since the first sample, rounded to microseconds. Samples are as irregular as the
device sent them: nothing was resampled, filled or smoothed. `SamplingFrequency` is measured (one over the
median interval); `SamplingFrequencyClaimed` is what the device says of itself. `device_timestamp` is the
device's own clock.

## Events

`*_physioevents.tsv.gz` holds fixations, saccades, blinks and losses; the sidecar has the settings of the
detector. `*_events.tsv` holds every view (one page, unchanged while it was shown, with its picture from
`stimuli/`) and every marker. Both count time as `timestamp` does.
"""
