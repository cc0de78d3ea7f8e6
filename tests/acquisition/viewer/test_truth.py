from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.dwell import ViewSpan
from acquisition.fixations import Fixations, IvtParameters, detect_ivt
from acquisition.truth import TrueFixations, match_fixations, slot_accuracy
from protocols.geometry import Rect, Screen
from protocols.slots import Slot, SlotLayout

SCREEN = Screen()
BOXES = (Rect(100, 100, 300, 200), Rect(320, 100, 520, 200))
LAYOUT = SlotLayout(
    tuple(Slot(b, b, 0, i, f"Film {i} (2000)", "Drama") for i, b in enumerate(BOXES)), SCREEN.size_px
)


def true(*rows: tuple[float, float, float, float]) -> TrueFixations:
    onset, offset, x, y = np.asarray(rows, dtype=float).reshape(-1, 4).T
    return TrueFixations(onset, offset, x, y, np.zeros(len(onset), dtype=np.int64))


def found(*rows: tuple[float, float, float, float]) -> Fixations:
    t = true(*rows)
    return Fixations(t.onset_s, t.offset_s, t.x_px, t.y_px, np.full(len(t), 9), IvtParameters())


def test_identical_fixations_all_match() -> None:
    rows = [(0.0, 0.3, 150, 150), (0.4, 0.6, 400, 150)]
    match = match_fixations(found(*rows), true(*rows), SCREEN)
    assert (match.precision, match.recall) == (1.0, 1.0)
    assert match.onset_error_ms == pytest.approx([0, 0])
    assert match.position_error_deg == pytest.approx([0, 0])


def test_a_pair_must_share_half_of_the_time_of_both() -> None:
    assert match_fixations(found((0.0, 0.5, 1, 1)), true((0.0, 1.0, 1, 1)), SCREEN).recall == 1.0
    assert match_fixations(found((0.0, 0.49, 1, 1)), true((0.0, 1.0, 1, 1)), SCREEN).recall == 0.0
    assert match_fixations(found((0.4, 1.4, 1, 1)), true((0.0, 1.0, 1, 1)), SCREEN).recall == 0.0


def test_one_found_fixation_cannot_stand_for_two() -> None:
    match = match_fixations(found((0.0, 1.0, 1, 1)), true((0.0, 0.6, 1, 1), (0.62, 1.0, 1, 1)), SCREEN)
    assert (match.precision, match.recall) == (1.0, 0.5)
    assert (match.found.tolist(), match.true.tolist()) == ([0], [0])


def test_nothing_to_find_or_nothing_found() -> None:
    assert match_fixations(found(), true(), SCREEN).precision == 1.0
    assert match_fixations(found(), true((0, 1, 1, 1)), SCREEN).recall == 0.0
    assert match_fixations(found((0, 1, 1, 1)), true(), SCREEN).precision == 0.0


def test_slot_accuracy_is_the_share_of_looking_time_on_the_right_poster() -> None:
    eye = true((0.0, 0.3, 290, 150), (0.4, 0.5, 400, 150), (0.6, 0.7, 200, 150), (0.8, 0.9, 60, 60))
    tracker = found((0.0, 0.3, 325, 150), (0.4, 0.5, 400, 150), (0.6, 0.7, 310, 150), (0.8, 0.9, 150, 150))
    match = match_fixations(tracker, eye, SCREEN)
    views = [ViewSpan(0.0, 10.0, LAYOUT)]
    assert slot_accuracy(tracker, eye, match, views) == pytest.approx(0.1 / 0.5)
    assert slot_accuracy(tracker, eye, match, views, within_px=60) == pytest.approx(0.2 / 0.5)
    assert np.isnan(slot_accuracy(tracker, eye, match, [ViewSpan(5.0, 10.0, LAYOUT)]))


def test_splitting_cuts_and_drops_what_is_too_short_to_find() -> None:
    pieces = true((0.0, 1.0, 5, 6), (1.1, 1.3, 7, 8)).split([0.4, 1.27])
    assert pieces.onset_s == pytest.approx([0.0, 0.4, 1.1])
    assert pieces.offset_s == pytest.approx([0.4, 1.0, 1.27])
    assert pieces.x_px.tolist() == [5, 5, 7]


def test_a_file_holds_every_column_and_no_pickle(tmp_path: Path) -> None:
    eye = true((0.1, 1.0 / 3, 5, 6), (1.1, 1.3, 7, 8))
    path = tmp_path / "truth.npz"
    eye.save(path)
    again = TrueFixations.load(path)
    for name in ("onset_s", "offset_s", "x_px", "y_px", "slot"):
        assert np.array_equal(getattr(again, name), getattr(eye, name))
    with np.load(path, allow_pickle=False) as file:
        assert set(file) == {"onset_s", "offset_s", "x_px", "y_px", "slot"}


@settings(max_examples=50, deadline=None)
@given(
    times=st.lists(st.floats(0, 20), max_size=30, unique=True).map(sorted),
    others=st.lists(st.floats(0, 20), max_size=30, unique=True).map(sorted),
)
def test_matching_is_one_to_one_and_symmetric(times: list[float], others: list[float]) -> None:
    def rows(stamps: list[float]) -> list[tuple[float, float, float, float]]:
        return [(a, b, 1.0, 1.0) for a, b in zip(stamps[0::2], stamps[1::2], strict=False)]

    match = match_fixations(found(*rows(times)), true(*rows(others)), SCREEN)
    assert len(set(match.found.tolist())) == len(match.found) == len(set(match.true.tolist()))
    assert 0.0 <= match.precision <= 1.0
    back = match_fixations(found(*rows(others)), true(*rows(times)), SCREEN)
    assert len(back.found) == len(match.found)


@pytest.mark.parametrize("hz", [60, 120, 250, 300, 500, 1000])
@pytest.mark.parametrize("noise_rms_deg", [0.1, 0.2])
def test_fixations_are_found_at_every_rate(bench, screens, hz: float, noise_rms_deg: float) -> None:
    viewer = bench(seed=int(hz), rate_hz=hz, noise_rms_deg=noise_rms_deg)
    for screen in screens(4):
        viewer.run_trial(screen)
    gaze = viewer.gaze()
    detected = detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN, None, viewer.cuts_s())
    match = match_fixations(detected, viewer.truth(), SCREEN)
    assert match.precision >= 0.96
    assert match.recall >= 0.96
    assert np.abs(match.onset_error_ms).mean() < 1000 / hz + 5


def test_noise_of_a_remote_tracker_is_borne(bench, screens) -> None:
    viewer = bench(seed=4, noise_rms_deg=0.4)
    for screen in screens(5):
        viewer.run_trial(screen)
    gaze = viewer.gaze()
    detected = detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN, None, viewer.cuts_s())
    match = match_fixations(detected, viewer.truth(), SCREEN)
    assert min(match.precision, match.recall) >= 0.95
