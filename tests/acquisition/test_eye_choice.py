from __future__ import annotations

import numpy as np
import pytest

from acquisition.eye_choice import Looks, as_delivered, best, fitted
from acquisition.eyes import eyes_px, recorded_eyes_px
from acquisition.profiles import Profile, format_named
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.targets import ShownTarget, calibration_targets, validation_targets
from protocols.blocks import QualityLimits
from protocols.errors import TooFewValid
from protocols.geometry import FloatArray, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
HZ = 60.0
LIMITS = QualityLimits()


def looks(
    left_deg: float = 0.5,
    right_deg: float = 0.5,
    noise_deg: tuple[float, float] = (0.05, 0.05),
    lost: str = "",
) -> Looks:
    """Five calibration and four validation targets, a second each, seen by two eyes with a shift each.

    The right eye sways from target to target by what its noise says, which no calibration can undo.
    """
    rng = np.random.default_rng(3)
    targets = np.vstack([calibration_targets(5, SCREEN), validation_targets(4, SCREEN)])
    n = int(HZ)
    t_s = np.arange(n * len(targets)) / HZ
    eyes = np.repeat(targets, n, axis=0)[:, None, :].repeat(2, axis=1)
    for i, (shift, noise) in enumerate(zip((left_deg, right_deg), noise_deg, strict=True)):
        sway = np.repeat(rng.normal(0, noise, (len(targets), 2)), n, axis=0)
        eyes[:, i] += (shift + sway + rng.normal(0, 0.03, (len(t_s), 2))) * DEG
    for i, eye in enumerate(("left", "right")):
        if lost == eye:
            eyes[:, i] = np.nan
    seen = np.isfinite(eyes[..., 0])
    xy = np.where(seen[..., None], eyes, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)[:, None]
    chunk = GazeChunk(t_s, t_s, xy, seen.any(axis=1), np.full((len(t_s), 2), np.nan), xy, eyes)
    shown = tuple(
        ShownTarget((float(x), float(y)), float(i), float(i + 1)) for i, (x, y) in enumerate(targets)
    )
    return Looks(shown[:5], shown[5:], chunk)


def test_each_eye_is_calibrated_and_judged_by_itself() -> None:
    both, left, right = fitted(looks(left_deg=0.5, right_deg=-0.8), SCREEN, LIMITS)
    assert [j.eye for j in (both, left, right)] == ["both", "left", "right"]
    assert all(j.validation.accuracy_mean_deg < 0.15 for j in (both, left, right))
    shifts = [np.asarray(j.calibration.terms[0]) / DEG for j in (both, left, right)]
    assert shifts[0] == pytest.approx([0.15, 0.15], abs=0.1)
    assert shifts[1] == pytest.approx([-0.5, -0.5], abs=0.1)
    assert shifts[2] == pytest.approx([0.8, 0.8], abs=0.1)


def test_both_eyes_are_used_unless_one_is_clearly_better() -> None:
    assert best(fitted(looks(), SCREEN, LIMITS)).eye == "both"
    swaying = fitted(looks(noise_deg=(0.02, 1.2)), SCREEN, LIMITS)
    assert best(swaying).eye == "left"


def test_an_eye_that_was_never_seen_takes_no_part() -> None:
    assert [j.eye for j in fitted(looks(lost="left"), SCREEN, LIMITS)] == ["both", "right"]


def test_gaze_as_delivered_is_kept_when_no_map_does_better() -> None:
    good = looks(left_deg=0.0, right_deg=0.0, noise_deg=(0.25, 0.25))
    plain = as_delivered(good, SCREEN, LIMITS)
    perfect = looks(left_deg=0.0, right_deg=0.0, noise_deg=(0.0, 0.0))
    assert best(
        [*fitted(looks(), SCREEN, LIMITS), as_delivered(perfect, SCREEN, LIMITS)]
    ).calibration.method == ("identity")
    assert plain.validation.accuracy_mean_deg is not None


def test_gaze_that_cannot_be_calibrated_is_refused_with_the_reason_for_both_eyes() -> None:
    blind = looks()
    gone = GazeChunk(
        blind.gaze.t_s,
        blind.gaze.t_s,
        np.full_like(blind.gaze.xy_px, np.nan),
        np.zeros(len(blind.gaze), bool),
        blind.gaze.pupil_mm,
        blind.gaze.raw,
    )
    with pytest.raises(TooFewValid, match="5 of 5 targets"):
        fitted(Looks(blind.shown, blind.tests, gone), SCREEN, LIMITS)


def gazetwin() -> Profile:
    wire = format_named("gazetwin")
    return Profile(wire, tuple(c.label for c in wire.channels), tuple(c.unit for c in wire.channels))


def sample(values: dict[str, float]) -> FloatArray:
    profile = gazetwin()
    raw = np.full((1, len(profile.channels)), np.nan)
    for point in profile.format.points:
        x, y = values.get(point.eye, np.nan), values.get(point.eye, np.nan)
        raw[0, profile.channels.index(point.x)] = x
        raw[0, profile.channels.index(point.y)] = y
        raw[0, profile.channels.index(point.quality)] = float(np.isfinite(x))
    return raw


def test_the_eyes_of_a_wire_format_are_read_apart_and_again_from_a_file() -> None:
    profile = gazetwin()
    raw = np.vstack([sample({"left": 0.25, "right": 0.5}), sample({"right": 0.5})])
    eyes = eyes_px(profile, raw, SCREEN)
    np.testing.assert_allclose(eyes[0], [[480.0, 270.0], [960.0, 540.0]])
    assert np.isnan(eyes[1, 0]).all()
    assert profile.decode(raw, SCREEN)[0][0].tolist() == [720.0, 405.0]
    source = SourceInfo("x", "lsl", "gazetwin", "", 60.0, profile.channels, profile.units)
    np.testing.assert_array_equal(recorded_eyes_px(source, raw, SCREEN), eyes)
    unknown = SourceInfo("x", "scripted", "nothing", "", 60.0, ("a",), ("",))
    assert np.isnan(recorded_eyes_px(unknown, np.zeros((3, 1)), SCREEN)).all()
