"""Many personas in one file: a basis, and a few coefficients for each participant.

The file holds what `tuning.persona.Persona` holds, for everybody, and the basis once: a persona without a
personal prompt costs a few hundred numbers. Prompts are computed again from basis and coefficients, to the
same bits as when they were fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from protocols.errors import PersonaMismatch
from tuning import tensorfile
from tuning.address import split_address
from tuning.persona import Persona, habit_of
from tuning.prompts import PromptBank
from tuning.provenance import PersonasProvenance, Provenance, holds_several
from tuning.safetensors_header import MAX_FILE_BYTES, read_head, unusable
from tuning.tables_of_use import TablesOfUse

TOLERANCE = 1e-5
"""How far a prompt may be from its coefficients' one, as a share of its root mean square."""

_HABITS = ("density", "genre", "attention", "click")


@dataclass(frozen=True, eq=False)
class Personas:
    """Personas over one basis.

    Attributes:
        basis: (M, N, d).
        personas: by pseudonym, in the order of the file.
    """

    basis: Tensor
    personas: Mapping[str, Persona]

    @classmethod
    def of(cls, personas: Sequence[Persona], basis: Tensor) -> Personas:
        """Put personas together.

        Args:
            personas: of different participants and one backbone.
            basis: (M, N, d), of the cohort over which they were fitted.

        Raises:
            PersonaMismatch: two of one participant, of several models, or fitted over another basis.
        """
        names = [p.provenance.participant for p in personas]
        twice = sorted({name for name in names if names.count(name) > 1})
        models = {(p.provenance.backbone_digest, p.provenance.positions) for p in personas}
        others = [n for n, p in zip(names, personas, strict=True) if not _over(basis, p)]
        problem = ""
        if not names:
            problem = "There are no personas."
        elif twice:
            problem = f"There are several personas of {', '.join(twice)}."
        elif len(models) > 1:
            problem = f"The personas belong to {len(models)} models."
        elif others:
            problem = (
                f"The prompts of {', '.join(others)} are not what this basis and their coefficients give."
            )
        if problem:
            raise PersonaMismatch(
                problem,
                "One file holds one basis, and one set of coefficients for each participant.",
                "Put together personas of different participants that were fitted over the same cohort.",
            )
        return cls(basis.detach().float(), dict(zip(names, personas, strict=True)))

    def persona(self, participant: str) -> Persona:
        """Return one persona.

        Raises:
            PersonaMismatch: there is none of this participant.
        """
        if participant not in self.personas:
            names = list(self.personas)
            known = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
            raise PersonaMismatch(
                f"There is no persona of {participant!r} among {known}.",
                "Another participant's twin would be used silently.",
                "Name one of them.",
            )
        return self.personas[participant]

    def save(self, path: Path) -> None:
        """Write one safetensors file; an existing one is replaced as a whole."""
        everybody = list(self.personas.values())
        tensors = {"basis": self.basis, "coefficients": torch.stack([p.coefficients for p in everybody])}
        if any(bool(p.personal.any()) for p in everybody):
            tensors["personal"] = torch.stack([p.personal for p in everybody])
        own = [p.tensors() for p in everybody]
        for name in _HABITS:
            tensors[f"habit.{name}"] = torch.stack([t[f"habit.{name}"] for t in own])
        for name in ("slots", "genres"):
            tensors[f"use.{name}"] = _owned([t.get(f"use.{name}") for t in own])
        told = PersonasProvenance(personas=tuple(p.provenance for p in everybody))
        tensorfile.write(path, tensors, told)

    @classmethod
    def load(cls, path: Path) -> Personas:
        """Read personas.

        Raises:
            PersonaMismatch: no such file, damaged, or not one of personas.
        """
        tensors, told = tensorfile.read(path, PersonasProvenance, MAX_FILE_BYTES)
        _refuse_misfits(path, tensors, told.personas)
        names = [own.participant for own in told.personas]
        bank = PromptBank(names, tensors["basis"], tensors["coefficients"], tensors["basis"].new_zeros(1))
        found = {}
        for row, own in enumerate(told.personas):
            found[own.participant] = _row(bank, tensors, row, own)
        return cls(tensors["basis"], found)


def personas_at(address: str) -> list[Persona]:
    """Read one persona, or all of a file, in its order; see `tuning.address`.

    Raises:
        PersonaMismatch: no such file or participant, or damaged.
    """
    path, name = split_address(address)
    if holds_several(read_head(path, MAX_FILE_BYTES).description):
        found = Personas.load(path)
        return [found.persona(name)] if name else list(found.personas.values())
    persona = Persona.load(path)
    if name and name != persona.provenance.participant:
        raise PersonaMismatch(
            f"{path} is the persona of {persona.provenance.participant}, not of {name}.",
            "Another participant's twin would be used silently.",
            "Name the file alone, or the right participant.",
        )
    return [persona]


def _row(bank: PromptBank, tensors: Mapping[str, Tensor], row: int, own: Provenance) -> Persona:
    prompt = bank.prompt(own.participant)
    personal = tensors["personal"][row] if "personal" in tensors else torch.zeros_like(prompt.tokens)
    habits = {f"habit.{name}": tensors[f"habit.{name}"][row] for name in _HABITS}
    return Persona(
        prompt=type(prompt)(prompt.tokens + personal, own.participant),
        coefficients=tensors["coefficients"][row],
        personal=personal,
        habit=habit_of(habits, own.uniform_shares),
        provenance=own,
        use=_use(tensors, row, own),
    )


def _use(tensors: Mapping[str, Tensor], row: int, own: Provenance) -> TablesOfUse | None:
    if own.use is None:
        return None
    arrays = {}
    for name in ("slots", "genres"):
        table = tensors[f"use.{name}"].double().numpy()
        first, behind = np.searchsorted(table[:, 0], [row, row + 1])  # lines stand in the order of personas
        arrays[name] = table[first:behind, 1:]
    return TablesOfUse.of_arrays(arrays, own.use.signal, own.use.genres, own.use.views, own.use.unseen)


def _over(basis: Tensor, persona: Persona) -> bool:
    """Tell whether a persona's prompt is what a basis gives."""
    own = persona.coefficients
    if basis.ndim != 3 or own.shape != basis.shape[:1] or persona.prompt.tokens.shape != basis.shape[1:]:
        return False
    name = persona.provenance.participant
    bank = PromptBank([name], basis, own[None], torch.zeros_like(own), persona.personal)
    apart = (bank.prompt(name).tokens - persona.prompt.tokens).square().mean().sqrt()
    return bool(apart <= TOLERANCE * persona.prompt.tokens.square().mean().sqrt())


def _owned(tables: Sequence[Tensor | None]) -> Tensor:
    """Stack tables of several participants, each line preceded by whose it is."""
    found = [
        np.concatenate([np.full((len(t), 1), float(row)), t.numpy()], axis=1)
        for row, t in enumerate(tables)
        if t is not None
    ]
    return torch.from_numpy(np.concatenate(found) if found else np.zeros((0, 1)))


def _owned_by(table: Tensor, count: int) -> bool:
    """Tell whether every line says whose it is, in the order of the personas."""
    if table.ndim != 2 or table.shape[1] == 0:
        return False
    owner = table[:, 0]
    return bool((owner.diff() >= 0).all() and (owner >= 0).all() and (owner < count).all())


def _refuse_misfits(path: Path, tensors: Mapping[str, Tensor], people: Sequence[Provenance]) -> None:
    config, count = people[0].config, len(people)
    basis = tensors.get("basis", torch.zeros(0))
    width = basis.shape[-1] if basis.ndim == 3 else 0
    tokens = (config.prompt_length, width)
    shapes: dict[str, tuple[int, ...]] = {
        "basis": (config.basis_size, *tokens),
        "coefficients": (count, config.basis_size),
        "habit.density": (count, 3, 5),
        "habit.genre": (count, 2),
        "habit.attention": (count, 4),
        "habit.click": (count, 4),
    }
    if "personal" in tensors:
        shapes["personal"] = (count, *tokens)
    wrong = [f"{n} is not {s}" for n, s in shapes.items() if n not in tensors or tensors[n].shape != s]
    tables = {"use.slots", "use.genres"}
    wrong += [f"{name} is missing" for name in sorted(tables - set(tensors))]
    wrong += [f"{name} is unknown" for name in sorted(set(tensors) - set(shapes) - tables)]
    present = sorted(tables & set(tensors))
    wrong += [
        f"{name} is no table of these personas" for name in present if not _owned_by(tensors[name], count)
    ]
    if len({own.participant for own in people}) != count:
        wrong.append("a participant is there twice")
    if wrong:
        raise unusable(path, "; ".join(wrong))
