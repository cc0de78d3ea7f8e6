"""What a check says about gaze that is bad in a known way, and that it stays in the recording."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.calibration import Calibration
from acquisition.eye_choice import Judged
from acquisition.quality import PointQuality, Validation
from acquisition.targets import ShownTarget
from protocols.blocks import QualityLimits
from protocols.errors import CalibrationError, SessionError
from protocols.markers import Code, Marker
from sessions.calibration_check import calibration_items, carried_on, drift_numbers
from sessions.calibrations import AttemptRecord, CalibrationAttempt, in_force, validated
from sessions.check import check
from sessions.gaze_check import gaze_items, numbers
from sessions.quality_store import store_quality, stored_quality
from sessions.reader import Recording
from sessions.trial_check import onset_item


def validation(mean_deg: float = 0.4, loss: float = 0.02, verdict: str = "green") -> Validation:
    point = PointQuality((960.0, 540.0), 60, mean_deg, mean_deg, 0.1, 0.1, 0.02, loss, 0.01)
    return Validation((point, point), mean_deg, mean_deg, 0.1, 0.1, loss, 120.0, verdict)  # type: ignore[arg-type]


@pytest.fixture
def judged(tmp_path, scene, begun, filled):
    """Record the scene with changes; return the path."""

    def make(attempts: tuple[CalibrationAttempt, ...] = (), **changes: object):
        writer = begun(tmp_path / "s.h5", scene)
        for a in attempts:
            writer.calibration(
                a.calibration, a.used, validation=a.validation, from_s=a.from_s, record=a.record
            )
        filled(writer, replace(scene, **changes))
        writer.close("complete")
        return writer.path

    return make


def items(report) -> dict[str, tuple[str, str]]:
    return {i.name: (i.verdict, i.found) for i in report.items}


def test_gaze_that_was_never_valid_asks_whether_the_tracker_was_calibrated(judged, scene) -> None:
    nothing = replace(
        scene.gaze, valid=np.zeros(len(scene.gaze), bool), xy_px=np.full_like(scene.gaze.xy_px, np.nan)
    )
    report = check(judged(gaze=nothing))
    assert items(report)["lost gaze"][0] == "bad"
    assert "was the tracker calibrated" in next(i.advice for i in report.items if i.name == "lost gaze")
    assert items(report)["gaze in trials"] == (
        "bad",
        "2 of 2 have gaze for less than half of their time: 1, 2",
    )
    assert report.verdict == "bad"


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "good"), (0.15, "warning"), (0.37, "bad")])
def test_lost_gaze_is_judged_by_how_much_of_what_was_expected(
    judged, scene, share: float, verdict: str
) -> None:
    lost = np.random.default_rng(0).random(len(scene.gaze)) < share
    kept = replace(scene.gaze, valid=~lost, xy_px=np.where(lost[:, None], np.nan, scene.gaze.xy_px))
    report = check(judged(gaze=kept))
    assert items(report)["lost gaze"][0] == verdict
    assert report.gaze.loss == pytest.approx(lost.mean(), abs=0.005)


def test_swapped_axes_show_without_any_calibration(judged, scene) -> None:
    swapped = replace(scene.gaze, xy_px=scene.gaze.xy_px[:, ::-1])
    report = check(judged(gaze=swapped))
    verdict, found = items(report)["gaze on screen"]
    assert verdict == "bad"
    assert "beside the screen" in found


def test_a_trial_without_gaze_is_named(judged, scene) -> None:
    away = (scene.gaze.t_s > 17.0) & (scene.gaze.t_s < 20.5)
    kept = scene.gaze.rows(~away)
    report = check(judged(gaze=kept))
    assert items(report)["gaze in trials"] == ("bad", "1 of 2 have gaze for less than half of their time: 2")


@settings(max_examples=40, deadline=None)
@given(lost=st.floats(0, 0.9), more=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_losing_more_never_looks_better(scene, lost: float, more: float, seed: int) -> None:
    draw = np.random.default_rng(seed).random(len(scene.gaze))
    seen = [
        numbers(replace(scene.gaze, valid=draw >= min(share, 1.0)), 120.0, scene.screen)
        for share in (lost, lost + more)
    ]
    assert seen[0].loss <= seen[1].loss
    assert all(0.0 <= n.loss <= 1.0 for n in seen)


@pytest.mark.parametrize("sd_deg", [0.05, 0.2, 0.6])
def test_noise_is_known_without_targets_and_hardly_moved_by_saccades(scene, sd_deg: float) -> None:
    """White noise of sd s per axis has an RMS-S2S of 2 s; every twelfth step here is a saccade."""
    rng = np.random.default_rng(0)
    n, px_per_deg = len(scene.gaze), scene.screen.px_per_deg()
    where = np.repeat(rng.uniform(400, 600, (n // 12 + 1, 2)), 12, axis=0)[:n] + np.array([360, 40])
    gaze = replace(
        scene.gaze, xy_px=where + rng.normal(0, sd_deg, (n, 2)) * px_per_deg, valid=np.ones(n, bool)
    )
    found = numbers(gaze, 120.0, scene.screen).noise_deg
    assert found == pytest.approx(2 * sd_deg, rel=0.15)


def test_no_noise_at_all_is_no_good_sign(judged, scene) -> None:
    """As percentages taken for px: a fiftieth of the distances, and a corner of the screen."""
    shrunk = replace(scene.gaze, xy_px=np.round(scene.gaze.xy_px / 19.2))
    report = check(judged(gaze=shrunk))
    assert items(report)["noise"][0] == "warning"
    assert "wrongly scaled" in next(i.advice for i in report.items if i.name == "noise")


@pytest.mark.parametrize(
    ("scale", "verdict"), [((1 / 19.2, 1 / 10.8), "warning"), ((0.5, 1 / 50), "good"), ((0.5, 0.5), "good")]
)
def test_gaze_that_keeps_to_a_tiny_place_for_long_is_told(scene, scale, verdict: str) -> None:
    long = replace(scene.gaze, t_s=3 * scene.gaze.t_s, xy_px=scene.gaze.xy_px * scale)
    found = {i.name: i for i in gaze_items(long, numbers(long, 0.0, scene.screen))}["gaze on screen"]
    assert found.verdict == verdict
    assert ("nine tenths of them within" in found.found) == (verdict == "warning")
    brief = replace(long, t_s=scene.gaze.t_s)
    judged = {i.name: i for i in gaze_items(brief, numbers(brief, 0.0, scene.screen))}
    assert judged["gaze on screen"].verdict == "good"


def test_floods_of_nonsense_are_judged_and_do_not_crash(scene) -> None:
    for value in (np.nan, np.inf, -np.inf, 1e300):
        gaze = replace(scene.gaze, xy_px=np.full_like(scene.gaze.xy_px, value))
        found = numbers(gaze, 120.0, scene.screen)
        assert found.off_screen_share == (0.0 if np.isnan(value) else 1.0)


def attempt(
    number: int, kind: str, used: bool, of: Validation | None, reason: str = ""
) -> CalibrationAttempt:
    terms = ((10.0 + number, 5.0),) + ((0.0, 0.0),) * 5
    fitted = Calibration("residual-quadratic-ridge", (1920, 1080), terms)
    judged = () if of is None else (Judged(fitted, of), Judged(replace(fitted, eye="left"), validation(0.7)))
    record = AttemptRecord(kind, reason, (ShownTarget((1.0, 2.0), 3.0, 4.0),), (), judged)  # type: ignore[arg-type]
    return CalibrationAttempt(number, fitted, used, float(number), of, record)


def test_attempts_keep_their_record_to_the_last_bit(judged) -> None:
    kept = (attempt(0, "failed", False, None, "nobody"), attempt(1, "calibration", True, validation(1 / 3)))
    with Recording.open(judged(kept)) as recording:
        assert [asdict(a) for a in recording.calibrations()] == [asdict(a) for a in kept]
    with pytest.raises(CalibrationError, match="cannot be read"):
        AttemptRecord.from_json('{"kind": "wishful"}')


def test_quality_is_told_eye_by_eye(judged) -> None:
    report = check(judged((attempt(0, "calibration", True, validation(0.4)),)))
    assert [(e.eye, e.used, e.accuracy_mean_offset_deg) for e in report.eyes] == [
        ("both", True, 0.4),
        ("left", False, 0.7),
    ]
    assert "both eyes 0.40 deg, left eye 0.70 deg" in items(report)["accuracy"][1]
    assert "ratio 1.00, unfiltered" in items(report)["precision"][1]
    assert report.accuracy_deg == 0.4


def test_a_shift_after_a_drift_check_keeps_the_validation_and_a_new_beginning_does_not() -> None:
    first = attempt(0, "calibration", True, validation(0.4))
    shifted = attempt(1, "drift", True, None)
    begun = attempt(2, "begun", True, None)
    unused = attempt(3, "calibration", False, validation(2.0))
    assert validated((first, shifted)) == validation(0.4)
    assert validated((first, shifted, unused)) == validation(0.4)
    assert validated((first, shifted, begun, unused)) is None
    assert [a.number for a in in_force((first, unused, begun, shifted))] == [0, 1, 2]


def test_the_attempt_in_use_is_told_by_the_number_the_operator_saw() -> None:
    first, second = (attempt(n, "calibration", True, validation(v)) for n, v in [(0, 0.6), (1, 0.4)])
    again = replace(first, number=2, from_s=2.0, record=AttemptRecord("chosen"))
    shifted = attempt(3, "drift", True, None)

    def told(*attempts: CalibrationAttempt) -> str:
        return next(iter(calibration_items(attempts, (), QualityLimits()))).found

    assert told(first, second).startswith("attempt 2 (2 tried), ")
    assert told(first, second, again).startswith("attempt 1 (2 tried), ")
    assert told(first, second, again, shifted).startswith("attempt 1 (2 tried), ")


def look(distance_deg: float | None, how: str = "target") -> dict[str, object]:
    return {"how": how, "distance_deg": distance_deg}


def drift_marker(decision: str, *looks: dict[str, object], trial: int = -1) -> Marker:
    return Marker(1.0, Code.DRIFT_CHECK, trial, {"decision": decision, "looks": list(looks)})


def test_drift_is_counted_by_what_became_of_it() -> None:
    markers = (
        Marker(0.0, Code.DRIFT_CHECK, payload={"shows": "target"}),
        drift_marker("ok", look(0.2)),
        drift_marker("corrected", look(0.8), look(0.9)),
        drift_marker("not confirmed", look(1.9), look(0.3)),
        drift_marker("unknown", look(None), look(None)),
        drift_marker("recorded", look(0.0, "click"), trial=0),
        drift_marker("recorded", look(0.9, "click"), trial=1),
        drift_marker("recorded", look(None, "click"), trial=2),
    )
    found = drift_numbers(markers, QualityLimits())
    assert (found.targets, found.corrected, found.recalibrated, found.left) == (4, 1, 0, 2)
    assert (found.worst_deg, found.last_deg) == (0.9, 0.3)
    assert (found.clicks, found.clicks_off) == (2, 0.5)
    assert drift_numbers((), QualityLimits()).clicks_off is None


def test_drift_left_as_it_was_is_told_with_what_to_do(judged, scene) -> None:
    markers = (*scene.markers, drift_marker("recorded", look(2.0), look(2.1)))
    report = check(judged(markers=markers))
    assert items(report)["drift at targets"][0] == "bad"
    assert "leave these blocks out" in next(i.advice for i in report.items if i.name == "drift at targets")


def test_gaze_off_what_was_clicked_is_told(judged, scene) -> None:
    clicks = tuple(drift_marker("recorded", look(d, "click"), trial=0) for d in (0.0, 0.0, 3.0, 3.0))
    report = check(judged(markers=(*scene.markers, *(replace(m, t_s=30.0) for m in clicks))))
    assert items(report)["gaze at clicks"] == (
        "warning",
        "4 clicks, before 50% of them gaze was more than 0.5 deg off",
    )


def test_carrying_on_below_the_limits_is_told_with_its_reason() -> None:
    def accepted(verdict: str, reason: str) -> Marker:
        return Marker(0.0, Code.CALIBRATION_ACCEPTED, payload={"verdict": verdict, "reason": reason})

    assert carried_on((accepted("red", "thick glasses"),)) == "thick glasses"
    assert carried_on((accepted("red", "thick glasses"), accepted("green", "within"))) == ""
    assert carried_on(()) == ""


def test_page_onsets_are_judged_only_where_they_were_measured() -> None:
    def shown(*errors_ms: float) -> list[Marker]:
        return [Marker(0.0, Code.PAGE_SHOWN, 0, {"onset_error_ms": e}) for e in errors_ms]

    assert "not measured" in onset_item([Marker(0.0, Code.PAGE_SHOWN)]).found
    assert onset_item(shown(8.0, 9.0, 8.5)).verdict == "good"
    assert "+8.5 ms late on average" in onset_item(shown(8.0, 9.0, 8.5)).found
    assert onset_item(shown(0.0, 90.0, 10.0)).verdict == "warning"


def test_a_judgement_is_kept_and_replaced_and_raw_data_stay(judged) -> None:
    path = judged((attempt(0, "calibration", True, validation(0.4)),))
    with Recording.open(path) as recording:
        before = recording.gaze()
    report = check(path)
    assert stored_quality(path) is None
    store_quality(path, report)
    assert stored_quality(path) == report
    store_quality(path, report)
    with h5py.File(path) as h5:
        (name,) = h5["derived"]
        assert name.startswith("quality@")
        assert "path" not in json.loads(h5["derived"][name].asstr()[()])
    with Recording.open(path) as recording:
        np.testing.assert_array_equal(recording.gaze().raw, before.raw)
    assert check(path) == report


def test_a_file_that_was_changed_is_left_alone(judged) -> None:
    path = judged()
    with h5py.File(path, "r+") as h5:
        h5["study"].attrs["digest"] = "0" * 64
    report, content = check(path), path.read_bytes()
    with pytest.raises(SessionError, match="wrong with its study"):
        store_quality(path, report)
    assert path.read_bytes() == content
