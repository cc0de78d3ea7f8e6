from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import sessions.atomic_file as atomic_file
from protocols.errors import SessionCorrupt, SessionError, SessionMissing, SessionUnsealed
from sessions.reader import Recording
from sessions.recover import recover
from sessions.schema import State

# Writes samples whose values are their number, a page and a marker now and then; tells after each flush.
RECORDING = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    import numpy as np
    from acquisition.samples import CursorChunk, GazeChunk
    from acquisition.source import SourceInfo
    from protocols.geometry import Screen
    from protocols.markers import Code, Marker
    from protocols.participant import Participant
    from protocols.slots import SlotLayout
    from protocols.stimulus import Page, Viewport
    from protocols.study import load_study
    from sessions.writer import SessionWriter

    source = SourceInfo("s", "scripted", "gazetwin", "", 1000.0, ("a", "b"), ("", ""))
    writer = SessionWriter.create(
        Path(sys.argv[1]), study=load_study("free-gaze"), participant=Participant(pseudonym="P1"),
        screen=Screen(), source=source, clock_pair=(0.0, 0.0), software="test")
    count, flushed = 0, time.monotonic()
    while True:
        n = np.arange(count, count + 20, dtype=float)
        two = np.column_stack([n, n])
        writer.gaze(GazeChunk(n, n, two, n >= 0, two, two))
        writer.cursor(CursorChunk(n, two, n))
        writer.marker(Marker(float(count), Code.NOTE, -1, {"count": count}))
        if count % 400 == 0:
            image = np.full((40, 60, 3), count // 400 % 256, np.uint8)
            writer.page(Page(image, SlotLayout((), (60, 40)), (), "s", Viewport(0.0, ()), f"page{count}"))
        count += 20
        time.sleep(0.001)
        if time.monotonic() - flushed > 0.02:
            writer.flush()
            flushed = time.monotonic()
            print(count, flush=True)
""")


def killed_while_writing(path: Path, after_s: float) -> int:
    """Return how many samples the program said were flushed before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", RECORDING, str(path)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        said = program.stdout.readline()
        time.sleep(after_s)
        os.kill(program.pid, signal.SIGKILL)
        lines = [line for line in [said, *program.stdout] if line.endswith("\n")]
    return int(lines[-1])


@pytest.mark.parametrize("seed", range(3))
def test_everything_flushed_survives_a_kill_at_a_random_moment(tmp_path, seed) -> None:
    path = tmp_path / "s.h5"
    flushed = killed_while_writing(path, np.random.default_rng(seed).uniform(0.05, 0.4))
    with pytest.raises(SessionUnsealed, match="gazetwin recover"):
        Recording.open(path)
    report = recover(path)
    assert (report.before, report.after) == (State.RECORDING, State.RECOVERED)
    with Recording.open(path) as recording:
        gaze, cursor, markers = recording.gaze(), recording.cursor(), recording.markers()
        assert len(gaze) >= flushed
        assert report.kept["gaze"] == len(gaze)
        for column in (gaze.t_s, gaze.t_source_s, gaze.raw[:, 1], gaze.xy_px[:, 0], cursor.t_s):
            assert np.array_equal(column, np.arange(len(column)))
        assert [m.payload["count"] for m in markers] == [20 * i for i in range(len(markers))]
        assert set(recording.page_digests()) >= {f"page{i}" for i in range(0, flushed, 400)}
        for digest in recording.page_digests():
            assert (recording.page(digest).image == int(digest[4:]) // 400 % 256).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.h5"]


def test_a_sound_recording_stays_as_it_is(tmp_path, recorded) -> None:
    path = tmp_path / "s.h5"
    path.write_bytes(recorded.read_bytes())
    report = recover(path)
    assert not report.changed
    assert report.after is State.SEALED
    assert path.read_bytes() == recorded.read_bytes()


def test_unequal_columns_are_cut_to_the_shortest_and_the_original_is_kept(tmp_path, recorded) -> None:
    path = tmp_path / "s.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as h5:
        h5.attrs["state"] = "recording"
        for name in h5["gaze"]:
            h5["gaze"][name].resize(1000 if name in ("t_s", "raw") else 990, axis=0)
    damaged = path.read_bytes()
    report = recover(path)
    assert report.dropped == {"gaze": 10}
    assert report.kept["gaze"] == 990
    assert report.original is not None
    assert report.original.read_bytes() == damaged
    with Recording.open(path) as recording:
        assert len(recording.gaze()) == 990


def test_a_kill_during_the_journal_loses_only_what_came_after_the_last_flush(
    tmp_path, scene, begun, filled
) -> None:
    path = tmp_path / "s.h5"
    writer = begun(path, scene)
    filled(writer, scene)
    writer.flush()
    for journal, expected in ((b"GTJOURN1half", "incomplete"), (b"", "none")):
        copy = tmp_path / f"{expected}.h5"
        copy.write_bytes(path.read_bytes())
        atomic_file.journal_path(copy).write_bytes(journal)
        report = recover(copy)
        assert report.journal == expected
        with Recording.open(copy) as recording:
            assert recording.samples == len(scene.gaze)
    writer.close("complete")


def test_a_kill_after_the_journal_loses_nothing(tmp_path, scene, begun, filled, monkeypatch) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    filled(writer, scene)
    real, calls = atomic_file._write_all, itertools.count()

    def dies_in_the_file(file, offset: int, data: bytes) -> None:
        if next(calls) == 3:
            raise OSError("killed here")
        real(file, offset, data)

    monkeypatch.setattr(atomic_file, "_write_all", dies_in_the_file)
    with pytest.raises(OSError, match="killed here"):
        writer.flush()
    copy = tmp_path / "copy.h5"
    copy.write_bytes(writer.path.read_bytes())
    atomic_file.journal_path(copy).write_bytes(atomic_file.journal_path(writer.path).read_bytes())
    with pytest.raises(SessionUnsealed, match="gazetwin recover"):
        Recording.open(copy)
    assert recover(copy).journal == "applied"
    with Recording.open(copy) as recording:
        assert recording.samples == len(scene.gaze)
        assert len(recording.page_digests()) == len(scene.pages)
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        assert recording.samples == len(scene.gaze)


def test_a_live_recording_is_left_alone(tmp_path, scene, begun) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    with pytest.raises(SessionError, match="another program"):
        recover(writer.path)
    writer.close("complete")


def test_what_cannot_be_recovered_is_told_without_false_hope(recorded, tmp_path) -> None:
    empty, cut = tmp_path / "empty.h5", tmp_path / "cut.h5"
    empty.touch()
    cut.write_bytes(recorded.read_bytes()[:20_000])
    for read in (recover, Recording.open):
        with pytest.raises(SessionCorrupt, match="is empty"):
            read(empty)
    with pytest.raises(SessionCorrupt) as refused:
        recover(cut)
    assert "backup" in refused.value.fix
    assert "recovering" not in str(refused.value)
    with pytest.raises(SessionCorrupt) as unreadable:
        Recording.open(cut)
    assert "gazetwin recover" not in unreadable.value.fix
    with pytest.raises(SessionMissing, match=r"is a folder.*cut\.h5"):
        Recording.open(tmp_path)


def test_what_cannot_be_recovered_is_left_untouched(tmp_path) -> None:
    with pytest.raises(SessionMissing):
        recover(tmp_path / "none.h5")
    path = tmp_path / "s.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(400))
    with pytest.raises(SessionCorrupt, match="left untouched"):
        recover(path)
    assert path.read_bytes() == b"\x89HDF\r\n\x1a\n" + bytes(400)
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]
