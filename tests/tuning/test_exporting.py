"""What is the same for every export target, with targets that keep the contract and targets that break it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from protocols.errors import ContractBroken, ExportError
from tuning.exporting.contract import REPORT, Field, Personas, Setting, Verification, file_name
from tuning.exporting.contract_suite import HOSTILE, check_target
from tuning.exporting.export import export, verify
from tuning.exporting.invented import invented_personas
from tuning.exporting.report import Report
from tuning.provenance import ConsentReference, SessionReference
from tuning.registry import make_target, targets

MEASURED = Field("rate", "measured", "how often a slot was looked at")
PROXY = Field("age", "proxy", "a placeholder")


@dataclass(frozen=True)
class Minimal:
    """A target that writes one number; each defect is switched on by a test."""

    fields: tuple[Field, ...] = (MEASURED,)
    settings: tuple[Setting, ...] = ()
    name: str = "minimal"
    summary: str = "Writes one number."
    package: str = "minimal"
    version: str = "1"
    told: tuple[Field, ...] | None = None
    also: Callable[[Path], object] = field(default=lambda folder: folder)
    problems: tuple[str, ...] = ()

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        rates = {s.name: s.use.by_position().examination[0] for s in personas.subjects}
        (folder / "rates.json").write_text(json.dumps(rates))
        self.also(folder)
        counted = tuple(replace(f, n=12) if f.how == "measured" else f for f in self.fields)
        return counted if self.told is None else self.told

    def verify(self, folder: Path) -> Verification:
        try:
            json.loads((folder / "rates.json").read_text())
        except (OSError, ValueError) as error:
            return Verification("schema", "minimal", "1", (), (str(error),))
        return Verification("schema", "minimal", "1", ("it is JSON",), self.problems)


@pytest.fixture(scope="module")
def personas() -> Personas:
    return invented_personas(2)


def test_a_sound_target_keeps_the_contract(personas: Personas, tmp_path: Path) -> None:
    report = check_target(Minimal(fields=(MEASURED, PROXY)), personas, tmp_path)
    assert report.proxies_allowed
    assert [p.participant for p in report.personas] == ["P01", "P02"]


def unsound(folder: Path) -> object:
    return (folder / "link").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("target", "clause"),
    [
        (Minimal(name="Loud"), "lower case"),
        (Minimal(summary="no sentence"), "sentence"),
        (Minimal(fields=(MEASURED, MEASURED)), "stands once"),
        (Minimal(fields=(replace(MEASURED, n=3),)), "counts nothing yet"),
        (Minimal(fields=(replace(MEASURED, how="invented"),)), "says how"),  # type: ignore[arg-type]  # a defect
        (Minimal(told=(MEASURED,)), "has no n"),
        (Minimal(told=(replace(MEASURED, how="derived", n=3),)), "loss table says"),
        (Minimal(told=()), "accounted for"),
        (Minimal(problems=("it is bad",)), "own check"),
        (Minimal(also=lambda folder: (folder / REPORT).write_text("{}")), REPORT),
        (Minimal(also=unsound), "plain file"),
    ],
)
def test_targets_that_break_the_contract_are_found_out(
    target: Minimal, clause: str, personas: Personas, tmp_path: Path
) -> None:
    with pytest.raises(ContractBroken, match=clause):
        check_target(target, personas, tmp_path)


def test_targets_that_write_time_or_hide_files_are_found_out(personas: Personas, tmp_path: Path) -> None:
    count = iter(range(9))
    moody = Minimal(also=lambda folder: (folder / "note").write_text(str(next(count))))
    with pytest.raises(ContractBroken, match="same bytes"):
        check_target(moody, personas, tmp_path / "moody")
    hidden = Minimal(also=lambda folder: (folder / ".secret").write_text("x"))
    with pytest.raises(ExportError, match="secret"):
        export(hidden, personas, tmp_path / "hidden")
    assert not (tmp_path / "hidden").exists()


def test_the_report_accounts_for_everything(personas: Personas, tmp_path: Path) -> None:
    target = Minimal(settings=(Setting("age", "in years", default="40"),))
    export(target, replace(personas, settings={"age": "41"}), tmp_path / "out")
    told = json.loads((tmp_path / "out" / REPORT).read_text(encoding="utf-8"))
    assert told["schema"] == "gazetwin-export/1"
    assert told["settings"] == {"age": "41"}
    assert told["fields"][0] == {**told["fields"][0], "name": "rate", "how": "measured", "n": 12}
    assert told["personas"][0]["heldout"]["twin"]["kl"] == 0.95
    assert set(told["files"]) == {"rates.json"}
    assert Report.read(tmp_path / "out").verification.checks == ("it is JSON",)


def test_settings_are_neither_invented_nor_dropped(personas: Personas, tmp_path: Path) -> None:
    target = Minimal(settings=(Setting("intent", "what for", required=True),))
    for given in ({}, {"intent": ""}, {"intent": "x", "mood": "y"}):
        with pytest.raises(ExportError, match="intent"):
            export(target, replace(personas, settings=given), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_stand_ins_need_to_be_allowed(personas: Personas, tmp_path: Path) -> None:
    late = Minimal(told=(replace(MEASURED, n=1), PROXY))  # not in its loss table, but in what it wrote
    for target in (Minimal(fields=(MEASURED, PROXY)), late):
        with pytest.raises(ExportError, match="--allow-proxy"):
            export(target, personas, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []
    export(late, personas, tmp_path / "out", allow_proxy=True)


def test_who_did_not_agree_stays(personas: Personas, tmp_path: Path) -> None:
    first = personas.subjects[0]

    def agreed(scopes: tuple[str, ...] | None) -> Personas:
        consent = ConsentReference(version="1", scopes=scopes)
        session = SessionReference(session="s", sha256="", study="", study_digest="", consent=consent)
        told = first.provenance.model_copy(update={"sessions": (session,)})
        return replace(personas, subjects=(replace(first, persona=replace(first.persona, provenance=told)),))

    with pytest.raises(ExportError, match="P01 agreed to recording, twin"):
        export(Minimal(), agreed(("recording", "twin")), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    export(Minimal(), agreed(("recording", "export")), tmp_path / "agreed")
    export(Minimal(), agreed(None), tmp_path / "unsaid")


def test_pseudonyms_that_one_folder_cannot_tell_apart_are_refused(personas: Personas, tmp_path: Path) -> None:
    first = personas.subjects[0]
    told = first.provenance.model_copy(update={"participant": "p01"})
    small = replace(first, persona=replace(first.persona, provenance=told))
    with pytest.raises(ExportError, match="p01"):
        export(Minimal(), replace(personas, subjects=(first, small)), tmp_path / "out")


@pytest.mark.parametrize("name", HOSTILE)
def test_harmful_names_of_files_are_refused(name: str) -> None:
    with pytest.raises(ExportError):
        file_name(name)


def test_an_export_that_fails_half_way_leaves_nothing(personas: Personas, tmp_path: Path) -> None:
    def full(_folder: Path) -> object:
        raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match="No space left"):
        export(Minimal(also=full), personas, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_afterwards_is_found(personas: Personas, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(make_target("clax"), personas, out)
    report, found = verify(out)
    assert report.target == "clax"
    assert found.problems == ()
    (out / "more.txt").write_text("x")
    _, found = verify(out)
    assert found.problems == ("more.txt is not as it was exported.",)
    for text in ("{", '{"schema": "gazetwin-export/2"}'):
        (out / REPORT).write_text(text)
        with pytest.raises(ExportError, match="no report"):
            verify(out)
    with pytest.raises(ExportError, match="no report"):
        verify(tmp_path)


def test_every_target_is_found_by_name_with_a_loss_table() -> None:
    found = {target.name: target for target in targets()}
    assert {"peft-prompt", "peft-tokens", "merged", "vllm", "csv", "parquet"} <= set(found)
    for name, target in found.items():
        assert make_target(name).fields == target.fields
        assert all(f.note and f.n is None for f in target.fields)
    with pytest.raises(ExportError, match="peft-tokens"):
        make_target("nowhere")
