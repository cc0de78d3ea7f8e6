"""Persona files that are damaged, oversized or made to harm; files of several personas."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from protocols.consent import Consent
from protocols.errors import PersonaMismatch, TuningError
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from sessions.persona_files import read_persona_file
from tuning.described import described_at
from tuning.exporting.contract_suite import HOSTILE
from tuning.exporting.invented import invented_persona
from tuning.pagespec import PageSpec
from tuning.persona import Persona
from tuning.personas import Personas, personas_at
from tuning.prompts import PromptBank
from tuning.provenance import ConsentReference, Provenance
from tuning.registry import load_backbone
from tuning.safetensors_header import MAX_HEAD_BYTES, read_head

Reader = Callable[[Path], object]
READERS: tuple[Reader, ...] = (
    Persona.load,
    Personas.load,
    lambda path: described_at(str(path)),
    lambda path: personas_at(str(path)),
)


@pytest.fixture(scope="module")
def persona() -> Persona:
    return invented_persona("P01", load_backbone("carousel-tiny"))


@pytest.fixture
def path(persona: Persona, tmp_path: Path) -> Path:
    persona.save(tmp_path / "p.safetensors")
    return tmp_path / "p.safetensors"


def rewritten(path: Path, change: Callable[[dict[str, Any]], None], extra: bytes = b"") -> None:
    """Change the head of a file."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    head = json.loads(whole[8 : 8 + length])
    change(head)
    changed = json.dumps(head).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + whole[8 + length :] + extra)


def refused(path: Path, readers: tuple[Reader, ...] = READERS) -> None:
    for read in readers:
        with pytest.raises(PersonaMismatch) as told:
            read(path)
        assert told.value.why
        assert len(str(told.value)) < 5000


@pytest.mark.parametrize("claim", [100 * 1024**2, MAX_HEAD_BYTES + 1, 2**63 - 1, 2**64 - 1])
def test_a_head_that_claims_too_much_is_never_read(claim: int, path: Path) -> None:
    with path.open("r+b") as file:
        file.write(claim.to_bytes(8, "little"))
        file.truncate(MAX_HEAD_BYTES + 4096 if claim == MAX_HEAD_BYTES + 1 else 200 * 1024**2)  # sparse
    refused(path)


def test_damaged_heads_are_refused(path: Path) -> None:
    whole = path.read_bytes()
    nested = b"[" * 200_000
    twice = b'{"__metadata__":{},"__metadata__":{}}'
    for head in (b"", b"{", b"[]", b"null", nested, twice, b'{"a":1}', b'{"__metadata__":1}', b"\xff\xfe"):
        path.write_bytes(len(head).to_bytes(8, "little") + head)
        refused(path)
    for cut in (0, 7, 8, 100, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused(path)
    path.write_bytes(whole + b"more")
    refused(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 9000), value=st.integers(0, 255))
def test_one_changed_byte_never_ends_in_anything_but_a_clear_error(
    place: int, value: int, path: Path, persona: Persona
) -> None:
    persona.save(path)
    whole = bytearray(path.read_bytes())
    whole[place % len(whole)] = value
    path.write_bytes(bytes(whole))
    for read in READERS[:3]:
        with suppress(PersonaMismatch):
            read(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["prompt"].update(shape=[10**9, 10**9]),
        lambda head: head["prompt"].update(shape=[-5, -128]),
        lambda head: head["prompt"].update(shape=[1] * 50),
        lambda head: head["prompt"].update(dtype="F16"),
        lambda head: head["prompt"].update(data_offsets=[0, 10**15]),
        lambda head: head["prompt"].update(data_offsets=[-8, 0]),
        lambda head: head["prompt"].update(data_offsets=head["coefficients"]["data_offsets"]),
        lambda head: head.update({f"t{n}": head["prompt"] for n in range(2000)}),
        lambda head: head["__metadata__"].pop("gazetwin"),
        lambda head: head["__metadata__"].update(gazetwin="{"),
        lambda head: head["__metadata__"].update(gazetwin="[" * 100_000),
        lambda head: head["__metadata__"].update(gazetwin='{"schema": "gazetwin-persona/99"}'),
        lambda head: head["__metadata__"].update(
            gazetwin='{"schema": "gazetwin-personas/1", "personas": []}'
        ),
    ],
)
def test_heads_that_lie_are_refused(change: Callable[[dict[str, Any]], None], path: Path) -> None:
    rewritten(path, change)
    refused(path)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_can_carry_a_harmful_pseudonym(name: str, path: Path, persona: Persona) -> None:
    def renamed(head: dict[str, Any]) -> None:
        told = json.loads(head["__metadata__"]["gazetwin"])
        told["participant"] = name
        head["__metadata__"]["gazetwin"] = json.dumps(told)

    rewritten(path, renamed)
    refused(path)
    with pytest.raises(ValidationError):
        Provenance.model_validate({**persona.provenance.model_dump(by_alias=True), "participant": name})


def test_files_of_earlier_versions_keep_opening(path: Path, persona: Persona) -> None:
    earlier = persona.provenance.model_copy(
        update={"use": None, "ratings": {}, "layout": None, "question_digest": ""}
    )
    replace(persona, provenance=earlier, use=None).save(path)
    new = {"use", "ratings", "layout", "question_digest"}

    def without_what_is_new(head: dict[str, Any]) -> None:
        told = json.loads(head["__metadata__"]["gazetwin"])
        head["__metadata__"]["gazetwin"] = json.dumps({k: v for k, v in told.items() if k not in new})

    rewritten(path, without_what_is_new)
    assert Persona.load(path).use is None
    (told,) = described_at(str(path))
    assert told.use is None
    assert ("question", "not recorded by this version") in list(told.lines())


def test_tables_without_their_description_are_refused(path: Path, persona: Persona) -> None:
    replace(persona, provenance=persona.provenance.model_copy(update={"use": None})).save(path)
    refused(path, (Persona.load,))
    replace(persona, use=None).save(path)
    refused(path, (Persona.load, lambda p: described_at(str(p))))


def test_what_is_shown_is_what_was_kept(path: Path, persona: Persona) -> None:
    (told,) = described_at(str(path))
    assert told.provenance == persona.provenance
    assert told.use is not None
    assert persona.use is not None
    assert np.array_equal(told.use.slots.table(), persona.use.slots.table())
    document = json.loads(json.dumps(told.document()))
    assert document["schema"] == "gazetwin-persona/1"
    assert len(document["use"]["slots"]) == len(persona.use.places)
    assert document["use"]["films"]["Drama"]["shown"] > 0
    assert read_head(path, 10**7).array("prompt") == pytest.approx(persona.prompt.tokens.numpy())


# ---- several in one file


@pytest.fixture(scope="module")
def several() -> Personas:
    """Three participants over one basis, one of them with a personal prompt."""
    backbone = load_backbone("carousel-tiny")
    bank = PromptBank.fresh(["P01", "P02", "P03"], (4, 5, backbone.spec.width), 0.3, seed=2)
    found = []
    for n, name in enumerate(bank.participants):
        persona = invented_persona(name, backbone, seed=n)
        prompt = bank.prompt(name)
        personal = torch.full_like(prompt.tokens, 0.25 if n == 1 else 0.0)
        prompt = replace(prompt, tokens=prompt.tokens + personal)
        own = bank.logits[n].detach().clone()
        found.append(replace(persona, prompt=prompt, coefficients=own, personal=personal))
    return Personas.of(found, bank.basis)


def test_several_personas_come_back_to_the_bit(several: Personas, tmp_path: Path) -> None:
    path = tmp_path / "all.safetensors"
    several.save(path)
    again = Personas.load(path)
    assert list(again.personas) == ["P01", "P02", "P03"]
    for name, persona in several.personas.items():
        for found in (again.persona(name), Persona.load(f"{path}:{name}"), personas_at(f"{path}:{name}")[0]):
            assert found.provenance == persona.provenance
            tensors = found.tensors()
            assert tensors.keys() == persona.tensors().keys()
            for key, tensor in persona.tensors().items():
                assert torch.equal(tensors[key].double(), tensor.double()), key
    assert [one.provenance.participant for one in described_at(str(path))] == ["P01", "P02", "P03"]
    (second,) = described_at(f"{path}:P02")
    assert second.use is not None
    assert second.use.arrays()["slots"] == pytest.approx(several.persona("P02").use.arrays()["slots"])  # type: ignore[union-attr]  # it has one
    for address in (f"{path}:P09", str(path)):
        with pytest.raises(PersonaMismatch):
            Persona.load(address)
    with pytest.raises(PersonaMismatch, match="P09"):
        described_at(f"{path}:P09")


def test_whoever_looks_for_a_participant_finds_them_among_several(several: Personas, tmp_path: Path) -> None:
    several.save(tmp_path / "all.safetensors")
    found = read_persona_file(tmp_path / "all.safetensors")
    assert found is not None
    assert found.participants == ("P01", "P02", "P03")


def test_only_personas_that_belong_together_go_into_one_file(several: Personas) -> None:
    first, second, _ = several.personas.values()
    alien = first.provenance.model_copy(update={"backbone_digest": "0" * 64, "participant": "P04"})
    wrong = replace(second, coefficients=second.coefficients + torch.arange(4.0))
    for personas, problem in (
        ([first, first], "several personas of P01"),
        ([first, replace(first, provenance=alien)], "2 models"),
        ([first, wrong], "prompts of P02"),
        ([], "no personas"),
    ):
        with pytest.raises(PersonaMismatch, match=problem):
            Personas.of(personas, several.basis)
    with pytest.raises(PersonaMismatch, match="P01"):
        Personas.of([first], several.basis[:, :3])


@pytest.mark.parametrize("change", ["basis", "coefficients", "habit.click", "use.slots", "personal", "more"])
def test_a_file_of_several_with_another_shape_is_refused(
    change: str, several: Personas, tmp_path: Path
) -> None:
    path = tmp_path / "all.safetensors"
    several.save(path)

    def reshaped(head: dict[str, Any]) -> None:
        if change == "more":
            head["unknown"] = head.pop("basis")
        else:
            head[change]["shape"] = [int(np.prod(head[change]["shape"]))]

    rewritten(path, reshaped)
    with pytest.raises(PersonaMismatch):
        Personas.load(path)


@pytest.mark.parametrize("owner", [-1.0, 3.0, 2.0])
def test_lines_of_nobody_and_out_of_order_are_refused(
    owner: float, several: Personas, tmp_path: Path
) -> None:
    path = tmp_path / "all.safetensors"
    several.save(path)
    head = read_head(path, 10**7)
    tensors = load_file(path)
    tensors["use.slots"][0, 0] = owner
    save_file(tensors, path, metadata={"gazetwin": head.description})
    with pytest.raises(PersonaMismatch, match=r"use\.slots"):
        Personas.load(path)


# ---- the twin, and what it refuses


def test_three_lines_look_at_a_page(path: Path) -> None:
    backbone = load_backbone("carousel-tiny")
    screen = invented_screen(np.random.default_rng(4), "new", "rows")
    page = render(screen, Viewport.top_of(screen), letters=True)

    twin = Persona.load(path).on(backbone)
    seen = twin.look(page)

    assert seen.twin.attention.sum() == pytest.approx(1)
    spec = PageSpec(screen=screen, viewport=Viewport.top_of(screen))
    assert twin.look(spec).combined.choice == pytest.approx(seen.combined.choice, abs=1e-9)
    assert Persona.load(path).on("carousel-tiny").look(page).twin.choice == pytest.approx(seen.twin.choice)
    asked = twin.look(page, ("Horror",)).twin.choice
    assert float(np.abs(asked - seen.twin.choice).max()) > 1e-6


def test_another_layout_and_another_question_are_refused(persona: Persona) -> None:
    backbone = load_backbone("carousel-tiny")
    screen = invented_screen(np.random.default_rng(4), "new", "rows")
    page = render(screen, Viewport.top_of(screen), letters=True)
    narrow = replace(page, layout=replace(page.layout, size_px=(1280, 1080)))
    twin = persona.on(backbone)
    with pytest.raises(PersonaMismatch, match="1280 x 1080"):
        twin.look(narrow)
    slots = tuple(replace(s, box=replace(s.box, right=s.box.right - 9)) for s in page.layout.slots)
    with pytest.raises(PersonaMismatch, match="333 x 193"):
        twin.look(replace(page, layout=replace(page.layout, slots=slots)))
    with pytest.raises(TuningError, match=r"cannot look at a ndarray(?s:.*)raster\.render"):
        twin.look(page.image)  # type: ignore[arg-type]  # what is refused
    told = persona.provenance.model_copy(update={"question_digest": "0" * 64})
    with pytest.raises(PersonaMismatch, match="another question"):
        replace(persona, provenance=told).on(backbone)


def test_consent_is_read_as_it_was_recorded() -> None:
    given = Consent(version="2", digest="d", given_unix_s=1.0, scopes=("recording", "twin"))
    assert not ConsentReference.of(given.model_dump(mode="json")).allows_export
    more = given.model_copy(update={"scopes": ("recording", "export")})
    assert ConsentReference.of(more.model_dump(mode="json")).allows_export
    for record in ({}, {"given_utc": "2026-01-01T00:00:00+00:00"}):
        assert ConsentReference.of(record) == ConsentReference()
        assert ConsentReference.of(record).allows_export
