"""A data set grows, and is sound at every moment."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ExportError
from sessions.exporters.bids import export_bids
from sessions.exporters.bids_names import free_label, label
from sessions.exporters.tsv import read_tsv, write_tsv


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_pseudonyms_are_mapped_to_labels_that_nobody_shares(data_set) -> None:
    _, rows = read_tsv(data_set / "participants.tsv")
    assert {row["pseudonym"]: row["participant_id"] for row in rows} == {
        "P-01.a": "sub-P01a",
        "P01": "sub-P01",
        "P01.A": "sub-P01An2",
    }


def test_more_recordings_are_added_and_nothing_that_was_there_changes(data_copy, bare, channelless) -> None:
    _, people = read_tsv(data_copy / "participants.tsv")
    write_tsv(data_copy / "new.tsv", [*people[0], "age"], [[*row.values(), 30] for row in people])
    (data_copy / "new.tsv").replace(data_copy / "participants.tsv")  # as a researcher would add a column
    before = contents(data_copy)
    added = list(export_bids([bare, channelless], data_copy))
    assert [str(e.target.relative_to(data_copy)) for e in added] == ["sub-P01/ses-02", "sub-P01/ses-03"]
    after = contents(data_copy)
    tables = {"participants.tsv", "sub-P01/sub-P01_sessions.tsv"}
    assert {name: after[name] for name in before if name not in tables} == {
        name: before[name] for name in before if name not in tables
    }
    for name in tables:
        assert after[name].startswith(before[name])
    _, rows = read_tsv(data_copy / "participants.tsv")
    assert [row["age"] for row in rows] == ["30"] * 3
    _, rows = read_tsv(data_copy / "sub-P01" / "sub-P01_sessions.tsv")
    assert [(row["session_id"], row["state"]) for row in rows] == [
        ("ses-01", "sealed"),
        ("ses-02", "aborted"),
        ("ses-03", "sealed"),
    ]


def test_a_recording_is_in_a_data_set_only_once(data_copy, complete, bare) -> None:
    before = contents(data_copy)
    with pytest.raises(ExportError, match="in the data set already"):
        list(export_bids([bare, complete], data_copy))
    assert contents(data_copy) == before
    with pytest.raises(ExportError, match="in the data set already"):
        list(export_bids([bare, bare], data_copy.parent / "new"))
    assert [path.name for path in data_copy.parent.iterdir()] == ["data"]


def test_somebody_elses_folder_is_left_alone(tmp_path, complete) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    (tmp_path / "dataset_description.json").write_text('{"GeneratedBy": [{"Name": "another"}]}')
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    (tmp_path / "dataset_description.json").write_text("{")
    with pytest.raises(ExportError, match="something else"):
        list(export_bids([complete], tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_folder_becomes_the_data_set(tmp_path, bare) -> None:
    (tmp_path / "data").mkdir()
    inode = (tmp_path / "data").stat().st_ino
    (exported,) = export_bids([bare], tmp_path / "data")
    assert (tmp_path / "data").stat().st_ino == inode  # somebody may be in it
    assert (tmp_path / "data" / "dataset_description.json").exists()
    assert exported.target.is_dir()
    assert "There is no gaze sample." in exported.notes
    assert not list(exported.target.rglob("*physio*"))


def test_the_current_folder_can_become_the_data_set(tmp_path, bare, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (exported,) = export_bids([bare], Path())
    assert exported.target == tmp_path / "sub-P01" / "ses-01"


def test_an_interrupted_export_adds_nothing(data_copy, bare, channelless) -> None:
    before = contents(data_copy)
    half: Iterator[object] = export_bids([bare, channelless], data_copy)
    next(half)
    half.close()
    assert contents(data_copy) == before
    assert [path.name for path in data_copy.parent.iterdir()] == ["data"]


def test_an_export_that_died_while_moving_files_can_be_repeated(data_copy, bare) -> None:
    list(export_bids([bare], data_copy))
    shutil.rmtree(data_copy / "sub-P01" / "ses-02")  # named in the table, and not there yet
    (exported,) = export_bids([bare], data_copy)
    assert exported.target == data_copy / "sub-P01" / "ses-02"
    _, rows = read_tsv(data_copy / "sub-P01" / "sub-P01_sessions.tsv")
    assert [row["session_id"] for row in rows] == ["ses-01", "ses-02"]


class Died(Exception):
    pass


@pytest.mark.parametrize("begun_before", [True, False])
def test_whenever_an_export_dies_the_data_set_is_consistent_and_the_rest_can_follow(
    data_set, bare, newcomer, tmp_path, monkeypatch, begun_before: bool
) -> None:
    wanted = [bare, newcomer]
    for moves in range(20):
        root = tmp_path / str(moves)
        if begun_before:
            shutil.copytree(data_set, root, copy_function=os.link)
        else:
            root.mkdir()
        _die_after(moves, monkeypatch)
        try:
            targets = [e.target for e in export_bids(wanted, root)]
        except Died:
            targets = []
        monkeypatch.undo()
        subjects = {row["participant_id"] for row in read_tsv(root / "participants.tsv")[1]}
        assert {path.name for path in root.glob("sub-*")} <= subjects
        for subject in root.glob("sub-*"):
            sessions = {row["session_id"] for row in read_tsv(subject / f"{subject.name}_sessions.tsv")[1]}
            assert {path.name for path in subject.glob("ses-*")} <= sessions
        if targets:
            break
        for path in wanted:
            with contextlib.suppress(ExportError):  # this one had come through
                targets += [e.target for e in export_bids([path], root)]
        assert len(list(root.glob("sub-*/ses-*"))) == (5 if begun_before else 2)
    assert moves == (4 if begun_before else 6)


def _die_after(moves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range(moves))

    def dying(real: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def move(path: Path, target: Path) -> Path:
            if next(left, None) is None:
                raise Died
            return real(path, target)

        return move

    monkeypatch.setattr(Path, "rename", dying(Path.rename))
    monkeypatch.setattr(Path, "replace", dying(Path.replace))


def test_a_table_that_lost_its_pseudonyms_is_not_guessed_at(data_copy, bare) -> None:
    text = (data_copy / "participants.tsv").read_text(encoding="utf-8")
    (data_copy / "participants.tsv").write_text(text.replace("pseudonym", "alias"), encoding="utf-8")
    with pytest.raises(ExportError, match="Whose gaze is there"):
        list(export_bids([bare], data_copy))


def test_a_number_that_a_researcher_took_is_not_given_again(data_copy, bare) -> None:
    table = data_copy / "sub-P01" / "sub-P01_sessions.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("ses-01", "ses-02"), encoding="utf-8")
    (data_copy / "sub-P01" / "ses-01").rename(data_copy / "sub-P01" / "ses-02")
    (exported,) = export_bids([bare], data_copy)
    assert exported.target.name == "ses-03"


@given(st.lists(st.text(max_size=8), max_size=8, unique=True))
@settings(max_examples=100)
def test_labels_are_letters_and_digits_and_all_different(texts: list[str]) -> None:
    taken: set[str] = set()
    for text in texts:
        given_label = free_label(text, taken)
        assert given_label.isascii()
        assert given_label.isalnum()
        assert given_label.startswith(label(text))
        assert given_label.lower() not in taken
        taken.add(given_label.lower())
