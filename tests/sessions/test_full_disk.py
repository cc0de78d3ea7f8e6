from __future__ import annotations

import errno
import itertools
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import sessions.atomic_file as atomic_file
from protocols.errors import SessionError
from sessions.reader import Recording
from sessions.recover import recover
from sessions.reserve import Reserve
from sessions.schema import State

# Records numbered samples until 8000 are in the file or in memory, where no file may grow beyond the size
# given in bytes, which a real file system refuses as it refuses a full disk; then ends the recording.
PROGRAM = textwrap.dedent("""
    import json, resource, sys, time
    from pathlib import Path
    import numpy as np
    from acquisition.recorder import Recorder
    from acquisition.samples import GazeChunk
    from acquisition.scripted import ScriptedSource
    from acquisition.source import SourceInfo
    from protocols.geometry import Screen
    from protocols.participant import Participant
    from protocols.study import load_study
    from sessions.writer import SessionWriter

    def chunk(first):
        n = np.arange(first, first + 80.0)
        two = np.column_stack([n, n])
        return GazeChunk(n / 40, n / 40, two, n >= 0, two, np.repeat(n[:, None], 37, axis=1))

    chunks = [c for i in range(100) for c in (chunk(80.0 * i), GazeChunk.empty(37))]
    info = SourceInfo("s", "scripted", "gazetwin", "", 0.0, tuple(map(str, range(37))), ("",) * 37)
    source = ScriptedSource(chunks, info=info)
    source.open()
    writer = SessionWriter.create(
        Path(sys.argv[1]), study=load_study("free-gaze"), participant=Participant(pseudonym="P1"),
        screen=Screen(), source=info, clock_pair=(0.0, 0.0), software="test")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    recorder = Recorder(source, writer)
    recorder.start()
    while recorder.status().samples < 8000:
        time.sleep(0.01)
    report = recorder.stop()
    print(json.dumps([report.failure, [event.code for event in recorder.status().events]]))
""")


def test_what_the_file_has_no_room_for_is_recovered_from_the_journal(tmp_path) -> None:
    path = tmp_path / "s.h5"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(path), "2600000"],
        capture_output=True,
        text=True,
        check=True,
    )
    failure, codes = json.loads(ran.stdout)
    assert codes == ["writing_late"]
    assert "File too large" in failure
    assert "Everything recorded is there" in failure
    assert f"gazetwin recover {path}" in failure
    report = recover(path)
    assert (report.journal, report.after) == ("applied", State.SEALED)
    with Recording.open(path) as recording:
        np.testing.assert_array_equal(recording.gaze().raw[:, 0], np.arange(8000.0))
        assert recording.connections()[0].received == 8000
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that is full until the space set aside is given up, and again after so many more writes."""

    def fill(then_writes: int | None = None) -> None:
        real, given_up = atomic_file._write_all, []
        writes = itertools.count()
        give_up = Reserve.give_up

        def notice(reserve: Reserve) -> bool:
            given_up.append(reserve)
            return give_up(reserve)

        def refuse(file, offset: int, data: bytes) -> None:
            if not given_up or (then_writes is not None and next(writes) >= then_writes):
                raise OSError(errno.ENOSPC, "No space left on device")
            real(file, offset, data)

        monkeypatch.setattr(Reserve, "give_up", notice)
        monkeypatch.setattr(atomic_file, "_write_all", refuse)

    return fill


def test_a_full_disk_is_told_and_the_space_set_aside_lets_the_recording_end(
    tmp_path, scene, begun, filled, full_disk
) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    filled(writer, scene)
    full_disk()
    with pytest.raises(OSError, match="32 MiB it had set aside") as told:
        writer.flush()
    assert told.value.errno == errno.ENOSPC
    writer.flush()
    writer.close("complete")
    with Recording.open(writer.path) as recording:
        assert recording.samples == len(scene.gaze)
        assert recording.state is State.SEALED


def test_a_disk_without_any_room_costs_what_was_not_flushed_and_says_so(
    tmp_path, scene, begun, full_disk, caplog
) -> None:
    writer = begun(tmp_path / "s.h5", scene)
    writer.gaze(scene.gaze)
    writer.flush()
    full_disk(then_writes=0)
    writer.gaze(scene.gaze)
    with pytest.raises(OSError, match="set aside"):
        writer.flush()
    with pytest.raises(SessionError, match="since the disk first refused is lost"):
        writer.close("complete")
    assert "no room" in caplog.text
    assert recover(writer.path).after is State.RECOVERED
    with Recording.open(writer.path) as recording:
        assert recording.samples == len(scene.gaze)


def test_a_recording_is_not_begun_on_a_disk_that_is_nearly_full(tmp_path, scene, begun, monkeypatch) -> None:
    def full(file: int, size: int) -> None:
        raise OSError(errno.ENOSPC, f"No space left on device for {size} bytes of {file}")

    monkeypatch.setattr("sessions.reserve._filled", full)
    with pytest.raises(SessionError, match="less than 32 MiB"):
        begun(tmp_path / "s.h5", scene)
    assert not list(tmp_path.iterdir())


def test_where_no_space_can_be_set_aside_it_is_recorded_all_the_same(
    tmp_path, scene, begun, monkeypatch, caplog
) -> None:
    def unable(file: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, f"Operation not supported for {size} bytes of {file}")

    monkeypatch.setattr("sessions.reserve._filled", unable)
    begun(tmp_path / "s.h5", scene).close("complete")
    assert "Operation not supported" in caplog.text


def test_the_space_set_aside_is_real_and_leaves_no_file(tmp_path) -> None:
    reserve = Reserve(tmp_path)
    assert not list(tmp_path.iterdir())
    assert reserve.give_up()
    assert not reserve.give_up()
