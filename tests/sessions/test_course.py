from __future__ import annotations

from protocols.markers import DISPLAY_LOST, Code, Marker
from sessions.course import course


def test_a_session_as_planned_has_nothing_to_tell() -> None:
    found = course([Marker(1.0, Code.TRIAL_START, 0), Marker(2.0, Code.TRIAL_END, 0, {"reason": "click"})])
    assert (found.skipped, found.repeated, found.pauses_s, found.displays_lost) == (set(), set(), (), 0)


def test_a_trial_that_is_repeated_after_it_was_skipped_is_not_skipped() -> None:
    skip = {"reason": "skip"}
    found = course(
        [
            Marker(2.0, Code.TRIAL_END, 0, skip),
            Marker(3.0, Code.TRIAL_END, 1, skip),
            Marker(4.0, Code.REPEAT, 1),
            Marker(5.0, Code.TRIAL_END, 1, {"reason": "click"}),
            Marker(6.0, Code.REPEAT, 1),
            Marker(7.0, Code.TRIAL_END, 1, {"reason": "click"}),
        ]
    )
    assert (found.skipped, found.repeated) == ({0}, {1})


def test_pauses_are_counted_with_their_time_and_displays_lost_among_them() -> None:
    found = course(
        [
            Marker(2.0, Code.PAUSE, 0),
            Marker(3.5, Code.RESUME, 0),
            Marker(5.0, Code.PAUSE, -1, {"reason": DISPLAY_LOST}),
            Marker(9.0, Code.ABORT, -1, {"reason": "enough"}),
            Marker(9.5, Code.SESSION_END),
        ]
    )
    assert found.pauses_s == (1.5, 4.0)
    assert found.displays_lost == 1
