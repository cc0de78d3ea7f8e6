from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.samples import CursorChunk, GazeChunk
from protocols.errors import GazeTwinError
from protocols.markers import Marker
from sessions.agreement import fixation_differences, view_differences
from sessions.live import HELD_S, LiveSlots
from sessions.reader import Recording
from sessions.slots import SlotParameters, Slots

CLOSE = SlotParameters(within_px=60.0)


def identical(one: Slots, other: Slots) -> bool:
    different = [
        *fixation_differences(one.fixations, other.fixations),
        *view_differences(one.views, other.views),
    ]
    return one.digest == other.digest and not different


def part_of(chunk, start, stop):
    return type(chunk)(*(getattr(chunk, name)[start:stop] for name in chunk.__slots__))


def same_slots(live, offline) -> None:
    assert [v.view for v in live] == [v.view for v in offline]
    for a, b in zip(live, offline, strict=True):
        assert a.fixation_ms.tobytes() == b.fixation_ms.tobytes()
        assert a.cursor_ms.tobytes() == b.cursor_ms.tobytes()


def run(scene, gaze_chunks, late_s=0.0, look=False) -> LiveSlots:
    """Feed a scene as it would arrive: events by their time, gaze possibly before the news of a page."""
    live = LiveSlots(scene.screen, CLOSE)
    for page in scene.pages:
        live.page(page)
    feed = [(e.t_s + late_s, 0, e) for e in (*scene.changes, *scene.markers)]
    feed += [(float(c.t_s[-1]), 1, c) for c in gaze_chunks]
    feed += [(float(scene.cursor.t_s[i]), 1, part_of(scene.cursor, i, i + 50)) for i in range(0, 720, 50)]
    for _, _, item in sorted(feed, key=lambda entry: entry[:2]):
        if isinstance(item, GazeChunk):
            live.gaze(item)
        elif isinstance(item, CursorChunk):
            live.cursor(item)
        elif isinstance(item, Marker):
            live.marker(item)
        else:
            live.viewport(item)
        if look:
            live.views()
    return live


def test_live_equals_offline_to_the_last_bit_however_gaze_arrives(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        offline = recording.slots(CLOSE)

    @settings(max_examples=12, deadline=None)
    @given(
        sizes=st.lists(st.integers(1, 200), min_size=4, max_size=12),
        late_s=st.sampled_from([0.0, 0.05, 0.4]),
        look=st.booleans(),
    )
    def holds(sizes: list[int], late_s: float, look: bool) -> None:
        edges = np.unique(np.minimum(np.cumsum([0, *sizes * 100, 10**6]), len(scene.gaze)))
        chunks = [part_of(scene.gaze, a, b) for a, b in itertools.pairwise(edges)]
        live = run(scene, chunks, late_s, look)
        same_slots([v.slots for v in live.views()], offline.views)
        assert all(v.final for v in live.views())
        assert identical(live.slots(), offline)

    holds()


def test_a_view_is_final_as_soon_as_gaze_has_passed_its_end(scene, recorded) -> None:
    with Recording.open(recorded) as recording:
        offline = recording.slots(CLOSE).views
    until = int(np.searchsorted(scene.gaze.t_s, 15.02))
    live = run(scene, [part_of(scene.gaze, 0, until)])
    final = [v.slots for v in live.views() if v.final]
    same_slots(final, offline[: len(final)])
    assert len(final) == 3


def test_the_view_being_looked_at_fills_up(scene) -> None:
    live = LiveSlots(scene.screen)
    live.page(scene.pages[0])
    live.marker(scene.markers[1])
    live.viewport(scene.changes[0])
    seen = []
    for until in (1, 300, 400):
        part = part_of(scene.gaze, int(np.searchsorted(scene.gaze.t_s, 10.0)) if until > 1 else 0, until)
        live.gaze(part)
        seen.append(sum(float(v.slots.fixation_ms.sum()) for v in live.views()))
    assert seen[0] == 0.0 < seen[1] < seen[2]


def test_news_that_come_far_too_late_are_an_error(scene) -> None:
    live = LiveSlots(scene.screen)
    live.gaze(scene.gaze)
    with pytest.raises(GazeTwinError, match="cut"):
        live.viewport(scene.changes[0])
    assert scene.gaze.t_s[-1] - scene.changes[0].t_s > HELD_S
