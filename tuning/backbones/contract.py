"""What every backbone must do, as checks that anyone can run on theirs::

    from tuning.backbones.contract import check_backbone, contract_pages
    check_backbone(backbone, contract_pages())

Each check compares the backbone with itself or with the model's own forward pass; none needs trained weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from protocols.errors import ContractBroken
from protocols.geometry import FloatArray
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from tuning.backbones.base import Placement, Plan, Prepared
from tuning.backbones.vlm import VisionLanguageBackbone

PLAN = Plan(last_layers=1, lower_rows=False, gradients=False)
PLACEMENTS: tuple[Placement, ...] = ("front", "after-image")
PROMPT_TOKENS = 3
LONG, SHORT = ("Drama", "Comedy", "Horror"), ("Drama",)


def contract_pages() -> list[Page]:
    """Return two pages with letters, one with 15 slots and one scrolled to fewer."""
    screens = [invented_screen(np.random.default_rng(i), f"contract-{i}", "rows") for i in range(2)]
    return [render(s, Viewport(260.0 * i, (0,) * 10), letters=True) for i, s in enumerate(screens)]


def check_backbone(backbone: VisionLanguageBackbone, pages: Sequence[Page], tolerance: float = 1e-3) -> None:
    """Run every check.

    Args:
        backbone: loaded.
        pages: at least two, with letters; the first is painted on.
        tolerance: of logits, as a share of their spread; raise it for bf16.

    Raises:
        ContractBroken: the first check that fails, with the values.
    """
    check_localisation(backbone, pages[0])
    check_positions(backbone, pages[0])
    check_answers(backbone, pages, tolerance)
    check_batches(backbone, pages, tolerance)


def check_localisation(backbone: VisionLanguageBackbone, page: Page) -> None:
    """Paint one slot after another: the tokens that change most must be credited to that slot."""
    dark = _features(backbone, _painted(page, None))
    found = [_loudest(backbone, page, slot, dark) for slot in range(len(page.layout))]
    right = sum(slot == n for n, slot in enumerate(found))
    if right < len(found):
        raise _broken(
            f"{right} of {len(found)} painted slots are found; the slots credited were {found}",
            "Attention would be credited to the wrong posters.",
            "Compare the token grids with the processor's real output: tiles, merges, thumbnail, order.",
        )


def check_positions(backbone: VisionLanguageBackbone, page: Page) -> None:
    """Position ids are the model's own: three axes from 0, and no two image tokens at one place."""
    one = backbone.prepare(page, LONG)
    ids = torch.cat([one.prefix_positions, one.question_positions], 1)
    if ids.shape[0] != 3 or bool((ids < 0).any()) or int(ids.max()) >= ids.shape[1]:
        raise _broken(
            f"Position ids have shape {tuple(ids.shape)} and run from {int(ids.min())} to {int(ids.max())}",
            "The image would not stand where the model was trained to see it.",
            "Return the model's own ids for three axes, starting at 0.",
        )
    image = one.prefix_positions[:, one.image]
    if backbone.spec.positions == "mrope_3d" and len(torch.unique(image, dim=1).T) < image.shape[1]:
        raise _broken(
            "Two image tokens share all three position ids",
            "The model could not tell two places of the page apart.",
            "Give get_rope_index the token types and the processor's own grid.",
        )


def check_answers(backbone: VisionLanguageBackbone, pages: Sequence[Page], tolerance: float) -> None:
    """What `trace` scores is what the model would answer, in both placements of no prompt."""
    for page in pages:
        expected = backbone.native_letter_logits(page, LONG)
        for placement in PLACEMENTS:
            found = backbone.trace([backbone.prepare(page, LONG)], None, placement, PLAN).letter_logits[0]
            _require_equal(
                found, expected, tolerance, f"Letter logits with {placement} against the model's own"
            )


def check_batches(backbone: VisionLanguageBackbone, pages: Sequence[Page], tolerance: float) -> None:
    """A batch of questions of unequal length gives what each gives alone."""
    prepared = [backbone.prepare(page, LONG if n % 2 else SHORT) for n, page in enumerate(pages)]
    generator = torch.Generator().manual_seed(1)
    shape = (len(prepared), PROMPT_TOKENS, backbone.spec.width)
    prompts = torch.randn(shape, generator=generator) * backbone.spec.embedding_rms
    for placement in PLACEMENTS:
        together = backbone.trace(prepared, prompts, placement, PLAN)
        for n, one in enumerate(prepared):
            alone = backbone.trace([one], prompts[n : n + 1], placement, PLAN)
            slots = len(one.letters)
            _require_equal(
                together.letter_logits[n, :slots],
                alone.letter_logits[0],
                tolerance,
                f"Letter logits of example {n} with {placement}, in a batch against alone",
            )
            rows = together.rows[-1][n, :, together.image], alone.rows[-1][0, :, alone.image]
            _require_equal(
                *rows, tolerance, f"Attention of example {n} with {placement}, batched against alone"
            )


def _features(backbone: VisionLanguageBackbone, page: Page) -> Tensor:
    prepared: Prepared = backbone.prepare(page, ())
    return prepared.prefix[prepared.image].float()


def _loudest(backbone: VisionLanguageBackbone, page: Page, slot: int, dark: Tensor) -> int:
    painted = _painted(page, slot)
    change = (_features(backbone, painted) - dark).square().sum(-1)
    # Towers spread some change over the whole page; what is above the usual change is the paint.
    loud = (change - change.median()).clamp_min(0)
    credited: FloatArray = (backbone.prepare(painted, ()).slot_weights.float() @ loud).cpu().numpy()
    return int(credited.argmax())


def _painted(page: Page, slot: int | None) -> Page:
    """Return a black page with one slot in white, or none."""
    image = np.zeros_like(page.image)
    if slot is not None:
        box = page.layout.slots[slot].credit
        image[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 255
    return replace(page, image=image, digest=hashlib.sha256(image.tobytes()).hexdigest())


def _require_equal(found: Tensor, expected: Tensor, tolerance: float, what: str) -> None:
    found, expected = found.detach().float().cpu(), expected.detach().float().cpu()
    spread = max(float(expected.abs().max()), 1e-12)
    worst = float((found - expected).abs().max()) / spread
    if not worst <= tolerance:
        raise _broken(
            f"{what} differ by {worst:.2g} of their size",
            "The twin would be fitted to something else than the model's answers.",
            "Look for positions, masks, features or layers that this path leaves out.",
        )


def _broken(what: str, why: str, fix: str) -> ContractBroken:
    return ContractBroken(f"{what}.", why, fix)
