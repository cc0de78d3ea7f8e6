"""Streams of broken or hostile programs: a clear refusal, and the good stream beside them is recorded."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.liblsl import load_pylsl
from acquisition.lsl import LslSource
from acquisition.lsl_discovery import describe, discover, predicate
from acquisition.outlet import GazeOutlet
from acquisition.picker import infer, suggest
from acquisition.profiles import MOST_CHANNELS, Profile, format_named, recognise
from acquisition.stream_table import as_text, listed, understood
from acquisition.streams import Channel, StreamDescription
from acquisition.wire_formats import FORMATS
from protocols.errors import ChannelsUnknown, GazeTwinError, SourceAmbiguous
from protocols.geometry import Screen

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=40)
WORD = st.one_of(
    TEXT, st.sampled_from(["ScreenX", "ScreenY", "left", "both", "pixels", "normalized", "x", "y"])
)
TREE = st.recursive(
    st.lists(st.tuples(WORD, WORD), max_size=5),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["channels", "channel", "desc", "label"]), inner), max_size=4
    ),
    max_leaves=25,
)
BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;&c;&c;</a>'


def good() -> GazeOutlet:
    return GazeOutlet(format_named("tobii-pro"), "good", 60.0)


def grown(parent: Any, tree: list[tuple[str, Any]]) -> None:
    for name, inside in tree:
        if isinstance(inside, str):
            parent.append_child_value(name, inside)
        else:
            grown(parent.append_child(name), inside)


def outlet(name: str, channels: int = 2, kind: str = "float32", tree: Any = (), type_: str = "Gaze") -> Any:
    pylsl = load_pylsl()
    info = pylsl.StreamInfo(name, type_, channels, 0, kind, f"hostile {name}")
    grown(info.desc(), list(tree))
    return pylsl.StreamOutlet(info)


@pytest.fixture(scope="module")
def beside() -> Iterator[GazeOutlet]:
    """A good tracker that is there all the time."""
    tracker = good()
    yield tracker
    tracker.close()


@given(tree=TREE, name=TEXT.filter(bool), channels=st.integers(1, 40))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_metadata_over_the_wire_are_understood_or_refused(tree: Any, name: str, channels: int) -> None:
    sender = outlet(name, channels, tree=[("channels", tree), *tree])
    handles = load_pylsl().resolve_bypred(predicate(source_id=f"hostile {name}"), 1, 3.0)
    # Names that are no XML can break what is sent until nobody can read it; then there is no such stream.
    for handle in handles:
        one = understood(describe(handle))
        assert one.profile or one.note
        assert len(one.channels) == channels
        as_text([one])
    del sender


DESCRIPTIONS = st.builds(
    StreamDescription,
    name=WORD,
    type=st.sampled_from(["Gaze", "gaze", "Eyetracker", ""]),
    source_id=TEXT,
    uid=TEXT,
    host=TEXT,
    nominal_hz=st.floats(),
    channel_count=st.integers(0, 12) | st.just(1_000_000),
    channels=st.lists(st.builds(Channel, WORD, WORD, WORD, WORD, WORD), max_size=20).map(tuple),
    sends_text=st.booleans(),
)


def recognised_or_refused_well(stream: StreamDescription) -> Profile | None:
    try:
        return recognise(stream)
    except ChannelsUnknown as error:
        refused = error
    assert refused.what
    assert refused.why
    assert refused.fix
    assert len(str(refused)) < 4000
    return None


KNOWN = [
    StreamDescription(wire.names[0], wire.type, "", "", "", 0.0, len(wire.channels), wire.metadata)
    for wire in FORMATS
]


@given(stream=DESCRIPTIONS | st.sampled_from(KNOWN), seed=st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_any_description_is_understood_or_refused_in_three_parts(
    stream: StreamDescription, seed: int
) -> None:
    understood(stream)
    profile = recognised_or_refused_well(stream)
    if profile is None:
        return
    hostile = [np.nan, np.inf, -np.inf, 0.0, 1e308, -1e308, 5e-324, 0.5]
    raw = np.random.default_rng(seed).choice(hostile, (50, stream.channel_count))
    xy_px, valid, pupil_mm = profile.decode(raw, Screen())
    guesses = infer(stream, raw)
    assert (xy_px.shape, valid.shape, pupil_mm.shape) == ((50, 2), (50,), (50, 2))
    assert np.isfinite(xy_px[valid]).all()
    assert np.isnan(xy_px[~valid]).all()
    assert not np.isinf(pupil_mm).any()
    assert len(guesses) == stream.channel_count
    suggest(guesses)


def test_labels_that_no_file_has_room_for_are_refused() -> None:
    known = format_named("tobii-pro").channels
    long = tuple(
        Channel("é" * 20_000 if i else c.label, c.eye, c.type, "pixels") for i, c in enumerate(known)
    )
    with pytest.raises(ChannelsUnknown, match="no recording has room for"):
        recognise(StreamDescription("long", "Gaze", "", "", "", 0.0, len(long), long))


@pytest.mark.parametrize(
    "profile", ["tobii-pro", "titta", "eyelink", "gazepoint", "eyelogic", "tobii-legacy"]
)
def test_a_flood_of_nan_and_infinity_is_no_gaze(profile: str) -> None:
    wire = format_named(profile)
    stream = StreamDescription(wire.names[0], wire.type, "", "", "", 0.0, len(wire.channels), wire.metadata)
    for value in (np.nan, np.inf, -np.inf, 1e39):
        raw = np.full((1000, len(wire.channels)), value)
        xy_px, valid, _ = recognise(stream).decode(raw, Screen())
        assert not valid.any()
        assert np.isnan(xy_px).all()


def test_hostile_streams_do_not_hide_a_good_one(beside: GazeOutlet) -> None:
    million = 1_000_000
    senders = [
        outlet("million", million),
        outlet("words", 2, "string"),
        outlet("counts", 3, "int8", [("channels", [("channel", [("label", "x")])] * 500)]),
        outlet("bomb", 2, tree=[("channels", BOMB), ("acquisition", [("manufacturer", BOMB)])]),
        outlet("n" * 5000, 2, tree=[("x" * 2000, "y" * 200_000)]),
        outlet("quotes ' and \" both"),
        outlet("Tobii", 6, tree=[("channels", [("channel", [("label", "left_x")])] * 6)]),
    ]
    since = time.monotonic()
    table = {one.name: one for one in listed(1.0, 0.3) if one.source_id.startswith("hostile")}
    found = {one.profile: one for one in listed(0.7, 0.0)}
    assert time.monotonic() - since < 15.0
    assert set(table) == {
        "million", "words", "counts", "bomb", "n" * 5000, "quotes ' and \" both", "Tobii"
    }  # fmt: skip
    assert not any(one.profile for one in table.values())
    assert "more channels than any" in table["million"].note
    assert "sends text" in table["words"].note
    assert len(table["million"].channels) == MOST_CHANNELS
    assert len(table["bomb"].note) < 4000
    assert all(one.measured_hz is None for one in table.values())
    assert found["tobii-pro"].source_id == beside.source_id

    source = LslSource(Screen())
    source.open()
    beside.push(np.full((3, 6), 0.5), beside.now_s() + np.arange(3.0))
    chunk = source.read(2.0)
    source.close()
    assert source.info.source_id == beside.source_id
    assert chunk.valid.all()
    for name in ("quotes ' and \" both", "bomb"):
        with pytest.raises(GazeTwinError) as refused:
            LslSource(Screen(), identity=name, timeout_s=2.0).open()
        assert isinstance(refused.value, ChannelsUnknown)
        assert refused.value.fix
    del senders


def test_a_stream_that_is_no_utf8_is_left_out(beside: GazeOutlet) -> None:
    pylsl = load_pylsl()
    info = pylsl.StreamInfo("latin", "Gaze", 2, 0, "float32", "hostile latin")
    lib = pylsl.lib.lib
    desc = ctypes.c_void_p(lib.lsl_get_desc(info.obj))
    channels = ctypes.c_void_p(lib.lsl_append_child(desc, b"channels"))
    channel = ctypes.c_void_p(lib.lsl_append_child(channels, b"channel"))
    lib.lsl_append_child_value(channel, b"label", b"\xe9\xff")
    sender = pylsl.StreamOutlet(info)
    names = [stream.name for _, stream in discover(predicate(), 1.0)]
    assert "Tobii" in names
    assert beside.name == "Tobii"
    del sender


def test_two_trackers_of_one_name_and_even_one_source_id_are_told_apart(beside: GazeOutlet) -> None:
    second, twin = GazeOutlet(format_named("tobii-pro"), "second"), good()
    with pytest.raises(
        SourceAmbiguous, match=r"3 gaze streams.*Tobiiat_good.*Tobiiat_second.*lsl:IDENTITY"
    ) as both:
        LslSource(Screen()).open()
    handles = load_pylsl().resolve_byprop("source_id", "Tobiiat_good", 2, 2.0)
    uids = [handle.uid() for handle in handles]
    assert all(uid in both.value.fix for uid in uids)
    for identity in ("Tobiiat_second", uids[0]):
        source = LslSource(Screen(), identity=identity)
        source.open()
        assert source.info.source_id == ("Tobiiat_second" if identity == "Tobiiat_second" else "Tobiiat_good")
        source.close()
    second.close()
    twin.close()
    assert beside.name == "Tobii"
