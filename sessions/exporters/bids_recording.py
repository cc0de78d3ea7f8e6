"""The files of one recording in a BIDS data set: samples per eye, eye movements, what happened, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.fixations import Fixations, Losses, Saccades
from sessions.calibrations import in_force
from sessions.exporters import bids_sidecars
from sessions.exporters.bids_names import Place
from sessions.exporters.bids_sidecars import Facts, RecordedEye
from sessions.exporters.blocks import GazeBlock, chunks, gaze_blocks
from sessions.exporters.eye_movements import other_movements
from sessions.exporters.notes import eyes_told_apart
from sessions.exporters.table import Row, numbers
from sessions.exporters.tsv import write_tsv, write_tsv_gz
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.views import PageView

STIMULI = "stimuli"
_TIME_DIGITS = 6  # microseconds: finer than any tracker's clock

_TIME: Facts = {"Description": "Time since the first gaze sample, on the session clock.", "Units": "s"}
EVENTS: dict[str, Facts] = {
    "onset": _TIME,
    "duration": {"Description": "How long it lasted; 0 for a moment.", "Units": "s"},
    "trial_type": {
        "Description": "view: a page, unchanged while it was shown. fixation: only in recordings without "
        "samples. Else the code of a marker: what happened."
    },
    "stim_file": {"Description": "The page of a view, exactly as it was on the screen."},
    "trial": {"Description": "Number of the trial in order of presentation, from 0; n/a outside trials."},
    "task": {"Description": "What was asked in the trial."},
    "screen": {"Description": "The carousel screen that a view is part of."},
    "target": {"Description": "What to look for, n/a for nothing particular."},
    "scroll": {"Description": "How far the page was scrolled down.", "Units": "px"},
    "slot": {"Description": "The poster clicked, counted in reading order from 0; the click ends the view."},
    "film": {"Description": "The film clicked."},
    "detail": {"Description": "Further facts of a marker or a fixation, as JSON."},
}
EYE_EVENTS: dict[str, Facts] = {
    "onset": {"Description": "Timestamp of the first sample.", "Units": "s"},
    "duration": {"Description": "From the first to the last sample.", "Units": "s"},
    "trial_type": {
        "Description": "Kind of eye movement.",
        "Levels": {
            "fixation": "Gaze rests.",
            "saccade": "Gaze moves from one fixation to the next.",
            "blink": "Gaze is away as shortly as in a blink; the eyelid is not measured.",
            "loss": "Gaze is away for longer, or at the beginning or the end.",
        },
    },
    "x_coordinate": {
        "Description": "Mean of the samples of a fixation, from the left edge.",
        "Units": "pixel",
    },
    "y_coordinate": {
        "Description": "Mean of the samples of a fixation, from the top edge.",
        "Units": "pixel",
    },
    "samples": {"Description": "Number of valid samples of a fixation."},
    "amplitude": {"Description": "Angle between the fixations around a saccade.", "Units": "degree"},
    "peak_velocity": {"Description": "Highest velocity of a saccade.", "Units": "degree/s"},
}


@dataclass(frozen=True, slots=True)
class Eye:
    """One file of samples.

    Attributes:
        label: its ``recording`` label.
        recorded: whose eye.
        own: index of the eye's own positions; None for gaze as the recording has it as one.
        pupil: index of the pupil; None for none.
    """

    label: str
    recorded: RecordedEye
    own: int | None
    pupil: int | None


def eyes_of(recording: Recording) -> tuple[Eye, ...]:
    """Return the files of samples; the last one is that in which eye movements were found.

    Of two eyes each has a file and so has the gaze of both; a single eye has one file.
    """
    left, right = eyes_told_apart(recording)
    if left and right:
        both = (Eye("eye1", "left", 0, 0), Eye("eye2", "right", 1, 1))
        return (*both, Eye("eye3", "cyclopean", None, None))
    if left:
        return (Eye("eye1", "left", None, 0),)
    if right:
        return (Eye("eye2", "right", None, 1),)
    return (Eye("eye3", "cyclopean", None, None),)


def write_recording(recording: Recording, slots: Slots, place: Place, root: Path) -> dict[str, int]:
    """Write all files of a recording.

    Args:
        recording: to read.
        slots: its fixations and views.
        place: its names.
        root: of the data set, or of what is added to it.

    Returns:
        Rows per kind of file.
    """
    folder = root / place.folder / "beh"
    folder.mkdir(parents=True)
    stem = str(folder / place.stem)
    views = recording.views(slots.parameters)
    counts = {"stimuli": write_pages(recording, views, root / STIMULI)}
    counts["events"] = _write_events(recording, slots, views, stem)
    eyes = eyes_of(recording) if recording.samples else ()
    for eye in eyes:
        judged = eye is eyes[-1]
        counts[f"{eye.label} samples"] = _write_eye(recording, eye, judged, f"{stem}_recording-{eye.label}")
    if eyes:
        counts["eye movements"] = _write_movements(recording, slots, f"{stem}_recording-{eyes[-1].label}")
    return counts


def write_pages(recording: Recording, views: Sequence[PageView], folder: Path) -> int:
    """Write the pages of the views that are not there yet; return how many views have one."""
    folder.mkdir(exist_ok=True)
    for digest in {view.digest for view in views}:
        path = folder / _picture(digest)
        if not path.exists():
            path.write_bytes(recording.page_png(digest))
    return len({view.digest for view in views})


def write_json(path: Path, facts: Facts) -> None:
    """Write a new sidecar."""
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _picture(digest: str) -> str:
    return f"page-{digest[:16]}.png"


def _write_eye(recording: Recording, eye: Eye, judged: bool, stem: str) -> int:
    columns = _columns(recording, eye)
    write_json(Path(f"{stem}_physio.json"), bids_sidecars.physio(recording, eye.recorded, columns, judged))
    start_s = _start_s(recording)
    rows = (row for block in gaze_blocks(recording) for row in _rows(block, eye, tuple(columns), start_s))
    return write_tsv_gz(Path(f"{stem}_physio.tsv.gz"), rows)


def _columns(recording: Recording, eye: Eye) -> dict[str, Facts]:
    corrected = bool(in_force(recording.calibrations()))
    how = "corrected by GazeTwin's calibration" if corrected else "as the device delivered it"
    columns: dict[str, Facts] = {
        "timestamp": _TIME,
        "x_coordinate": {"Description": f"Gaze from the left edge of the screen, {how}.", "Units": "pixel"},
        "y_coordinate": {"Description": f"Gaze from the top edge of the screen, {how}.", "Units": "pixel"},
    }
    if eye.pupil is not None and _any(chunk.pupil_mm[:, eye.pupil] for chunk in chunks(recording)):
        columns["pupil_size"] = {"Description": "Pupil diameter.", "Units": "mm"}
    if corrected:
        columns["x_delivered"] = {"Description": "x_coordinate before the correction.", "Units": "pixel"}
        columns["y_delivered"] = {"Description": "y_coordinate before the correction.", "Units": "pixel"}
    if _any(chunk.t_source_s for chunk in chunks(recording)):
        columns["device_timestamp"] = {"Description": "The device's own stamp.", "Units": "s"}
    return columns


def _any(parts: Iterator[np.ndarray]) -> bool:
    return any(bool((~np.isnan(part)).any()) for part in parts)


def _rows(block: GazeBlock, eye: Eye, columns: tuple[str, ...], start_s: float) -> Iterator[Row]:
    gaze = block.gaze
    xy_px = block.xy_px if eye.own is None else block.eyes_px[:, eye.own]
    delivered_px = gaze.xy_px if eye.own is None else gaze.eyes_px[:, eye.own]
    values = {
        "timestamp": _since(gaze.t_s, start_s),
        "x_coordinate": xy_px[:, 0],
        "y_coordinate": xy_px[:, 1],
        "x_delivered": delivered_px[:, 0],
        "y_delivered": delivered_px[:, 1],
        "device_timestamp": gaze.t_source_s,
    }
    if eye.pupil is not None:
        values["pupil_size"] = gaze.pupil_mm[:, eye.pupil]
    return zip(*(numbers(values[name]) for name in columns), strict=True)


def _write_movements(recording: Recording, slots: Slots, stem: str) -> int:
    write_json(Path(f"{stem}_physioevents.json"), bids_sidecars.physioevents(recording, slots, EYE_EVENTS))
    rows = sorted(_movements(recording, slots), key=_onset_s)
    return write_tsv_gz(Path(f"{stem}_physioevents.tsv.gz"), rows)


def _movements(recording: Recording, slots: Slots) -> Iterator[Row]:
    start_s, f = _start_s(recording), slots.fixations
    for when, *rest in zip(_spans(f, start_s), *map(numbers, (f.x_px, f.y_px, f.n)), strict=True):
        yield (*when, "fixation", *rest, None, None)
    others = other_movements(recording, slots)
    if others is None:
        return
    saccades, losses = others
    angles = (saccades.amplitude_deg, saccades.peak_velocity_deg_s)
    for when, *rest in zip(_spans(saccades, start_s), *map(numbers, angles), strict=True):
        yield (*when, "saccade", None, None, None, *rest)
    for when, blink in zip(_spans(losses, start_s), losses.blink.tolist(), strict=True):
        yield (*when, "blink" if blink else "loss", *(None,) * 5)


def _spans(found: Fixations | Saccades | Losses, start_s: float) -> Iterator[tuple[float, float]]:
    """Yield onset and duration."""
    duration_s = np.round(found.offset_s - found.onset_s, _TIME_DIGITS)
    return zip(_since(found.onset_s, start_s).tolist(), duration_s.tolist(), strict=True)


def _onset_s(row: Row) -> float:
    return float(str(row[0]))


def _write_events(recording: Recording, slots: Slots, views: Sequence[PageView], stem: str) -> int:
    write_json(Path(f"{stem}_events.json"), bids_sidecars.events(recording, EVENTS))
    start_s = _start_s(recording)
    fixations = () if recording.samples else _resting(slots, start_s)
    rows = sorted((*_views(views, start_s), *fixations, *_markers(recording, start_s)), key=_onset_s)
    write_tsv(Path(f"{stem}_events.tsv"), tuple(EVENTS), rows)
    return len(rows)


def _views(views: Sequence[PageView], start_s: float) -> Iterator[Row]:
    for view in views:
        film = None if view.click is None else view.layout.slots[view.click].film
        when = (_moment(view.t_on_s, start_s), round(view.duration_s, _TIME_DIGITS))
        asked = (view.trial, view.task.value, view.screen.id, view.target)
        yield (*when, "view", _picture(view.digest), *asked, view.viewport.scroll_px, view.click, film, None)


def _markers(recording: Recording, start_s: float) -> Iterator[Row]:
    tasks = {trial.index: trial.task.value for trial in recording.trials()}
    for marker in recording.markers():
        trial = marker.trial if marker.trial >= 0 else None
        detail = json.dumps(dict(marker.payload), ensure_ascii=False) if marker.payload else None
        when = (_moment(marker.t_s, start_s), 0)
        asked = (trial, tasks.get(marker.trial), None, None)
        yield (*when, marker.code.value, None, *asked, None, None, None, detail)


def _resting(slots: Slots, start_s: float) -> Iterator[Row]:
    """Yield the fixations of a recording without samples, which has no other place for them."""
    f = slots.fixations
    for when, *rest in zip(_spans(f, start_s), *map(numbers, (f.x_px, f.y_px, f.n)), strict=True):
        detail = json.dumps(dict(zip(("x_px", "y_px", "samples"), rest, strict=True)))
        yield (*when, "fixation", *(None,) * 8, detail)


def _start_s(recording: Recording) -> float:
    """Return the session time that is zero in the data set: the first sample, else whatever came first."""
    if recording.samples:
        return float(recording.gaze(0, 1).t_s[0])
    given = recording.given_fixations()
    first_s = given.onset_s[:1].tolist() if given is not None else []
    marked_s, shown_s = (m.t_s for m in recording.markers()), (v.t_s for v in recording.viewports())
    return min((*first_s, *marked_s, *shown_s), default=0.0)


def _since(t_s: np.ndarray, start_s: float) -> np.ndarray:
    return np.asarray(np.round(t_s - start_s, _TIME_DIGITS))


def _moment(t_s: float, start_s: float) -> float:
    return round(t_s - start_s, _TIME_DIGITS)
