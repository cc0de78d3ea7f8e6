"""A folder of sessions becomes one file of personas: whole, resumable, and nobody is lost without a word."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from protocols.errors import PersonaMismatch, SessionMissing, TuningError
from protocols.wire import Progress
from tests.tuning.drawn_session import write_session
from tuning import together
from tuning.cohort import WEIGHTS
from tuning.config import FitConfig
from tuning.described import described_at
from tuning.events import Event, Load, Saved, Warned
from tuning.exporting.export import export, verify
from tuning.exporting.jobs import personas as opened
from tuning.persona import Persona
from tuning.persona_task import fit_task
from tuning.personas import Personas
from tuning.planned import personas_planned
from tuning.registry import load_backbone, make_target
from tuning.together import fit_together

pytestmark = pytest.mark.engine

CONFIG = FitConfig(method="search", personal_prompt=False)
PEOPLE = ("P01", "P02", "P03")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three participants; one who saw a single page; and a file that is no session."""
    folder = tmp_path_factory.mktemp("sessions")
    for name in PEOPLE:
        write_session(folder / name / "session.h5", name)
    write_session(folder / "X01.h5", "X01", trials=1)
    (folder / "torn.h5").write_bytes(b"no session")
    return folder


@pytest.fixture(scope="module")
def run(sessions: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    out = tmp_path_factory.mktemp("together") / "cohort.safetensors"
    return out, list(fit_together([sessions], out, CONFIG, Load()))


@pytest.fixture(scope="module")
def file(run: tuple[Path, list[Event]]) -> Path:
    return run[0]


def searched(events: list[Event]) -> bool:
    return any(isinstance(e, Progress) and "Trying prompts" in e.message for e in events)


def coefficients(path: Path) -> dict[str, torch.Tensor]:
    return {name: own.coefficients for name, own in Personas.load(path).personas.items()}


def test_everybody_who_can_be_fitted_is_in_the_file_and_the_others_are_named(
    run: tuple[Path, list[Event]],
) -> None:
    out, events = run
    assert list(Personas.load(out).personas) == list(PEOPLE)
    warned = [e.what for e in events if isinstance(e, Warned)]
    assert len(warned) == 2
    assert "torn.h5" in warned[0]
    assert warned[1].startswith("X01: ")
    assert [e for e in events if isinstance(e, Saved)] == [Saved(what="cohort", path=str(out))]
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_a_persona_of_the_file_is_whole(file: Path) -> None:
    (told,) = described_at(f"{file}:P03")
    assert ("fitted", "by search among mixtures of the basis's participants") in list(told.lines())
    persona = Persona.load(f"{file}:P03")
    own = persona.provenance
    assert own.config == CONFIG
    assert own.participant == "P03"
    assert len(own.sessions) == 1
    assert own.sessions[0].consent is not None
    assert {"twin", "twin_combined", "shared_prompt", "population_mean"} <= set(own.heldout)
    assert own.validation["kl"] > 0
    assert persona.use is not None
    assert persona.use.views == sum(split != "test" for split in own.splits.values())
    bank = Personas.load(file)
    shares = torch.softmax(persona.coefficients, -1)
    torch.testing.assert_close(persona.prompt.tokens, torch.einsum("m,mnd->nd", shares, bank.basis))


def test_it_is_exported(file: Path, tmp_path: Path) -> None:
    report = export(make_target("clax"), opened([str(file)]), tmp_path / "clax", allow_proxy=True)
    assert [p.participant for p in report.personas] == list(PEOPLE)
    assert not verify(tmp_path / "clax")[1].problems


def test_single_fits_with_these_settings_give_the_same(sessions: Path, file: Path, tmp_path: Path) -> None:
    backbone = load_backbone("carousel-tiny")
    basis = Persona.load(f"{file}:P02").provenance.cohort
    named = [sessions / "P02" / "session.h5"]
    (task,), _ = personas_planned(named, CONFIG, Load(), backbone.spec.digest, basis)
    (tmp_path / "P02.safetensors").write_bytes(base64.b64decode(fit_task(task, backbone)[0]))
    alone, among = Persona.load(tmp_path / "P02.safetensors"), Persona.load(f"{file}:P02")
    assert torch.equal(alone.coefficients, among.coefficients)
    for row, scores in alone.provenance.heldout.items():
        assert scores == pytest.approx(among.provenance.heldout[row], abs=1e-3), row


def test_what_is_there_is_not_fitted_again(sessions: Path, file: Path) -> None:
    before = file.read_bytes()
    events = list(fit_together([sessions], file, CONFIG, Load()))
    assert not searched(events)
    assert file.read_bytes() == before


def test_a_run_that_was_stopped_goes_on(
    sessions: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "cohort.safetensors"
    monkeypatch.setattr(together, "GROUP_PEOPLE", 1)
    job = fit_together([sessions], out, CONFIG, Load())
    while not (tmp_path / f"{out.name}.unfinished").exists():
        next(job)
    job.close()
    assert not out.exists()
    assert list(coefficients(tmp_path / f"{out.name}.unfinished")) == ["P01"]

    events = list(fit_together([sessions], out, CONFIG, Load()))
    assert searched(events)
    assert [e.message for e in events if isinstance(e, Progress)][1] == "1 of 4 are there"
    assert [p.name for p in tmp_path.iterdir()] == [out.name]
    for name, own in coefficients(file).items():
        assert torch.equal(coefficients(out)[name], own)


def test_other_settings_or_a_damaged_file_are_fitted_anew(sessions: Path, file: Path, tmp_path: Path) -> None:
    named, out = [sessions / "P01"], tmp_path / "cohort.safetensors"
    out.write_bytes(file.read_bytes()[:-10])
    assert searched(list(fit_together(named, out, CONFIG, Load())))
    assert list(Personas.load(out).personas) == ["P01"]
    heavier = CONFIG.model_copy(update={"click_weight": 0.2})
    with pytest.raises(TuningError, match=r"1 of 1 personas.*--force"):
        list(fit_together(named, out, heavier, Load()))
    assert searched(list(fit_together(named, out, heavier, Load(), force=True)))
    assert Persona.load(f"{out}:P01").provenance.config.click_weight == 0.2


def test_what_cannot_be_done_is_refused_and_writes_nothing(
    sessions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "cohort.safetensors"
    with pytest.raises(TuningError, match="at once by search, not by steps"):
        list(fit_together([sessions], out, FitConfig(), Load()))
    front = WEIGHTS / "cohort-tiny-front.safetensors"
    with pytest.raises(PersonaMismatch, match="holds no participants of carousel-tiny"):
        list(fit_together([sessions], out, CONFIG, Load(), front))
    with pytest.raises(TuningError, match="nobody to search among"):
        list(fit_together([sessions], out, CONFIG.model_copy(update={"basis_size": 3}), Load()))
    with pytest.raises(SessionMissing):
        list(fit_together([tmp_path / "nobody"], out, CONFIG, Load()))
    with pytest.raises(TuningError, match="Not one of 1"):
        list(fit_together([sessions / "X01.h5"], out, CONFIG, Load()))
    monkeypatch.setattr(together, "MOST", 2)
    with pytest.raises(TuningError, match="4 participants were named; one file holds 2"):
        list(fit_together([sessions], out, CONFIG, Load()))
    assert not list(tmp_path.iterdir())


def test_a_basis_that_is_named_gives_the_same_as_the_shipped_one(
    sessions: Path, file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cohort.safetensors"
    basis = tmp_path / "basis.safetensors"
    basis.write_bytes((WEIGHTS / "cohort-tiny-after-image.safetensors").read_bytes())
    list(fit_together([sessions / "P02"], out, CONFIG, Load(), basis))
    assert torch.equal(coefficients(out)["P02"], coefficients(file)["P02"])


def test_pictures_are_let_go(
    sessions: Path, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept: list[int] = []
    fit_group = together.fit_group

    def looked_at(backbone, group, config, cohort):  # type: ignore[no-untyped-def]  # as the real one
        kept.extend(e.page.image.size for material in group for e in material.examples)
        return fit_group(backbone, group, config, cohort)

    monkeypatch.setattr(together, "fit_group", looked_at)
    out = tmp_path / "cohort.safetensors"
    list(fit_together([sessions / "P01", sessions / "P03"], out, CONFIG, Load()))
    assert kept
    assert not np.any(kept)
    assert torch.equal(coefficients(out)["P03"], coefficients(file)["P03"])


def test_the_command_says_how_many_and_who_not(sessions: Path, file: Path) -> None:
    gazetwin = Path(sys.executable).with_name("gazetwin")
    command = [str(gazetwin), "fit", str(sessions), "--together", "--out", str(file)]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert found.returncode == 1, found.stderr  # somebody could not be fitted
    assert "3 personas in" in found.stdout
    assert "warning: X01" in found.stderr
