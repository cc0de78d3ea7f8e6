"""The first moments of a recording: a file is there only once it can be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sessions.atomic_file import AtomicFile, journal_path

DYING = """
import os, sys
from pathlib import Path
import sessions.writer as writer
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.study import load_study

begin = writer.SessionWriter._begin
def dying(self, header):
    if sys.argv[2] == "late":
        begin(self, header)
    os._exit(9)
writer.SessionWriter._begin = dying
source = SourceInfo("script", "scripted", "scripted", "", 0.0, (), ())
writer.SessionWriter.create(
    Path(sys.argv[1]), study=load_study("free-gaze"), participant=Participant(pseudonym="P01"),
    screen=Screen(), source=source, clock_pair=(0.0, 0.0), software="test",
)
"""


@pytest.mark.parametrize("when", ["early", "late"])
def test_a_death_before_the_first_flush_leaves_no_file_of_that_name(tmp_path: Path, when: str):
    path = tmp_path / "session.h5"
    ended = subprocess.run([sys.executable, "-P", "-c", DYING, str(path), when], check=False)
    assert ended.returncode == 9
    assert not path.exists()


def test_a_file_takes_its_name_with_its_journal_and_never_that_of_another(tmp_path: Path):
    taken, free = tmp_path / "taken", tmp_path / "free"
    taken.write_bytes(b"precious")
    file = AtomicFile(tmp_path / "unborn")
    file.write(b"one")
    file.flush()
    with pytest.raises(FileExistsError):
        file.appear_as(taken)
    file.appear_as(free)
    file.write(b"two")
    file.flush()
    assert journal_path(free).exists()
    file.close()
    assert (taken.read_bytes(), free.read_bytes()) == (b"precious", b"onetwo")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["free", "taken"]
