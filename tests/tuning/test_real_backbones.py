"""Qwen3-VL and InternVL of `transformers`: random weights, local tokenizers and processors, no network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from protocols.errors import BackboneMissing, ContractBroken, GridMismatch
from protocols.stimulus import Page
from tests.tuning.small_models import MAKERS
from tuning.backbones import contract
from tuning.backbones.chat import ChatWording
from tuning.backbones.contract import check_backbone, contract_pages
from tuning.backbones.grid import TokenGrid, require_tokens, tiled
from tuning.backbones.seen import Vision, VisionFolder
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.probing.base import look
from tuning.registry import load_backbone, make_operator


@pytest.fixture(scope="module", params=MAKERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny model"
    path.mkdir()
    torch.manual_seed(7)
    MAKERS[request.param](path)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(path))
        yield path


@pytest.fixture(scope="module")
def backbone(folder: Path, cache: Path) -> VisionLanguageBackbone:  # noqa: ARG001 - the cache must be ours
    loaded = load_backbone(str(folder))
    assert isinstance(loaded, VisionLanguageBackbone)
    return loaded


@pytest.fixture(scope="module")
def pages_with_letters() -> list[Page]:
    return contract_pages()


def test_the_contract_holds(backbone: VisionLanguageBackbone, pages_with_letters: list[Page]) -> None:
    check_backbone(backbone, pages_with_letters)


def test_carousel_tiny_keeps_the_contract_too(pages_with_letters: list[Page]) -> None:
    tiny = load_backbone("carousel-tiny")
    assert isinstance(tiny, VisionLanguageBackbone)
    check_backbone(tiny, pages_with_letters)


def test_half_precision_keeps_the_contract_within_its_rounding(
    folder: Path,
    cache: Path,  # noqa: ARG001 - the cache must be ours
    pages_with_letters: list[Page],
) -> None:
    half = load_backbone(str(folder), precision="bf16")
    assert isinstance(half, VisionLanguageBackbone)
    assert half.spec.digest != load_backbone(str(folder)).spec.digest
    check_backbone(half, pages_with_letters, tolerance=0.06)
    prompt = torch.zeros(1, 2, half.spec.width, requires_grad=True)
    seen = look(half, make_operator("rollout"), [half.prepare(pages_with_letters[0], ())], prompt, "front")
    assert seen.attention.dtype == torch.float32
    (gradient,) = torch.autograd.grad(seen.attention[0, 3], prompt)
    assert gradient.dtype == torch.float32
    assert float(gradient.abs().max()) > 0


@pytest.mark.parametrize("operator", ["rollout", "attnlrp", "glimpse"])
def test_every_operator_reads_every_backbone(
    backbone: VisionLanguageBackbone, pages_with_letters: list[Page], operator: str
) -> None:
    page = backbone.prepare(pages_with_letters[0], ("Drama",))
    for placement in contract.PLACEMENTS:
        prompt = torch.zeros(1, 2, backbone.spec.width, requires_grad=True)
        seen = look(backbone, make_operator(operator), [page], prompt, placement)
        assert float(seen.attention.sum().detach()) == pytest.approx(1, abs=1e-4)
        (gradient,) = torch.autograd.grad(seen.attention[0, 3], prompt)
        assert float(gradient.abs().max()) > 0


class Scrambled:
    """Wraps a backbone and reads its tokens column by column, as if width were height."""

    def __init__(self, inner: VisionLanguageBackbone) -> None:
        self._inner, self.spec = inner, inner.spec

    def prepare(self, page: Page, preferred: tuple[str, ...]) -> Any:
        one = self._inner.prepare(page, preferred)
        return replace(one, slot_weights=one.slot_weights.flip(1))


def test_the_contract_notices_tokens_in_the_wrong_order(
    backbone: VisionLanguageBackbone, pages_with_letters: list[Page]
) -> None:
    scrambled: Any = Scrambled(backbone)
    with pytest.raises(ContractBroken, match="of 15 painted slots"):
        contract.check_localisation(scrambled, pages_with_letters[0])


def test_tiles_come_before_the_thumbnail_and_in_reading_order() -> None:
    grids = tiled((2, 3), 4)
    assert [g.area[:2] for g in grids[:4]] == [(0, 0), (1 / 3, 0), (2 / 3, 0), (0, 0.5)]
    assert grids[-1] == TokenGrid(4, 4)
    assert tiled((1, 1), 4) == (TokenGrid(4, 4),)
    with pytest.raises(GridMismatch, match="96 tokens"):
        require_tokens(96, grids)


def test_features_come_back_from_disk_bit_for_bit(
    folder: Path, cache: Path, pages_with_letters: list[Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_backbone(str(folder)).prepare(pages_with_letters[1], ())
    again: Any = load_backbone(str(folder))
    monkeypatch.setattr(again, "_encode", lambda _page: pytest.fail("encoded again"))
    second = again.prepare(pages_with_letters[1], ())
    assert torch.equal(first.prefix, second.prefix)
    assert all(torch.equal(a, b) for a, b in zip(first.deepstack, second.deepstack, strict=True))
    assert torch.equal(first.prefix_positions, second.prefix_positions)
    assert torch.equal(first.slot_weights, second.slot_weights)
    assert list(cache.rglob("*.safetensors"))


def vision(value: float) -> Vision:
    return Vision(torch.full((100, 10), value), (), (TokenGrid(10, 10),))


def value(of: Vision) -> Tensor:
    return of.tokens[0, 0]


def test_the_folder_stays_within_its_limit_and_forgets_what_is_old(tmp_path: Path) -> None:
    kept = VisionFolder(tmp_path, limit_bytes=10_000)  # each file takes over 4,000
    for n in range(3):
        kept.get(f"{n}", lambda n=n: vision(float(n)))
    assert sorted(p.stem for p in tmp_path.iterdir()) == ["1", "2"]
    assert value(kept.get("2", lambda: vision(-1.0))) == 2
    assert value(kept.get("0", lambda: vision(-1.0))) == -1


def test_a_damaged_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = VisionFolder(tmp_path)
    kept.get("page", lambda: vision(1.0))
    (tmp_path / "page.safetensors").write_bytes(b"torn")
    assert value(kept.get("page", lambda: vision(2.0))) == 2
    assert "damaged" in caplog.text
    assert value(kept.get("page", lambda: vision(3.0))) == 2


def test_models_that_cannot_be_used_are_refused_in_words(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackboneMissing, match="no backbone 'nothing'"):
        load_backbone("nothing")
    halved = tmp_path / "halved"
    shutil.copytree(folder, halved)
    (halved / "tokenizer.json").unlink()
    with pytest.raises(BackboneMissing, match=r"has no tokenizer \(tokenizer.json\)"):
        load_backbone(str(halved))
    if not torch.cuda.is_available():
        with pytest.raises(BackboneMissing, match="CUDA"):
            load_backbone(str(folder), device="cuda")


def test_a_letter_of_two_tokens_is_refused() -> None:
    class Split:
        def apply_chat_template(self, *_: Any, **__: Any) -> str:
            return "<img><IMG_CONTEXT></img>"

        def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
            return {"input_ids": list(range(2 * len(text)))}

    with pytest.raises(BackboneMissing, match="answer A with 2 tokens"):
        ChatWording(Split(), "<img>", "<IMG_CONTEXT>", "</img>")


def test_pages_are_the_contracts(pages_with_letters: list[Page]) -> None:
    assert {len(p.layout) for p in pages_with_letters} == {10, 15}
    assert not np.array_equal(pages_with_letters[0].image, pages_with_letters[1].image)
