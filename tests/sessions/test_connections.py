from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from acquisition.connection import Connection, Link
from acquisition.event_words import clock_jumped, left, quiet, reconnected
from acquisition.stall import Change
from protocols.errors import SessionCorrupt
from sessions.check import check
from sessions.connection_check import connection_items
from sessions.gaze_check import gaze_items, numbers
from sessions.reader import Recording
from sessions.recover import recover
from sessions.schema import TABLES

FIRST = Connection(
    Link(0, 8.0, "lsl", "measured", -1234.5, "uid-0", "tracker-pc"), 0, 800, 810, 2, 0.008, 12.5
)
SECOND = Connection(
    Link(1, 14.0, "unix", "least delay", -1.7e9, "uid-1", "tracker-pc"), 800, 760, 760, 0, 0.008, 3.0
)


@pytest.fixture
def recorded_over(tmp_path, scene, begun, filled):
    """Record the scene over given connections, in several updates; return the path."""

    def record(*connections: Connection, markers=()):
        writer = begun(tmp_path / "s.h5", scene)
        for connection in connections:
            writer.connection(replace(connection, received=1, expected=1, drift_ppm=float("nan")))
            writer.flush()
            writer.connection(connection)
        filled(writer, replace(scene, markers=(*scene.markers, *markers)))
        writer.close("complete")
        return writer.path

    return record


def test_accounts_come_back_as_last_updated(recorded_over) -> None:
    with Recording.open(recorded_over(FIRST, SECOND)) as recording:
        assert recording.connections() == (FIRST, SECOND)


def test_every_column_states_its_unit(recorded_over) -> None:
    with h5py.File(recorded_over(FIRST)) as h5:
        for column in TABLES["clock/connections"]:
            assert h5["clock/connections"][column.name].attrs["unit"] == column.unit


def test_a_recording_of_an_earlier_version_has_no_accounts(tmp_path, recorded) -> None:
    path = tmp_path / "old.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as h5:
        del h5["clock/connections"]
        h5.attrs["state"] = "recording"
    assert "clock/connections" not in recover(path).kept
    with Recording.open(path) as recording:
        assert recording.connections() == ()
    assert not {item.name for item in check(path).items} & {"samples delivered", "tracker's clock"}


def test_an_unknown_clock_is_refused(recorded_over) -> None:
    path = recorded_over(FIRST)
    with h5py.File(path, "r+") as h5:
        h5["clock/connections/clock"][0] = "sundial"
    with Recording.open(path) as recording, pytest.raises(SessionCorrupt, match="sundial"):
        recording.connections()


def _judged(path) -> dict[str, tuple[str, str]]:
    return {item.name: (item.verdict, item.found) for item in check(path).items}


def test_check_prints_what_was_lost_and_whose_clock_it_was(recorded_over, scene) -> None:
    came_back = reconnected(14.0, scene.source, 1, 3.25).marker()
    judged = _judged(recorded_over(FIRST, SECOND, markers=(came_back, clock_jumped(15.0, 7.0).marker())))
    assert judged["samples delivered"] == (
        "good",
        "1560 received of 1570 expected at 125.0 Hz as measured, 10 lost while connected; 0.01 s without "
        "connection, about 0 samples",
    )
    gap_s = float(np.diff(scene.gaze.t_s)[799])
    assert judged["connections"] == ("warning", f"2; no sample for {gap_s:.2f} s in between")
    verdict, found = judged["tracker's clock"]
    assert verdict == "warning"
    assert "Unix time" in found
    assert "offset -1700000000.000 s by least delay, drifting by +3.0 ppm" in found
    assert judged["incidents"] == ("warning", "the clock jumped")
    assert judged["markers"][0] == "good"


def test_an_undisturbed_connection_is_good(recorded_over) -> None:
    whole = replace(FIRST, received=1560, expected=1560, drift_ppm=float("nan"))
    judged = _judged(recorded_over(whole))
    names = ("samples delivered", "connections", "tracker's clock", "incidents")
    assert {name: judged[name][0] for name in names} == dict.fromkeys(names, "good")
    assert "offset -1234.500 s by measured" in judged["tracker's clock"][1]


def test_a_clock_that_agrees_has_no_minus_zero(recorded_over) -> None:
    same = replace(FIRST, link=replace(FIRST.link, offset_s=-1e-5))
    assert "offset below 1 ms by measured" in _judged(recorded_over(same))["tracker's clock"][1]


def test_many_losses_and_a_drifting_clock_are_warned_of(recorded_over) -> None:
    judged = _judged(recorded_over(replace(FIRST, received=1560, expected=1700, drift_ppm=4000.0)))
    assert judged["samples delivered"][0] == judged["tracker's clock"][0] == "warning"


def test_an_account_older_than_the_samples_is_counted_anew(scene) -> None:
    keep = np.arange(len(scene.gaze)) % 10 > 0
    items = {
        i.name: i.found for i in connection_items((replace(FIRST, received=5),), (), scene.gaze.rows(keep))
    }
    assert items["samples delivered"].startswith("1404 received of 1559 expected at 120.")


def test_a_tracker_that_left_is_told_of_once_and_a_single_gap_is_one(recorded_over, scene) -> None:
    silent = quiet(13.0, scene.source.name, Change(stalled=True, silent_s=2.0)).marker()
    gone = left(14.0, scene.source, 3.0).marker()
    judged = _judged(recorded_over(FIRST, SECOND, markers=(silent, gone)))
    assert judged["incidents"] == ("warning", "left the network")
    chunk = scene.gaze.rows(np.delete(np.arange(len(scene.gaze)), np.arange(500, 600)))
    found = {i.name: i.found for i in gaze_items(chunk, numbers(chunk, 120.0, scene.screen))}
    assert found["gaps"].startswith("1 gap, the longest 0.8")
