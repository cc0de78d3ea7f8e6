from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.axes import suspicion
from acquisition.targets import calibration_targets
from protocols.geometry import FloatArray, Screen

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
TARGETS = calibration_targets(9, SCREEN)
SIZE = np.array([1920.0, 1080.0])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda xy: xy[:, ::-1], "x and y are swapped"),
        (lambda xy: (xy / SIZE)[:, ::-1] * SIZE, "x and y are swapped"),
        (lambda xy: [1920, 0] + xy * [-1, 1], "left and right are exchanged"),
        (lambda xy: [0, 1080] + xy * [1, -1], "origin at the bottom"),
        (lambda xy: SIZE - xy, "upside down"),
        (lambda xy: xy + np.array([1920, 0]), "another display, to the right"),
        (lambda xy: xy - [0, 1080], "another display, above"),
        (lambda xy: xy / 2, "0.5 times this one's size"),
        (lambda xy: xy * 1.25, "1.2 times this one's size"),
    ],
)
def test_a_wrong_set_up_is_named(error: Callable[[FloatArray], FloatArray], words: str) -> None:
    gaze = error(TARGETS) + np.random.default_rng(0).normal(0, 0.4 * DEG, TARGETS.shape)
    assert words in suspicion(gaze, TARGETS, gaze, SCREEN)


def test_gaze_that_nothing_explains_is_only_said_to_be_off() -> None:
    gaze = TARGETS + np.random.default_rng(0).normal(0, 6 * DEG, TARGETS.shape)
    said = suspicion(gaze, TARGETS, TARGETS, SCREEN)
    assert "deg from the targets" in said
    assert "fits" not in said


def test_an_inaccurate_tracker_is_not_suspected() -> None:
    gaze = TARGETS * 1.03 + np.array([60, -50])
    assert suspicion(gaze, TARGETS, TARGETS, SCREEN) == ""


def test_a_map_that_moves_gaze_too_far_is() -> None:
    assert suspicion(TARGETS, TARGETS, TARGETS + 6 * DEG, SCREEN)
