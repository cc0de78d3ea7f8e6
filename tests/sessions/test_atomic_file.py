from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessions.atomic_file as atomic_file
from sessions.atomic_file import AtomicFile, journal_path, replay_journal, waiting_flush


@dataclass(frozen=True)
class Change:
    """One change of one file on disk; ``data`` is None for a truncation to ``offset`` bytes."""

    name: str
    offset: int
    data: bytes | None

    def applied(self, files: dict[str, bytearray], some: int | None = None) -> None:
        content = files.setdefault(self.name, bytearray())
        if self.data is None:
            content.extend(bytes(max(0, self.offset - len(content))))
            del content[self.offset :]
            return
        data = self.data[:some]
        content.extend(bytes(max(0, self.offset + len(data) - len(content))))
        content[self.offset : self.offset + len(data)] = data


def write_session(path: Path, flushes: int) -> Iterator[int]:
    """Write a file as a recording does: growing columns, text, and a new group now and then."""
    file = AtomicFile(path)
    h5 = h5py.File(file, "w")
    columns = [h5.create_dataset(n, (0,), "f8", maxshape=(None,), chunks=(64,)) for n in ("a", "b")]
    texts = h5.create_dataset("text", (0,), h5py.string_dtype(), maxshape=(None,), chunks=(64,))
    for flush in range(flushes):
        for column in (*columns, texts):
            column.resize((flush + 1) * 30, axis=0)
            column[flush * 30 :] = [f"n{flush}"] * 30 if column is texts else float(flush)
        h5.create_group(f"pages/{flush}")["png"] = np.full(2000, flush, dtype="u1")
        h5.flush()
        file.flush()
        yield flush
    h5.close()
    file.close()


def state(path: Path) -> int:
    """Return how many flushes are in the file; fails when it is not exactly the state of a flush."""
    replay_journal(path)
    if not path.stat().st_size:
        return 0
    with h5py.File(path) as h5:
        if "text" not in h5:
            return 0
        flushes = len(h5["a"]) // 30
        expected = np.repeat(np.arange(flushes, dtype=float), 30)
        assert np.array_equal(h5["a"][:], expected)
        assert np.array_equal(h5["b"][:], expected)
        assert [t.decode() for t in h5["text"][:]] == [f"n{int(v)}" for v in expected]
        assert sorted(h5.get("pages", {}), key=int) == [str(i) for i in range(flushes)]
        assert all((h5[f"pages/{i}/png"][:] == i).all() for i in range(flushes))
        return flushes


def logged(path: Path, flushes: int, monkeypatch) -> tuple[list[Change], list[int]]:
    """Return every change of the disk in order, and after how many of them each flush had ended."""
    changes: list[Change] = []
    real_write, real_truncate = atomic_file._write_all, atomic_file._truncate

    def write_all(file, offset: int, data: bytes) -> None:
        changes.append(Change(Path(file.name).name, offset, data))
        real_write(file, offset, data)

    def truncate(file, size: int) -> None:
        changes.append(Change(Path(file.name).name, size, None))
        real_truncate(file, size)

    monkeypatch.setattr(atomic_file, "_write_all", write_all)
    monkeypatch.setattr(atomic_file, "_truncate", truncate)
    ended = [len(changes) for _ in write_session(path, flushes)]
    monkeypatch.undo()
    return changes, ended


def disk_after(folder: Path, changes: list[Change], cut: int, some: int) -> Path:
    """Lay out the disk as it was after ``cut`` changes and ``some`` bytes of the next one."""
    files: dict[str, bytearray] = {"s.h5": bytearray()}
    for change in changes[:cut]:
        change.applied(files)
    changes[cut].applied(files, some)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / "s.h5"


def test_whenever_the_writer_dies_the_file_is_the_last_flush_or_the_next(tmp_path, monkeypatch) -> None:
    changes, ended = logged(tmp_path / "s.h5", 6, monkeypatch)
    rng = np.random.default_rng(3)
    for cut, change in enumerate(changes):
        size = len(change.data or b"")
        for some in {0, size // 2, int(rng.integers(0, size + 1))}:
            folder = tmp_path / f"{cut}-{some}"
            flushed = int(np.searchsorted(ended, cut, side="right"))
            found = state(disk_after(folder, changes, cut, some))
            assert found in (flushed, flushed + 1), f"died {some} bytes into change {cut}"
            shutil.rmtree(folder)


def test_what_is_written_is_what_h5py_reads(tmp_path) -> None:
    path = tmp_path / "s.h5"
    for _ in write_session(path, 5):
        pass
    assert state(path) == 5
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]


def test_nothing_reaches_the_file_before_a_flush(tmp_path) -> None:
    file = AtomicFile(tmp_path / "x")
    file.write(b"hello")
    assert (tmp_path / "x").read_bytes() == b""
    file.flush()
    assert (tmp_path / "x").read_bytes() == b"hello"
    assert journal_path(tmp_path / "x").read_bytes() == b""
    file.close()


def test_a_disk_that_is_full_loses_nothing_once_there_is_room(tmp_path, monkeypatch) -> None:
    file = AtomicFile(tmp_path / "x")
    file.write(b"first")
    real, refusals = atomic_file._write_all, itertools.count()

    def full_twice(target, offset: int, data: bytes) -> None:
        if next(refusals) < 2:
            raise OSError(28, "No space left on device")
        real(target, offset, data)

    monkeypatch.setattr(atomic_file, "_write_all", full_twice)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            file.flush()
    file.write(b" second")
    file.close()
    assert (tmp_path / "x").read_bytes() == b"first second"


def test_a_file_that_refused_after_its_journal_was_whole_is_completed(tmp_path, monkeypatch) -> None:
    file = AtomicFile(tmp_path / "x")
    file.write(b"first")
    real, calls = atomic_file._write_all, itertools.count()

    def full_in_second(target, offset: int, data: bytes) -> None:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        real(target, offset, data)

    monkeypatch.setattr(atomic_file, "_write_all", full_in_second)
    with pytest.raises(OSError, match="No space"):
        file.flush()
    assert waiting_flush(tmp_path / "x")
    file.write(b" second")
    file.seek(0)
    assert file.read(12) == b"first second"
    file.flush()
    assert not waiting_flush(tmp_path / "x")
    file.close()
    assert (tmp_path / "x").read_bytes() == b"first second"


def test_two_programs_cannot_have_one_file(tmp_path) -> None:
    file = AtomicFile(tmp_path / "x")
    with pytest.raises(BlockingIOError):
        AtomicFile(tmp_path / "x", "r+b")
    file.close()
    AtomicFile(tmp_path / "x", "r+b").close()


writes = st.lists(
    st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=20), st.booleans()), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(writes)
def test_reads_see_every_write_flushed_or_not(tmp_path_factory, script) -> None:
    file = AtomicFile(tmp_path_factory.mktemp("f") / "x")
    model = bytearray()
    for offset, data, flush in script:
        model.extend(bytes(max(0, offset + len(data) - len(model))))
        model[offset : offset + len(data)] = data
        file.seek(offset)
        file.write(data)
        if flush:
            file.flush()
        file.seek(0)
        assert file.read(len(model)) == model
    file.close()
