"""Recordings of every kind that is exported: complete, calibrated by one eye, and with next to nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.calibration import Calibration, CalibrationPoint
from acquisition.quality import PointQuality, Validation
from acquisition.samples import GazeChunk
from acquisition.wire_formats import GAZETWIN
from protocols.participant import Participant
from sessions.exporters.bids import export_bids
from sessions.writer import SessionWriter

FORMULA = '=HYPERLINK("evil", "Click the film you want")'


def calibration() -> Calibration:
    targets = [(200.0, 200.0), (1700.0, 200.0), (200.0, 900.0), (1700.0, 900.0)]
    points = tuple(CalibrationPoint(xy, (xy[0] - 9.0, xy[1] + 4.0), 0.1, 1.0, 60) for xy in targets)
    terms = ((9.1, -4.2), (1.5, 0.3), (0.0, 2.0), (0.7, 0.0), (0.0, 0.0), (0.0, 0.1))
    return Calibration("residual-quadratic-ridge", (1920, 1080), terms, points, 0.4, 0.1)


def validation() -> Validation:
    points = (PointQuality((960.0, 216.0), 90, 0.3, 0.32, 0.05, 0.1, 0.02, 0.01, 0.0),)
    return Validation(points, 0.3, 0.45, 0.05, 0.1, 0.01, 120.0, "green")


def binocular(gaze: GazeChunk) -> GazeChunk:
    """The same gaze from a source with eight channels; the left eye is lost now and then."""
    lost = np.arange(len(gaze)) % 17 == 0
    left = gaze.xy_px / [1920.0, 1080.0] + [0.002, -0.001]
    right = gaze.xy_px / [1920.0, 1080.0] - [0.002, -0.001]
    flags = np.column_stack([gaze.valid & ~lost, gaze.valid])
    raw = np.column_stack(
        [left, gaze.pupil_mm[:, 0], flags[:, 0], right, gaze.pupil_mm[:, 1], flags[:, 1]]
    ).astype(np.float64)
    return replace(gaze, raw=raw, eyes_px=np.full((len(gaze), 2, 2), np.nan))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, scene, begun, filled) -> Callable[..., Path]:
    """Make a sealed recording; ``finish`` adds to it, scene fields can be replaced."""

    def make(finish: Callable[[SessionWriter], None] | None = None, **changes: object) -> Path:
        changed = replace(scene, **changes)
        writer = begun(tmp_path_factory.mktemp("made") / "s.h5", changed)
        filled(writer, changed)
        if finish is not None:
            finish(writer)
        writer.close("complete")
        return writer.path

    return make


@pytest.fixture(scope="session")
def complete(made, scene) -> Path:
    """Two eyes told apart, two calibrations of which one is used from 9 s on, a text like a formula."""
    labels = tuple(channel.label for channel in GAZETWIN.channels)
    units = tuple(channel.unit for channel in GAZETWIN.channels)

    def finish(writer: SessionWriter) -> None:
        writer.calibration(Calibration.identity(), False)
        writer.calibration(calibration(), True, validation=validation(), from_s=9.0)
        writer.offset(15.0, -1234.4999)

    first, second = scene.trials
    return made(
        finish,
        source=replace(scene.source, channels=labels, units=units),
        gaze=binocular(scene.gaze),
        trials=(replace(first, instruction=FORMULA), second),
        participant=Participant(pseudonym="P-01.a", top_genre="Drama"),
    )


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, scene, begun) -> Path:
    """Aborted at once: no gaze, no page, no trial."""
    writer = begun(tmp_path_factory.mktemp("bare") / "s.h5", scene)
    writer.close("aborted")
    return writer.path


@pytest.fixture(scope="session")
def channelless(made, scene) -> Path:
    """As an import is: one gaze position per sample, no raw channels, no stamps of the device."""
    gaze = scene.gaze
    stamps = np.full(len(gaze), np.nan)
    return made(
        source=replace(scene.source, channels=(), units=(), profile="", nominal_hz=0.0),
        gaze=replace(gaze, raw=np.empty((len(gaze), 0)), t_source_s=stamps),
    )


@pytest.fixture(scope="session")
def one_eyed(made, scene) -> Path:
    """A device that never finds the right eye; the pseudonym looks like that of somebody else."""
    labels = tuple(channel.label for channel in GAZETWIN.channels)
    raw = np.full((len(scene.gaze), len(labels)), np.nan)
    raw[:, :2] = scene.gaze.xy_px / [1920.0, 1080.0]
    raw[:, 3] = scene.gaze.valid
    return made(
        source=replace(scene.source, channels=labels, units=("",) * len(labels)),
        gaze=replace(scene.gaze, raw=raw),
        participant=Participant(pseudonym="P01.A"),
    )


@pytest.fixture(scope="session")
def newcomer(scene, begun, tmp_path_factory) -> Path:
    """Another participant, who left at once."""
    someone = replace(scene, participant=Participant(pseudonym="NEW"))
    writer = begun(tmp_path_factory.mktemp("newcomer") / "s.h5", someone)
    writer.close("aborted")
    return writer.path


@pytest.fixture(scope="session")
def data_set(complete, recorded, one_eyed, tmp_path_factory) -> Path:
    """A BIDS data set of three participants; tests only read it."""
    root, paths = tmp_path_factory.mktemp("bids") / "data", [complete, recorded, one_eyed]
    assert [exported.session for exported in export_bids(paths, root)] == paths
    return root


@pytest.fixture
def data_copy(data_set, tmp_path) -> Path:
    """The same to do something to."""
    return shutil.copytree(data_set, tmp_path / "data")
