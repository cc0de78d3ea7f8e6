"""Every tool's stream through real LSL, out of another process: what arrives is where somebody looked."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acquisition.liblsl import load_pylsl
from acquisition.lsl import LslSource
from acquisition.samples import GazeChunk
from acquisition.source import GazeSource, SourceInfo
from acquisition.stream_table import StreamReading, listed
from acquisition.surface import Surface
from acquisition.surface_source import SurfaceSource
from acquisition.wire_format import Space, WireFormat
from acquisition.wire_formats import FORMATS
from protocols.geometry import FloatArray, Screen

RATE_HZ = 100.0
LOSSES = {3: (True, False), 5: (False, True), 8: (True, True)}  # of ten samples, which eyes are lost
ON_SCREEN = [wire for wire in FORMATS if wire.space is Space.DISPLAY]
IN_SCENE = [wire for wire in FORMATS if wire.space is Space.SCENE_CAMERA]

# Publishes what truth() tells, as all tools at once, until its standard input is closed.
PROGRAM = f"""
import select, sys, time
import numpy as np
from acquisition.binocular import BinocularGaze
from acquisition.imitator import Imitator, Setting
from acquisition.surface import Surface
from acquisition.wire_formats import FORMATS
from protocols.geometry import Screen
rate, losses = {RATE_HZ}, {LOSSES}

def truth(k):
    t = k / rate
    left = np.column_stack([0.5 + 0.6 * np.sin(2.1 * t), 0.5 + 0.45 * np.cos(1.3 * t)])
    xy = np.stack([left, left + [0.01, -0.02]], axis=1)
    for phase, eyes in losses.items():
        for eye in np.flatnonzero(eyes):
            xy[k % 10 == phase, eye] = np.nan
    return BinocularGaze(t, xy, np.where(np.isnan(xy[..., 0]), np.nan, [3.0, 4.0]))

tools = []
for wire in FORMATS:
    if not wire.points:
        continue
    surface = Surface.model_validate({{
        "format": "gazetwin-surface/1",
        "scene_size_px": (1600, 1200),
        "maps": {{"stream": "maps " + wire.profile}},
    }}) if wire.refused else None
    tools.append(Imitator(wire, "test", rate, Setting(Screen(), surface)))
print("ready", flush=True)
sent = int(tools[0].now_s() * rate)
while not select.select([sys.stdin], [], [], 0.01)[0]:
    due = int(tools[0].now_s() * rate)
    for tool in tools:
        tool.push(truth(np.arange(sent, due)))
        tool.look_around()
    sent = due
"""


@pytest.fixture(scope="module")
def tools() -> Iterator[str]:
    program = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    ready = program.stdout.readline()
    assert ready == "ready\n"
    yield ready
    program.kill()
    program.communicate()


@pytest.fixture(scope="module")
def heard(tools: str) -> dict[str, tuple[SourceInfo, GazeChunk]]:
    """What was read from each tool, all at the same time, by profile."""
    assert tools
    sources: dict[str, GazeSource] = {
        wire.profile: LslSource(Screen(), identity=identity(wire)) for wire in ON_SCREEN
    }
    for wire in IN_SCENE:
        name = wire.names[0].replace("*", "test")
        sources[wire.profile] = SurfaceSource(Screen(), maps_of(wire), name)
    with ThreadPoolExecutor(len(sources)) as pool:
        chunks = pool.map(read, sources.values())
        return {
            profile: (source.info, chunk)
            for (profile, source), chunk in zip(sources.items(), chunks, strict=True)
        }


@pytest.fixture(scope="module")
def table(tools: str) -> dict[str, StreamReading]:
    """How every gaze stream of all the tools is understood, by profile or, if it is refused, by name."""
    assert tools
    return {one.profile or one.name: one for one in listed(1.5, 1.0)}


def truth(t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return true gaze (n, 2, 2) in fractions, NaN for a lost eye, and the mean of the found eyes (n, 2)."""
    k = np.round(t_s * RATE_HZ).astype(int)
    left = np.column_stack([0.5 + 0.6 * np.sin(2.1 * t_s), 0.5 + 0.45 * np.cos(1.3 * t_s)])
    xy = np.stack([left, left + np.array([0.01, -0.02])], axis=1)
    for phase, eyes in LOSSES.items():
        xy[np.ix_(k % 10 == phase, np.flatnonzero(eyes))] = np.nan
    found = ~np.isnan(xy[..., 0])
    total = np.nansum(xy, axis=1)
    return xy, np.where(found.any(axis=1)[:, None], total / np.maximum(found.sum(axis=1), 1)[:, None], np.nan)


def read(source: GazeSource) -> GazeChunk:
    source.open()
    try:
        chunks, deadline = [], time.monotonic() + 1.5
        while time.monotonic() < deadline:
            chunks.append(source.read(0.05))
        return GazeChunk.joined([chunk for chunk in chunks if len(chunk)])
    finally:
        source.close()


def maps_of(wire: WireFormat) -> Surface:
    return Surface.model_validate(
        {
            "format": "gazetwin-surface/1",
            "scene_size_px": (1600, 1200),
            "maps": {"stream": f"maps {wire.profile}"},
        }
    )


def identity(wire: WireFormat) -> str:
    return wire.source_id.format("test") or wire.names[0]


@pytest.mark.parametrize("wire", ON_SCREEN, ids=lambda wire: wire.profile)
def test_gaze_arrives_where_somebody_looked(
    wire: WireFormat, heard: dict[str, tuple[SourceInfo, GazeChunk]]
) -> None:
    screen = Screen()
    info, chunk = heard[wire.profile]
    assert info.profile == wire.profile
    assert len(chunk) >= 30
    _, both = truth(chunk.t_source_s)
    expected = both * screen.size_px
    lost = np.isnan(both[:, 0])
    np.testing.assert_array_equal(chunk.valid, ~lost)
    assert lost.any() != wire.skips_lost
    precision = 4e-7 if wire.sample_type == "float32" else 1e-12
    np.testing.assert_allclose(chunk.xy_px, expected, atol=precision * max(screen.size_px))
    assert np.nanmax(chunk.xy_px[:, 0]) > 0
    if wire.pupil_mm_per_unit:
        assert np.nanmedian(chunk.pupil_mm, axis=0).tolist() == [3.0, 4.0]
    else:
        assert np.isnan(chunk.pupil_mm).all()


@pytest.mark.parametrize("wire", IN_SCENE, ids=lambda wire: wire.profile)
def test_gaze_in_a_scene_picture_is_refused_and_through_a_map_arrives_where_somebody_looked(
    wire: WireFormat, heard: dict[str, tuple[SourceInfo, GazeChunk]], table: dict[str, StreamReading]
) -> None:
    refused = table[wire.names[0].replace("*", "test")]
    assert refused.profile == ""
    assert "head-worn camera" in refused.note
    assert "--surface" in refused.note
    info, chunk = heard[wire.profile]
    assert info.profile == f"{wire.profile}+surface"
    assert len(chunk) >= 30
    _, both = truth(chunk.t_source_s)
    # The tool averages the eyes in the picture, which is not quite the picture of their average.
    error_px = np.linalg.norm(chunk.xy_px - both * Screen().size_px, axis=1)
    assert chunk.valid.mean() > 0.7
    assert not chunk.valid[np.isnan(both[:, 0])].any()
    assert np.nanmax(error_px) < 0.5


def test_every_stream_is_listed_with_what_it_is_and_its_real_rate(table: dict[str, StreamReading]) -> None:
    by_name = [wire.names[0].replace("*", "test") for wire in IN_SCENE]
    assert set(table) == {wire.profile for wire in ON_SCREEN} | {*by_name, "pupil_capture_pupillometry_only"}
    for wire in ON_SCREEN:
        one = table[wire.profile]
        assert len(one.channels) == len(wire.channels)
        assert [c.role for c in one.channels].count("gaze x, both") + sum(
            c.role.startswith("gaze x, ") and c.role != "gaze x, both" for c in one.channels
        ) == len(wire.points)
        assert one.nominal_hz == (RATE_HZ if wire.claims_true_rate else wire.nominal_hz)
        assert one.measured_hz is not None
        arriving = 0.9 if wire.skips_lost else 1.0
        assert one.measured_hz == pytest.approx(arriving * RATE_HZ, rel=0.08)
        assert one.source_id == wire.source_id.format("test")
        assert one.stamps
    assert table["tobii-pro"].nominal_hz == 600.0
    assert "eye cameras" in table["pupil_capture_pupillometry_only"].note


def column(wire: WireFormat, chunk: GazeChunk, label: str) -> FloatArray:
    return chunk.raw[:, [channel.label for channel in wire.channels].index(label)]


def test_lost_eyes_look_as_each_tool_writes_them(heard: dict[str, tuple[SourceInfo, GazeChunk]]) -> None:
    known = {wire.profile: wire for wire in FORMATS}

    def values(profile: str, label: str) -> tuple[FloatArray, FloatArray]:
        chunk = heard[profile][1]
        lost = np.isnan(truth(chunk.t_source_s)[0][..., 0])
        return column(known[profile], chunk, label), lost

    left_x, lost = values("tobii-pro", "left_x")
    np.testing.assert_array_equal(np.isnan(left_x), lost[:, 0])
    left_x, lost = values("eyelink", "leftEyeX")
    np.testing.assert_array_equal(left_x == -32768, lost[:, 0])
    valid, lost = values("gazepoint", "FPOGV")
    np.testing.assert_array_equal(valid == 0, lost.all(axis=1))
    np.testing.assert_array_equal(values("gazepoint", "FPOGX")[0] == 0, lost.all(axis=1))
    code, lost = values("tobii-legacy", "Confidence_right")
    np.testing.assert_array_equal(code, np.where(lost[:, 1], 4.0, 0.0))
    flag, lost = values("titta", "valid.pupil.left_eye")
    np.testing.assert_array_equal(flag == 0, lost[:, 0])
    assert (values("titta", "available.pupil.left_eye")[0] == 1).all()
    stamp, _ = values("titta", "channel 36")
    np.testing.assert_allclose(stamp, heard["titta"][1].t_source_s, atol=1e-9)
    filtered, _ = values("eyelogic", "Screen_X_filtered")
    np.testing.assert_array_equal(filtered, values("eyelogic", "Screen_X_raw")[0])
    screen_x, lost = values("eyetribe", "Screen_X")
    np.testing.assert_array_equal(screen_x == 0, lost.all(axis=1))
    confidence, lost = values("pupil-core", "confidence")
    np.testing.assert_array_equal(confidence < 0.6, lost.all(axis=1))
    chunk = heard["tobii-stream-engine"][1]
    assert not np.isnan(truth(chunk.t_source_s)[0][..., 0]).all(axis=1).any()


@pytest.mark.usefixtures("tools")
def test_each_stream_is_described_as_its_tool_describes_it() -> None:
    pylsl = load_pylsl()
    infos = {}
    for handle in pylsl.resolve_streams(1.0):
        inlet = pylsl.StreamInlet(handle, recover=False)
        infos[handle.name(), handle.channel_count()] = inlet.info(3.0)
    titta, legacy, pro = infos["Tobii_gaze", 37], infos["Tobii", 14], infos["Tobii", 6]
    assert titta.as_xml().count("<channel>") == 36
    assert "<unit>" not in legacy.as_xml()
    assert pro.desc().child("acquisition").child_value("model") == "TODO"
    assert infos["TobiiStreamEngine", 2].source_id() == ""
    assert infos["TobiiStreamEngine", 2].desc().child("channels").empty()
    assert {infos[key].type() for key in infos if key[0] in ("TobiiStreamEngine", "GazepointEyeTracker")} == {
        "gaze"
    }
    relay = infos["pupil_labs_Gaze", 2].as_xml()
    assert relay.count("<metatype>Screen") == 2
    assert "<type>Screen" not in relay
    assert infos["GazepointEyeTracker", 6].desc().child_value("manufacturer") == "Gazepoint"
    eyelogic = infos["EyeLogic", 17].desc().child("acquisition")
    assert (eyelogic.child_value("model"), eyelogic.child_value("serial number")) == ("One", "")
    smi = infos["iViewX", 13].as_xml()
    assert smi.count("<unit>pixels</unit>") == 4
    beside = {"Tobii_externalSignal", "Tobii_timeSync", "Tobii_positioning", "pupil_capture_fixations"}
    assert beside <= {name for name, _ in infos}
    positioning = infos["Tobii_positioning", 8].as_xml()
    assert positioning.count("valid.user_position.right_eye") == 2
