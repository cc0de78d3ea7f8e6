"""What is said about streams and their samples in the devices room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acquisition.connection import Connection, Link
from acquisition.lsl_discovery import ON_SCREEN
from acquisition.presence import Present, alike, identity
from acquisition.preview import Glance
from acquisition.profiles import Profile, format_named
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.streams import StreamDescription
from protocols.geometry import Screen
from studio.rooms.devices.doubts import lines
from studio.rooms.devices.entries import of_streams
from studio.sources import SourceChoice


def described(profile: str, source_id: str = "a", uid: str = "u1", **changes: object) -> StreamDescription:
    wire = format_named(profile)
    said = StreamDescription(
        wire.names[0].replace("*", "X"),
        wire.type,
        source_id,
        uid,
        "lab",
        60.0,
        len(wire.channels),
        wire.metadata,
    )
    return replace(said, **changes)  # type: ignore[arg-type] # fields of a description


# ---- what entries say


def test_streams_that_can_be_recorded_come_first_and_others_say_why_not() -> None:
    there = [
        Present(None, described("pupil-relay", "neon")),
        Present(None, described("tobii-pro", "t1", "u2")),
        Present(None, StreamDescription("Lab", "Gaze", "l1", "u3", "lab", 100.0, 4)),
    ]
    tobii, worn, unknown = of_streams(there, ON_SCREEN)
    assert tobii.choice == SourceChoice("lsl", name="t1")
    assert [channel.role for channel in tobii.channels[:2]] == ["gaze x, left", "gaze y, left"]
    assert (worn.choice, worn.wearable, worn.pickable) == (None, True, False)
    assert "head-worn camera" in worn.refusal
    assert (unknown.choice, unknown.wearable, unknown.pickable) == (None, False, True)


def test_what_a_known_tool_sends_beside_its_gaze_is_no_choice() -> None:
    there = [
        Present(None, StreamDescription("Tobii_positioning", "Positioning", "p", "u1", "lab", 0.0, 8)),
        Present(None, StreamDescription("Forces", "Force", "f", "u2", "lab", 100.0, 3)),
        Present(None, StreamDescription("Lab", "Gaze", "l1", "u3", "lab", 100.0, 4)),
    ]
    assert [(one.title, one.vague) for one in of_streams(there, ON_SCREEN)] == [
        ("Lab", False),
        ("Forces", True),
    ]


def test_two_streams_alike_are_told_apart_by_uid_and_said_so() -> None:
    streams = [described("tobii-pro", "t1", "u1"), described("tobii-pro", "t1", "u2", host="other")]
    assert [identity(one, streams) for one in streams] == ["u1", "u2"]
    assert alike(streams[0], streams) == [streams[1]]
    first, _ = of_streams([Present(None, one) for one in streams], ON_SCREEN)
    assert "2 streams share the source id t1 (on lab, other)" in first.alike
    nameless = [described("tobii-pro", "", "u1"), described("gazepoint", "", "u2")]
    assert identity(nameless[0], nameless) == nameless[0].name
    assert alike(nameless[0], nameless) == []


# ---- what is said about samples


def glance(
    values: np.ndarray, *, rate_hz: float = 60.0, nominal_hz: float = 60.0, lost: int = 0, **changes: object
) -> tuple[Glance, StreamDescription, Profile]:
    stream = described("tobii-pro", nominal_hz=nominal_hz)
    profile = Profile(format_named("tobii-pro"), stream.labels, stream.units)
    n, t_s = len(values), np.arange(len(values)) / rate_hz
    xy, valid, pupil = profile.decode(values, Screen())
    chunk = GazeChunk(t_s, t_s, xy, valid, pupil, values)
    link = Link(clock=changes.pop("clock", "lsl"), offset_s=0.0002)  # type: ignore[arg-type] # a clock
    account = Connection(link, 0, n, n + lost, 0, 1 / rate_hz, 2.5)
    info = SourceInfo("Tobii", "lsl", "tobii-pro", "a", nominal_hz, stream.labels, stream.units)
    return Glance(info, chunk, account, **{"silent_s": 0.0, **changes}), stream, profile  # type: ignore[arg-type]


def looking_around(n: int = 120) -> np.ndarray:
    rng = np.random.default_rng(2)
    values = np.full((n, 6), 3.0)
    values[:, [0, 1]] = values[:, [3, 4]] = rng.uniform(0.1, 0.9, (n, 2))
    return values


def said(*parts: object) -> list[tuple[str, str]]:
    return [(line.mood, line.words) for line in lines(*parts, Screen())]  # type: ignore[arg-type] # as glance


def test_nothing_wrong_is_said_too() -> None:
    assert said(*glance(looking_around())) == [("good", "Nothing looks wrong.")]


@pytest.mark.parametrize(
    ("changes", "mood", "words"),
    [
        ({"nominal_hz": 600.0}, "warn", "claims 600 Hz and sends 60 Hz"),
        ({"lost": 6}, "warn", "4.8% of the samples did not arrive"),
        ({"lost": 60}, "bad", "33.3% of the samples did not arrive"),
        ({"silent_s": 7.0}, "bad", "Nothing has come for 7 s"),
        ({"clock": "unix"}, "warn", "stamped with Unix time: times follow from when"),
        ({"ended": "The stream is over."}, "bad", "The stream is over."),
    ],
)
def test_what_is_wrong_is_said_in_words(changes: dict[str, object], mood: str, words: str) -> None:
    first_mood, first = said(*glance(looking_around(), **changes))[0]  # type: ignore[arg-type] # of glance
    assert first_mood == mood
    assert words in first


def test_gaze_that_is_not_there_or_in_another_unit_is_said() -> None:
    nobody = np.full((120, 6), np.nan)
    assert said(*glance(nobody))[0] == (
        "bad",
        "No gaze is found in any sample: nobody sits in front of the tracker, or it has not been calibrated "
        "in its own program yet.",
    )
    in_px = looking_around()
    in_px[:, [0, 1, 3, 4]] *= 1000.0
    assert any("the unit or the origin is another" in words for _, words in said(*glance(in_px)))


def test_clocks_are_told_in_words() -> None:
    one, *_ = glance(looking_around())
    assert one.clock == "an LSL clock, 0.20 ms apart, drifts by 2.5 ppm (9.0 ms an hour)"
    assert one.measured_hz == pytest.approx(60.0)
