from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from acquisition.calibration import Calibration
from protocols.markers import Code, Marker
from sessions.check import check
from sessions.gaze_check import numbers


@pytest.fixture
def made(tmp_path, scene, begun, filled):
    """Record the scene with changes, and check it."""

    def make(reason: str = "complete", calibrated: bool = False, **changes: object):
        writer = begun(tmp_path / "s.h5", scene)
        if calibrated:
            writer.calibration(Calibration.identity(), True)
        filled(writer, replace(scene, **changes))
        writer.close(reason)
        return check(writer.path)

    return make


def verdicts(report) -> dict[str, str]:
    return {item.name: item.verdict for item in report.items if item.verdict != "good"}


def test_a_sound_recording_without_calibration_is_told_so_and_nothing_else(made) -> None:
    report = made()
    assert verdicts(report) == {"calibration": "warning"}
    assert report.verdict == "warning"
    assert report.counts == {
        "gaze": 1560,
        "cursor": 720,
        "markers": 10,
        "viewport": 5,
        "trials": 2,
        "pages": 4,
        "calibrations": 0,
    }
    assert all(item.advice for item in report.items if item.verdict != "good")


def test_rate_gaps_and_losses_are_measured(made, scene) -> None:
    keep = np.arange(1560) % 1000 < 900
    holes = {name: getattr(scene.gaze, name)[keep] for name in scene.gaze.__slots__}
    holes["valid"] = holes["valid"] & (np.arange(keep.sum()) % 3 > 0)
    report = made(gaze=type(scene.gaze)(**holes), calibrated=True)
    assert verdicts(report) == {"calibration": "warning", "gaps": "warning", "lost gaze": "bad"}
    assert report.gaze.gaps == 1
    assert report.gaze.longest_gap_s == pytest.approx(101 / 120, abs=0.003)
    assert report.gaze.missing_share == pytest.approx(100 / 1560, abs=0.002)
    assert report.gaze.measured_hz == pytest.approx(120.0, rel=0.02)


def test_another_rate_than_claimed_is_told(scene) -> None:
    half = type(scene.gaze)(*(getattr(scene.gaze, n)[::2] for n in scene.gaze.__slots__))
    assert numbers(half, 120.0, scene.screen).measured_hz == pytest.approx(60.0, rel=0.02)


def test_an_aborted_session_without_gaze_is_bad(made, scene) -> None:
    nothing = type(scene.gaze)(*(getattr(scene.gaze, n)[:0] for n in scene.gaze.__slots__))
    report = made(reason="aborted", gaze=nothing)
    assert verdicts(report) == {"state": "warning", "gaze samples": "bad", "calibration": "warning"}


def test_markers_out_of_order_and_trials_unknown_are_bad(made, scene) -> None:
    extra = (Marker(30.0, Code.TRIAL_START, 9), Marker(29.0, Code.TRIAL_START, 10))
    report = made(markers=(*scene.markers, *extra))
    assert verdicts(report) == {"calibration": "warning", "markers": "bad", "trials": "bad"}
    found = {item.name: item.found for item in report.items}
    assert "trial 10 starts while trial 9 runs" in found["markers"]
    assert "[9, 10] not described" in found["trials"]


def test_missing_pages_are_bad(made, scene) -> None:
    assert verdicts(made(pages=scene.pages[:-1])) == {"calibration": "warning", "pages": "bad"}


def test_changed_pages_and_studies_are_found(tmp_path, recorded) -> None:
    path = tmp_path / "s.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as h5:
        one, other, *_ = h5["pages"].values()
        png = other["png"][:]
        del one["png"]
        one["png"] = png
        other["png"][5000:5100] = 0
        h5["study"].attrs["digest"] = "0" * 64
    report = check(path)
    assert verdicts(report) == {"calibration": "warning", "study": "bad", "page digests": "bad"}
