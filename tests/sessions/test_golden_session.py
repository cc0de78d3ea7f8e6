"""Recordings of every schema version stay readable for ever. The file is never written anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acquisition.calibration import Calibration
from protocols.blocks import Task
from protocols.markers import Code
from sessions.check import check
from sessions.pages import digest_of
from sessions.reader import Recording

GOLDEN = Path(__file__).parents[1] / "data" / "golden-session-1.h5"


def test_what_the_file_says_about_itself() -> None:
    with Recording.open(GOLDEN) as recording:
        assert recording.study.name == "golden"
        assert recording.participant.preferred == ("Drama", "Comedy")
        assert recording.screen.size_px == (1920, 1080)
        assert recording.source.name == "Golden tracker"
        assert recording.source.channels == ("x", "y")
        assert recording.software == "gazetwin 0.1.0"
        assert recording.consent == {"given_utc": "2025-06-15T12:00:00+00:00"}
        assert recording.clock_pairs().tolist() == [[99.0, 1.75e9], [106.5, 1.75e9 + 7.5]]
        assert recording.offsets().tolist() == [[100.0, 50.0]]


def test_samples_and_markers() -> None:
    with Recording.open(GOLDEN) as recording:
        gaze, cursor, markers = recording.gaze(), recording.cursor(), recording.markers()
    number = np.arange(600)
    assert np.array_equal(gaze.t_s, 100.0 + number / 100.0)
    assert np.array_equal(gaze.t_source_s, gaze.t_s - 50.0)
    assert np.array_equal(gaze.valid, number % 50 != 49)
    assert np.array_equal(gaze.raw, gaze.xy_px / (1920.0, 1080.0), equal_nan=True)
    assert (gaze.pupil_mm == 3.25).all()
    assert cursor.xy_px.tolist() == [[100.0, 200.0], [900.0, 620.0]]
    assert [m.code for m in markers][3] is Code.CLICK
    assert markers[3].payload == {"slot": 12, "film": "Ünïcode (1999)"}


def test_calibrations() -> None:
    with Recording.open(GOLDEN) as recording:
        unused, used = recording.calibrations()
        moved_px = recording.calibrated_xy() - recording.gaze().xy_px
    assert (unused.used, unused.calibration) == (False, Calibration.identity())
    assert (used.used, used.from_s) == (True, 99.5)
    assert used.validation is not None
    assert used.validation.verdict == "green"
    assert 1.0 < np.nanmean(moved_px[:, 0]) < 3.0


def test_pages_and_views() -> None:
    with Recording.open(GOLDEN) as recording:
        pages = [recording.page(digest) for digest in recording.page_digests()]
        first, second = recording.views()
    assert [digest_of(page) for page in pages] == [page.digest for page in pages]
    assert (first.trial, first.t_on_s, first.t_off_s, first.click) == (0, 100.0, 102.995, None)
    assert (second.t_off_s, second.click, second.task) == (105.5, 12, Task.FREE_BROWSING)
    assert np.flatnonzero(first.fixation_ms > 900).tolist() == [0, 4, 7]
    assert np.flatnonzero(second.fixation_ms > 900).tolist() == [7, 12]
    assert np.flatnonzero(second.cursor_ms > 0).tolist() == [0, 7]
    assert first.page.image.shape == (1080, 1920, 3)
    assert first.viewport.scroll_px == 0.0
    assert second.screen.rows == first.screen.rows


def test_what_was_found_live_is_still_in_it() -> None:
    with Recording.open(GOLDEN) as recording:
        live = recording.live_slots()
    assert live is not None
    assert len(live.views) == 2
    assert live.views[1].view.click == 12


def test_it_passes_every_check() -> None:
    report = check(GOLDEN)
    assert report.verdict == "good"
    assert (report.accuracy_deg, report.precision_deg) == (0.4, 0.05)
