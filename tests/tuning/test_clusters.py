"""Personas of several participants: by programs here, by a real Ray cluster with a killed worker, by jobs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
import torch

from protocols.errors import SessionMissing, SetupError, TuningError
from protocols.wire import Progress
from tests.tuning.drawn_session import write_session
from tuning.config import FitConfig
from tuning.events import Load, Saved, Warned
from tuning.experiments.store import Store
from tuning.experiments.study import run_study
from tuning.many import fit_many
from tuning.running.contract import Outcome, Runner, Task
from tuning.running.local import LocalRunner
from tuning.running.on_ray import RayRunner
from tuning.running.on_slurm import SlurmRunner
from tuning.running.place import runner
from tuning.running.worker import outcome

pytestmark = pytest.mark.engine

CONFIG = FitConfig(steps=8)
PEOPLE = ("P01", "P02", "P03")
STUDY = """
name = "tiny"
fit = { steps = 2 }
[cohort]
kind = "synthetic"
participants = 2
patternless = 0
screens = { training = 3, validation = 1, heldout = 1, seed = 4 }
"""


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    for name in PEOPLE:
        write_session(folder / name / "session.h5", name)
    return folder


def fitted(sessions: Path, out: Path, by: Runner) -> dict[str, bytes]:
    events = list(fit_many([sessions], out, CONFIG, Load(), by))
    assert not [e for e in events if isinstance(e, Warned)]
    return {path.stem: path.read_bytes() for path in out.glob("*.safetensors")}


@pytest.fixture(scope="module")
def local(sessions: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    found = fitted(sessions, tmp_path_factory.mktemp("local"), LocalRunner(1))
    assert sorted(found) == sorted(PEOPLE)
    return found


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Ray cluster of two nodes with one core each, on this machine; yields its address."""
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"):
        monkeypatch.setenv(name, "0")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
        cluster.wait_for_nodes()
        yield cluster.address
    finally:
        cluster.shutdown()


class Assassin(threading.Thread):
    """Kills one Ray worker as soon as it computes something."""

    def __init__(self) -> None:
        super().__init__(name="assassin")
        self.over = threading.Event()
        self.killed = 0

    def run(self) -> None:
        while not self.killed and not self.over.wait(0.05):
            busy = [p for p in psutil.process_iter(["name", "cmdline"]) if "compute" in _title(p)]
            if busy:
                time.sleep(0.3)  # in the middle of its work
                os.kill(busy[0].pid, signal.SIGKILL)
                self.killed = busy[0].pid

    def __enter__(self) -> Assassin:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def _title(process: psutil.Process) -> str:
    line = " ".join(process.info["cmdline"] or ())
    return line if line.startswith("ray::") else ""


@pytest.mark.timeout(300)
def test_a_cluster_whose_worker_is_killed_gives_the_local_personas_bit_for_bit(
    sessions: Path, local: dict[str, bytes], two_nodes: str, tmp_path: Path
) -> None:
    with Assassin() as assassin:
        found = fitted(sessions, tmp_path, RayRunner(two_nodes))
    assert assassin.killed
    assert found == local
    a_study_gives_the_same_there_and_here(two_nodes, tmp_path)


class Here:
    """Computes in this very program."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        threads = torch.get_num_threads()
        yield from map(outcome, tasks)
        torch.set_num_threads(threads)  # a worker has its program to itself


def a_study_gives_the_same_there_and_here(cluster: str, folder: Path) -> None:
    """Run a tiny study on the cluster that has just lost a worker; its cells are those computed here."""
    study = folder / "tiny.toml"
    study.write_text(STUDY, encoding="utf-8")
    cells = []
    for name, by in (("there", RayRunner(cluster)), ("here", Here())):
        events = list(run_study(study, folder / name, by))
        assert not [e for e in events if isinstance(e, Warned)]
        place = folder / name / "cells"
        results = [Store(place).get(path.stem) for path in sorted(place.glob("*.json"))]
        cells.append([r and r.model_copy(update={"seconds": 0.0}) for r in results])
    assert len(cells[0]) == 4
    assert None not in cells[0]
    assert cells[0] == cells[1]
    assert (folder / "there" / "report.html").is_file()


def test_jobs_of_submitit_give_the_local_personas(
    sessions: Path, local: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    by = SlurmRunner(jobs=2, logs=tmp_path / "logs", system="local")
    assert fitted(sessions, tmp_path / "out", by) == local


def test_what_is_there_and_whole_is_not_fitted_again(
    sessions: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in local.items():
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    (tmp_path / "P02.safetensors").write_bytes(local["P02"][:-100])
    events = list(fit_many([sessions], tmp_path, CONFIG, Load(), LocalRunner(1)))
    assert [Path(e.path).stem for e in events if isinstance(e, Saved)] == ["P02"]
    assert [e.message for e in events if isinstance(e, Progress)][1] == "2 of 3 are there"
    assert (tmp_path / "P02.safetensors").read_bytes() == local["P02"]


def test_other_settings_replace_nothing_unless_told_to(
    sessions: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    file = tmp_path / "out" / "mine.safetensors"
    by, short = LocalRunner(1), FitConfig(steps=1)
    list(fit_many([sessions / "P01"], file, CONFIG, Load(), by))
    assert file.read_bytes() == local["P01"]  # one participant: the file, and no folder of that name
    with pytest.raises(TuningError, match="Not one of 1"):
        list(fit_many([sessions / "P01"], file, short, Load(), by))
    assert file.read_bytes() == local["P01"]
    list(fit_many([sessions / "P01"], file, short, Load(), by, force=True))
    assert file.read_bytes() != local["P01"]
    with pytest.raises(TuningError, match="is one file"):
        list(fit_many([sessions], file, CONFIG, Load(), by))


def test_a_participant_who_cannot_be_fitted_is_named_and_the_others_are_fitted(
    sessions: Path, local: dict[str, bytes], tmp_path: Path
) -> None:
    good = sessions / "P01" / "session.h5"
    poor = write_session(tmp_path / "X01.h5", "X01", trials=1)
    events = list(fit_many([good, poor], tmp_path / "out", CONFIG, Load(), LocalRunner(1)))
    assert [e.what for e in events if isinstance(e, Warned)]
    assert (tmp_path / "out" / "P01.safetensors").read_bytes() == local["P01"]
    with pytest.raises(TuningError, match="Not one of 1"):
        list(fit_many([poor], tmp_path / "none", CONFIG, Load(), LocalRunner(1)))


def test_sessions_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionMissing):
        list(fit_many([tmp_path / "nobody"], tmp_path, CONFIG, Load(), LocalRunner(1)))


def test_a_place_is_named_in_words(tmp_path: Path) -> None:
    assert isinstance(runner("", None, 0.0, tmp_path), LocalRunner)
    assert isinstance(runner("slurm:gpu", 4, 1.0, tmp_path), SlurmRunner)
    assert isinstance(runner("local", None, 0.5, tmp_path), RayRunner)


def test_where_no_cluster_answers_the_error_says_so(sessions: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"No Ray cluster answers at '127\.0\.0\.1:9'"):
        list(fit_many([sessions], tmp_path, CONFIG, Load(), RayRunner("127.0.0.1:9")))
