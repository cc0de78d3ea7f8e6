"""A session that ended early goes on in another recording, with what is left and nothing else."""

from __future__ import annotations

import threading
import time

import pytest

from acquisition.clock import SteadyClock
from acquisition.mouse import MouseSource
from protocols.errors import SessionError, StudyInvalid
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.study import load_study
from protocols.trial_events import Abort, Skip
from sessions.reader import Recording
from sessions.unfinished import finished, unfinished
from studio.inputs import Did
from studio.recording import Order, record
from studio.rooms.start.resuming import continued
from studio.sources import Rig
from studio.stage import HeadlessStage
from studio.visit import Visit

STUDY = """
name = "four"
title = "Four pages"
version = "1"
screens = { invented = { seed = 5, count = 4, kind = "rows", pool_seed = 1 } }
[[blocks]]
name = "browse"
kind = "free_browsing"
screens = "all"
shuffle = true
[consent]
version = "1"
text = "Yes"
"""


def run(visit, path, *events):
    """Record a visit; the events come as soon as the first page is visible."""
    threads = []

    def operate(conductor):
        deadline = time.monotonic() + 20
        while conductor.live_state().page is None and time.monotonic() < deadline:
            source.push(None, (960.0, 540.0))
            time.sleep(0.005)
        for event in events:
            conductor.post(Did(event))

    def watch(conductor):
        threads.append(threading.Thread(target=operate, args=(conductor,)))
        threads[0].start()

    order = Order(
        visit.study,
        visit.participant,
        path,
        seed=visit.seed,
        headless=False,
        consent=visit.consent,
        rest=visit.rest,
    )
    clock = SteadyClock()
    source = MouseSource(clock)
    source.open()
    recorded = record(order, Rig(source), HeadlessStage(clock), clock, watch=watch)
    threads[0].join()
    return recorded


def screens(path):
    """Return the screens of the trials that were finished, by number in the file."""
    with Recording.open(path) as recording:
        done = finished(recording.markers())
        return [trial.screen.id for trial in recording.trials() if trial.index in done]


def test_what_is_left_is_shown_once_and_in_order_over_three_recordings(tmp_path):
    (tmp_path / "four.toml").write_text(STUDY)
    participant = Participant(pseudonym="P03", top_genre="Drama")
    agreed = {"version": "1", "digest": "00", "given_unix_s": 1.0, "scopes": ["recording"]}
    visit = Visit(load_study(tmp_path / "four.toml"), participant, agreed, seed=5)
    paths = [tmp_path / f"{n}.h5" for n in range(3)]

    assert run(visit, paths[0], Skip(), Abort("the participant was tired")).ending.outcome == "aborted"
    left = unfinished(paths[0])
    assert (left.left, left.total, left.seed) == ((1, 2, 3), 4, 5)
    second = continued(left.model_dump(mode="json"))
    assert (second.participant, second.consent) == (participant, agreed)

    run(second, paths[1], Skip(), Skip(), Abort("a fire alarm"))
    third = continued(unfinished(paths[1]).model_dump(mode="json"))
    assert third.rest.positions == (3,)

    last = run(third, paths[2], Skip())
    assert last.ending.outcome == "complete", last.ending
    planned = [trial.screen.id for trial in visit.study.trials(2, 5)]
    assert [screen for path in paths for screen in screens(path)] == planned
    with pytest.raises(SessionError, match="Nothing is left"):
        unfinished(paths[2])
    with Recording.open(paths[1]) as recording, Recording.open(paths[0]) as first:
        (start,) = (m for m in recording.markers() if m.code is Code.SESSION_START)
        assert start.payload["continues"] == first.session_id


def test_a_trial_that_is_to_be_repeated_is_left():
    ends = [
        Marker(1.0, Code.TRIAL_END, 0, {"reason": "click"}),
        Marker(2.0, Code.TRIAL_END, 1, {"reason": "skip"}),
    ]
    assert finished(ends) == {0, 1}
    assert finished([*ends, Marker(3.0, Code.REPEAT, 1)]) == {0}
    assert finished([Marker(1.0, Code.TRIAL_END, 0, {"reason": "abort"})]) == set()


def test_a_study_with_poster_images_is_not_continued():
    study = load_study("demo").model_copy(update={"posters": "posters"})
    with pytest.raises(StudyInvalid, match="poster images"):
        continued({"study": study.snapshot()})
