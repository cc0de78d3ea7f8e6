"""The operator contract: the shipped operators keep it, a guest's does too, and broken ones are caught."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from protocols.errors import ContractBroken
from tuning.backbones.base import Backbone, BackboneSpec, Plan, Trace
from tuning.probing.contract import check_operator
from tuning.probing.rollout import Rollout
from tuning.registry import load_backbone, make_operator

GUEST = """
from dataclasses import dataclass
from tuning.backbones.base import Plan

@dataclass(frozen=True)
class LastLayer:
    name: str = "last-layer"

    def plan(self, spec):
        return Plan(last_layers=1, lower_rows=False, gradients=False)

    def relevance(self, trace, choice):
        return trace.rows[-1].mean(1)
"""


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("carousel-tiny")


@pytest.fixture
def guest_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install another distribution on the path, as a package manager would."""
    (tmp_path / "guest_operator.py").write_text(GUEST)
    metadata = tmp_path / "guest_operator-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: guest-operator\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[gazetwin.operators]\nlast-layer = guest_operator:LastLayer\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("guest_operator", None)


@pytest.mark.parametrize("name", ["rollout", "attnlrp", "attnlrp-signed", "glimpse"])
def test_shipped_operators_keep_the_contract(backbone: Backbone, name: str) -> None:
    operator = make_operator(name)
    assert operator.name == name
    check_operator(operator, backbone)


@pytest.mark.usefixtures("guest_distribution")
def test_an_operator_of_another_distribution_is_found_and_checked_in_one_line() -> None:
    check_operator(make_operator("last-layer"))


@dataclass(frozen=True)
class _Toy:
    """Keeps the contract; broken in one way by each class below."""

    name: str = "toy"

    def plan(self, spec: BackboneSpec) -> Plan:  # noqa: ARG002 - the contract passes it
        return Plan(last_layers=1, lower_rows=False, gradients=False)

    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:  # noqa: ARG002 - the contract passes it
        return trace.rows[-1].mean(1)


class _Negative(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice) - 0.5


class _Infinite(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice) / 0


class _WrongShape(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice)[:, trace.image]


class _Detached(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice).detach()


class _Random(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        row = super().relevance(trace, choice)
        return row * torch.rand_like(row)


class _Meddling(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        trace.slot_weights.mul_(2)
        return super().relevance(trace, choice)


class _AcrossTheBatch(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        row = super().relevance(trace, choice)
        return row + row.mean(0) * (row > 0)


class _OnPadding(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice) + 1e-3


class _TooDeep(_Toy):
    def plan(self, spec: BackboneSpec) -> Plan:
        return Plan(last_layers=spec.layers + 1, lower_rows=False, gradients=False)


class _KeepsGraph(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        with torch.enable_grad():
            return super().relevance(trace, choice).clone().requires_grad_()


class _NotWhatWasPlanned(_Toy):
    def relevance(self, trace: Trace, choice: Tensor) -> Tensor:
        return super().relevance(trace, choice) + trace.rows[-2].mean(1)


@pytest.mark.parametrize(
    ("broken", "clause"),
    [
        (_Negative(), "not negative"),
        (_Infinite(), "finite"),
        (_WrongShape(), "shape"),
        (_Detached(), "depends on the prompt"),
        (_Random(), "same relevance"),
        (_Meddling(), "left as it was"),
        (_AcrossTheBatch(), "alone"),
        (_OnPadding(), "padding"),
        (_TooDeep(), "more layers"),
        (_KeepsGraph(), "graph"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, _Toy) else "",
)
def test_a_broken_operator_is_told_which_clause_it_breaks(
    backbone: Backbone, broken: _Toy, clause: str
) -> None:
    with pytest.raises(ContractBroken, match=clause):
        check_operator(broken, backbone)


def test_reading_what_was_not_planned_fails_at_once(backbone: Backbone) -> None:
    with pytest.raises(IndexError):
        check_operator(_NotWhatWasPlanned(), backbone)


def test_a_toy_that_keeps_the_contract_passes(backbone: Backbone) -> None:
    check_operator(_Toy(), backbone)
    check_operator(Rollout(1), backbone)
