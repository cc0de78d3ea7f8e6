"""Every export to a simulator: the contract, harmless text, and a check that finds what is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ExportError
from tests.tuning.simulators.variants import SETTINGS, answering, doing, only, with_genres
from tuning.exporting.contract import Personas
from tuning.exporting.contract_suite import check_target
from tuning.exporting.plain import plain
from tuning.registry import make_target

TARGETS = sorted(SETTINGS)
HOSTILE = '=cmd|"/c"!A1\n<b>Drama</b>{{persona}}\u202e\x1b[31m`rm`'


@pytest.mark.parametrize("name", TARGETS)
def test_the_contract_of_targets(name: str, people: Personas, tmp_path: Path) -> None:
    report = check_target(make_target(name), replace(people, settings=SETTINGS[name]), tmp_path)
    assert (report.verification.by == "package") is (name == "gymnasium")  # the others are not installed here


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_text_does_not_get_through(name: str, people: Personas, exported: Callable) -> None:
    subject = people.subjects[0]
    use = with_genres(subject.use, {HOSTILE: (20, 10, 4, 3), "Comedy": (9, 5, 1, 1)})
    hostile = answering(doing(subject, use), ratings={HOSTILE: 5, "Comedy": 1}, preferred=(HOSTILE,))
    told = {key: HOSTILE for key in SETTINGS[name] if key in ("goal", "intent")}
    folder, report = exported(name, only(people, hostile), allow_proxy=True, **told)
    files = [path for path in folder.iterdir() if path.name in report.files and path.suffix != ".npy"]
    text = "".join(path.read_text() for path in files if not path.name.startswith("load_"))
    assert ("Drama" in text) is (name != "ultra")  # whose files hold no words
    for harm in ("<", ">", "{{p", "`", "\u202e", "\x1b", "=cmd", "\\n", "\\u", "\\x"):
        assert harm not in text
    assert not any(line.lstrip('"').startswith(("=", "+", "-", "@")) for line in text.splitlines())


@pytest.mark.parametrize("name", ["clax", "sardine"])
def test_genres_that_cannot_be_told_apart_are_refused(
    name: str, people: Personas, exported: Callable
) -> None:
    subject = people.subjects[0]
    use = with_genres(subject.use, {"Drama": (20, 10, 4, 3), "<Drama>": (9, 5, 1, 1)})
    with pytest.raises(ExportError, match="taken for the same"):
        exported(name, only(people, doing(subject, use)))


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_plain_text_is_one_harmless_line_or_refused(text: str) -> None:
    try:
        words = plain(text, "It", 50)
    except ExportError:
        assert not any(c.isalnum() and c.isascii() for c in text[:200])
        return
    assert 1 <= len(words) <= 50
    assert words.splitlines() == [words]
    assert words[0] not in "=+-@'\t"
    assert not set(words) & set('<>{}[]\\"`|$#*_~^=@\x00')
    assert plain(words, "It", 50) == words


BREAKS = {
    "agent4rec": ("user_statistic.csv", "0,2", "0,7"),
    "clax": ("personas.json", '"n": [', '"n": [5,'),
    "concordia": ("instances.jsonl", "basic__Entity", "basic__Else"),
    "gymnasium": ("P02.click_model.json", '"examination": [', '"examination": [0.5,'),
    "sardine": ("personas.json", '"env_alpha": 1.0', '"env_alpha": 0.5'),
    "tinytroupe": ("P01.agent.json", '"name": "P01"', '"name": "P02"'),
    "ultra": ("P01.click_model.json", '"click_prob": [', '"click_prob": [1.5,'),
    "uxagent": ("P02.json", '"intent": "Find', '"intents": "Find'),
    "yulan": ("user.csv", "female", "unknown"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_changed_file_does_not_pass(name: str, people: Personas, exported: Callable) -> None:
    folder, _ = exported(name, people, allow_proxy=True)
    file, old, new = BREAKS[name]
    assert make_target(name).verify(folder).problems == ()
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    assert len(make_target(name).verify(folder).problems) == 1


JUNK = {
    "empty": b"",
    "zeros": b"\x00" * 100,
    "not text": b"\xff\xfe\xfa",
    "nested": b"[" * 200_000,
    "one long cell": b'"' + b"x" * 1_000_000,
    "numbers": b"1e999",
    "a list": b"[]",
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_in_place_of_a_file_is_a_problem_and_no_crash(
    name: str, junk: bytes, people: Personas, exported: Callable
) -> None:
    folder, report = exported(name, people, allow_proxy=True)
    for file in report.files:
        whole = (folder / file).read_bytes()
        (folder / file).write_bytes(junk)
        assert len(make_target(name).verify(folder).problems) == 1, file
        (folder / file).write_bytes(whole)


def test_pickled_items_are_not_loaded(people: Personas, exported: Callable) -> None:
    folder, _ = exported("sardine", people)
    np.save(folder / "items.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "Python objects" in make_target("sardine").verify(folder).problems[0]


@pytest.mark.parametrize("name", ["clax", "sardine"])
def test_a_changed_loader_does_not_pass_and_is_not_run(
    name: str, people: Personas, exported: Callable, tmp_path: Path
) -> None:
    folder, _ = exported(name, people)
    loader = folder / f"load_{name}.py"
    loader.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + loader.read_text())
    assert "changed" in make_target(name).verify(folder).problems[0]
    assert not (tmp_path / "ran").exists()


def test_a_file_of_any_size_is_not_read_whole(people: Personas, exported: Callable) -> None:
    folder, _ = exported("clax", people)
    with (folder / "personas.json").open("ab") as file:
        file.truncate(80 * 1024 * 1024)
    assert "more than" in make_target("clax").verify(folder).problems[0]


def test_no_target_needs_torch() -> None:
    modules = ", ".join(f"tuning.exporting.{name}" for name in TARGETS)
    code = f"import sys, {modules}; sys.exit(any(m in sys.modules for m in ('torch', 'h5py', 'PySide6')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
