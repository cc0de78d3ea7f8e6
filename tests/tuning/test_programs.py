"""From a real recording to a judged persona and a simulation, as child programs with the shipped model."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocols.errors import NotEnoughExamples
from protocols.raster import render
from protocols.stimulus import Viewport
from protocols.study import load_study
from protocols.wire import decode, encode
from tests.tuning.drawn_session import TRIALS, write_session
from tuning.config import FitConfig
from tuning.events import ROWS, Comparison, Event, PageSpec
from tuning.recordings import held_out, read_material
from tuning.splits import split_screens


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("session") / "one.h5", "P01")


def program(*arguments: str) -> tuple[int, list[Any]]:
    found = subprocess.run(
        [sys.executable, "-P", "-m", "tuning", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return found.returncode, [decode(line, Event) for line in found.stdout.splitlines()]


def test_a_recording_becomes_examples_whose_pages_carry_letters(session: Path) -> None:
    material = read_material([session], lambda screens: split_screens(screens, 0))
    assert len(material.examples) == TRIALS
    assert material.participant == "P01"
    assert material.preferred == ("Drama", "Comedy", "Horror")
    screens = {t.screen.id: t.screen for t in load_study("demo").trials(0, 1)}
    for example in material.examples:
        expected = render(screens[example.page.screen_id], example.page.viewport, letters=True)
        shown = render(screens[example.page.screen_id], example.page.viewport)
        assert example.page.digest == expected.digest
        assert example.shown == shown.digest
        assert example.gaze is not None
        assert example.cursor is None
        assert example.click is not None
        assert example.split == material.splits[example.page.screen_id]
    assert {e.split for e in material.examples} == {"train", "val", "test"}


def test_known_screens_keep_their_split_and_new_ones_are_for_judging(session: Path) -> None:
    first = read_material([session], lambda screens: split_screens(screens, 0)).splits
    known = dict(list(first.items())[:3])
    again = read_material([session], held_out(known)).splits
    assert again == {screen: known.get(screen, "test") for screen in first}


def test_sessions_of_two_participants_are_refused(session: Path, tmp_path: Path) -> None:
    other = write_session(tmp_path / "two.h5", "P02")
    with pytest.raises(NotEnoughExamples, match=r"P01.*P02"):
        read_material([session, other], lambda screens: split_screens(screens, 0))


@pytest.mark.engine
@pytest.mark.slow
def test_fit_compare_and_simulate(session: Path, tmp_path: Path) -> None:
    persona, fitted, compared = tmp_path / "p.safetensors", tmp_path / "fit.json", tmp_path / "compare.json"
    settings = tmp_path / "fit.toml"
    settings.write_text(FitConfig(steps=20, seed=4).to_toml())
    code, events = program(
        *("fit", str(session), "--out", str(persona)),
        *("--comparison", str(fitted), "--config", str(settings)),
    )
    assert code == 0, events[-1]
    assert [e.kind for e in events][-4:] == ["saved", "saved", "compared", "done"]
    assert events[-2].heldout.keys() == set(ROWS)

    code, events = program("compare", str(persona), str(session), "--out", str(compared))
    assert code == 0
    assert compared.read_text() == fitted.read_text()
    judged = decode(compared.read_text(), Comparison).judged
    header = json.loads(persona.read_bytes()[8 : 8 + int.from_bytes(persona.read_bytes()[:8], "little")])
    provenance = json.loads(header["__metadata__"]["gazetwin"])
    assert {provenance["splits"][j.screen] for j in judged} == {"test"}
    assert len(provenance["sessions"][0]["sha256"]) == 64

    page = tmp_path / "page.json"
    screen = load_study("recgaze").screens[0]
    page.write_text(encode(PageSpec(screen=screen, viewport=Viewport(340.0, (0,) * 10))))
    code, events = program("simulate", str(persona), str(page))
    assert code == 0
    assert len(events[0].films) == len(events[0].view.attention) == len(events[0].combined.choice)


@pytest.mark.engine
def test_a_killed_fit_goes_on_and_ends_with_the_same_persona(session: Path, tmp_path: Path) -> None:
    settings = tmp_path / "fit.toml"
    settings.write_text(FitConfig(steps=16, evaluate_every=4).to_toml())
    whole, out = tmp_path / "whole.safetensors", tmp_path / "p.safetensors"
    code, _ = program("fit", str(session), "--out", str(whole), "--config", str(settings))
    assert code == 0
    command = [sys.executable, "-P", "-m", "tuning", "fit", str(session), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--config", str(settings)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if '"step":6' in line.replace(" ", ""):
                running.kill()
                break
    unfinished = tmp_path / "p.safetensors.unfinished"
    assert not out.exists()
    code, events = program("fit", str(session), "--out", str(out), "--config", str(settings))
    assert code == 0, events[-1]
    assert not unfinished.exists()
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.engine
def test_what_cannot_be_read_or_written_is_said_before_the_work(session: Path, tmp_path: Path) -> None:
    code, events = program("simulate", str(tmp_path / "p"), str(tmp_path / "page.json"))
    assert (code, events[-1].code) == (2, "StimulusMissing")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    code, events = program("fit", str(session), "--out", str(blocked / "p.safetensors"))
    assert (code, events[-1].code) == (2, "TuningError")
    assert [e.kind for e in events] == ["progress", "failed"]
    assert stat.S_ISREG(blocked.stat().st_mode)


@pytest.mark.engine
@pytest.mark.slow
def test_recorded_sessions_are_a_cohort(session: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    shutil.copy(session, folder / "one.h5")
    write_session(folder / "two.h5", "P02")
    study = tmp_path / "mine.toml"
    study.write_text(
        'name = "mine"\nabout = "Two recorded participants."\noperators = ["rollout"]\nseeds = [0]\n'
        "[fit]\nsteps = 4\nevaluate_every = 2\n"
        '[cohort]\nkind = "recorded"\nsessions = ["sessions/"]\n'
    )
    code, events = program("study", str(study), "--out", str(tmp_path / "out"))
    assert code == 0, events[-1]
    told = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "2 participants; 1 seed; 4 cells, 0 failed" in told
    assert "With 2 participants" in told
    lines = (tmp_path / "out" / "participants.csv").read_text(encoding="utf-8")
    assert "P01" in lines
    assert "P02" in lines
