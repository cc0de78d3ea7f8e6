"""One test for each defect known of the published code of the method, so that none comes back.

The numbers are those of the audit that the method page cites; defects of relevance operators have their tests
in `test_published_operator_defects`.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

from protocols.raster import render, with_letters
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from protocols.study import load_study
from tuning import metrics
from tuning.backbones.grid import TokenGrid, slot_weights, tiled
from tuning.config import FitConfig
from tuning.evaluate import compare
from tuning.events import Comparison, Evaluated
from tuning.examples import Example
from tuning.fitting import fit_persona
from tuning.learner import Learner
from tuning.losses import generalised_kl, importance, paper_kl
from tuning.persona import Persona
from tuning.predictions import predictions
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.rollout import Rollout
from tuning.prompts import PromptBank
from tuning.recordings import Material
from tuning.tuner import fit

Viewed = Callable[[str, str], list[Example]]
CONFIG = FitConfig(steps=12, prompt_length=2, basis_size=3, patience=50, prompt_scale=0.1, evaluate_every=4)


def value_of(generator: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as stop:
            return events, stop.value


def material(examples: list[Example]) -> Material:
    splits = {e.page.screen_id: e.split for e in examples}
    return Material(examples[0].participant, examples[0].preferred, examples, splits, ())


def judged(backbone: Any, operator: Any, examples: list[Example], config: FitConfig) -> Comparison:
    _, result = value_of(fit_persona(backbone, operator, material(examples), config, None))
    found: Comparison = compare(backbone, operator, result.persona, None, examples)
    return found


@pytest.mark.parametrize("slot", range(15))
def test_defect_01_tiles_of_internvl_are_credited_to_the_wrong_slots(pages: list[Page], slot: int) -> None:
    """Tokens were read as one raster, and rows and columns of tiles were exchanged."""
    page = next(p for p in pages if len(p.layout) == 15)
    painted = np.zeros_like(page.image)
    box = page.layout.slots[slot].credit
    painted[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 255
    processor = GotOcr2ImageProcessorPil(size={"height": 448, "width": 448})
    image = Image.fromarray(painted).resize((1100, 619))  # the published size: two tiles and a thumbnail
    tiles = processor(images=image, crop_to_patches=True, return_tensors="np")["pixel_values"]
    light = tiles.mean(1) - np.median(tiles.mean(1))  # most of the page is black
    tokens = light.reshape(len(tiles), 16, 28, 16, 28).mean((2, 4)).reshape(-1)
    assert len(tiles) == 3
    found = slot_weights(page.layout, tiled((1, 2), 16)) @ tokens
    assert found.argmax() == slot
    assert found[slot] / found.sum() > 0.75


def test_defect_02_the_weighted_loss_is_least_at_a_sharpened_copy_of_the_gaze() -> None:
    gaze, present = torch.tensor([[0.5, 0.25, 0.15, 0.1]]), torch.ones(1, 4, dtype=torch.bool)

    def least(measure: Any) -> Tensor:
        logits = torch.zeros(1, 4, requires_grad=True)
        steps = torch.optim.LBFGS([logits], max_iter=200)

        def loss() -> Tensor:
            steps.zero_grad()
            value: Tensor = measure(logits.softmax(-1), gaze, present, 2.0)
            value.backward()
            return value

        steps.step(loss)
        return logits.softmax(-1).detach()

    assert torch.allclose(least(generalised_kl), gaze, atol=2e-3)
    assert float(least(paper_kl)[0, 0]) > 0.85  # what was published, kept under the name `paper`


def test_defect_02_taking_the_weights_away_also_shrank_the_loss() -> None:
    gaze, present = torch.tensor([[0.5, 0.25, 0.15, 0.1]]), torch.ones(1, 4, dtype=torch.bool)
    for power in (0.0, 1.0, 2.0):
        assert float(importance(gaze, present, power).mean()) == pytest.approx(1)


def test_defect_03_the_clicked_letter_reaches_the_attention_it_is_scored_on(
    fake_backbone: Any, viewed: Viewed
) -> None:
    config = CONFIG.model_copy(update={"operator": "attnlrp"})
    examples = viewed("P01", "left")
    moved = [e if e.split == "train" else replace(e, click=14 - (e.click or 0)) for e in examples]
    moved = [e if len(e.page.layout) == 15 or e.split == "train" else replace(e, click=3) for e in moved]
    one, other = (judged(fake_backbone, AttnLRP(1), x, config) for x in (examples, moved))
    assert [j.click for j in one.judged] != [j.click for j in other.judged]
    assert [j.views["twin"].attention for j in one.judged] == [
        j.views["twin"].attention for j in other.judged
    ]


def test_defect_04_a_fit_to_the_cursor_is_scored_against_the_cursor(
    fake_backbone: Any, viewed: Viewed
) -> None:
    examples = viewed("P01", "left")
    config = CONFIG.model_copy(update={"train_signal": "cursor"})
    compared = judged(fake_backbone, Rollout(1), examples, config)
    gaze = {e.page.screen_id: e.gaze for e in examples}
    assert compared.signal == "fixation"
    for one in compared.judged:
        seen = gaze[one.screen]
        assert seen is not None
        assert one.human == pytest.approx(seen.weights)


def test_defect_05_training_and_answering_see_different_questions(fake_backbone: Any, viewed: Viewed) -> None:
    asked = []
    prepare = fake_backbone.prepare

    def listening(page: Page, preferred: Any) -> Any:
        asked.append(tuple(preferred))
        return prepare(page, preferred)

    fake_backbone.prepare = listening
    judged(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG)
    assert set(asked) == {viewed("P01", "left")[0].preferred}


def test_defect_06_accuracy_and_log_loss_are_taken_from_attention(fake_backbone: Any, viewed: Viewed) -> None:
    compared = judged(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG)
    for one in compared.judged:
        view, click = one.views["twin"], one.click
        assert click is not None
        choice = np.asarray(view.choice)
        assert not np.allclose(choice, view.attention)
        assert one.scores["twin"]["accuracy"] == metrics.accuracy(choice, click)
        assert one.scores["twin"]["logloss"] == metrics.logloss(choice, click)


def test_defect_06_the_baseline_is_a_random_prompt_instead_of_no_prompt(
    fake_backbone: Any, viewed: Viewed
) -> None:
    compared = judged(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG)
    bare, noisy = (compared.judged[0].views[row].attention for row in ("backbone", "random_prompt"))
    assert bare != noisy


def test_defect_07_coefficients_are_lost_when_a_fit_is_loaded(
    fake_backbone: Any, viewed: Viewed, tmp_path: Path
) -> None:
    _, result = value_of(
        fit_persona(fake_backbone, Rollout(1), material(viewed("P01", "left")), CONFIG, None)
    )
    result.persona.save(tmp_path / "p.safetensors")
    loaded = Persona.load(tmp_path / "p.safetensors")
    assert torch.equal(loaded.coefficients, result.persona.coefficients)
    assert torch.equal(loaded.prompt.tokens, result.persona.prompt.tokens)
    assert loaded.provenance.config == CONFIG
    assert float(loaded.coefficients.abs().max()) > 0


def test_defect_08_prompts_and_optimiser_run_in_half_precision(fake_backbone: Any) -> None:
    bank = PromptBank.fresh(["P01"], (2, 2, 8), 0.1, seed=0)
    half = PromptBank(bank.participants, bank.basis.detach().bfloat16(), bank.logits, bank.start)
    assert {p.dtype for p in half.parameters()} == {torch.float32}
    learner = Learner(fake_backbone, Rollout(1), half, CONFIG)
    # 1e-3 is less than half a unit in the last place of 0.5 in bf16, where such steps vanish
    half.basis.data.fill_(0.5)
    for group in learner._optimiser.param_groups:
        group["lr"] = 1e-3
    for parameter in learner._parameters:
        parameter.grad = torch.ones_like(parameter)
    learner._optimiser.step()
    assert float((half.basis.detach() - 0.5).abs().max()) == pytest.approx(1e-3, rel=1e-3)
    assert {t.dtype for t in learner.moments().values()} == {torch.float32}


def test_defect_09_fitting_and_judging_round_differently(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    events, fitted = value_of(fit(fake_backbone, Rollout(1), examples, CONFIG))
    best = next(e for e in events if isinstance(e, Evaluated) and e.step == fitted.step)
    val = [e for e in examples if e.split == "val"]
    prompt = fitted.bank.prompt("P01")
    seen = predictions(
        fake_backbone,
        Rollout(1),
        [fake_backbone.prepare(e.page, e.preferred) for e in val],
        prompt,
        CONFIG.placement,
    )
    again = []
    for e, found in zip(val, seen, strict=True):
        assert e.gaze is not None
        again.append(metrics.kl(e.gaze.weights, found.attention))
    assert best.scores["kl"] == pytest.approx(float(np.mean(again)), rel=1e-6)


def test_defect_10_what_cannot_be_judged_disappears(fake_backbone: Any, viewed: Viewed) -> None:
    examples = viewed("P01", "left")
    test = [e for e in examples if e.split == "test"]
    blind = [replace(e, gaze=None) if e is test[0] else e for e in examples]
    compared = judged(fake_backbone, Rollout(1), blind, CONFIG)
    assert compared.skipped == {"no fixation dwell on any poster": 1}
    assert compared.counts["views"] == compared.counts["with_attention"] + 1


def test_defect_10_an_error_in_a_page_is_swallowed(fake_backbone: Any, viewed: Viewed) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ArithmeticError("a page went wrong")

    fake_backbone.trace = broken
    with pytest.raises(ArithmeticError):
        judged(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG)


def test_defect_12_importing_makes_folders_and_reads_the_working_directory(tmp_path: Path) -> None:
    code = "import tuning.tuner, tuning.evaluate"
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == []


def test_defect_13_the_model_library_is_not_pinned() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    needed = project["project"]["optional-dependencies"]["tune"]
    assert any(n.startswith("transformers>=") and "<" in n for n in needed)


def test_defect_14_ties_favour_the_last_slots() -> None:
    gaze, flat = np.array([0.7, 0.3, 0.0, 0.0, 0.0]), np.full(5, 0.2)
    assert metrics.tgo(gaze, flat, 3) == pytest.approx(3 / 5)
    assert metrics.csh(flat, 0, 1) == metrics.csh(flat, 4, 1) == pytest.approx(1 / 5)


def test_defect_14_slots_that_do_not_exist_take_part(pages: list[Page]) -> None:
    page = next(p for p in pages if len(p.layout) == 10)
    assert len(SlotDistribution.of(np.ones(10), "fixation").weights) == len(page.layout)
    gaze, present = torch.tensor([[0.6, 0.4, 0.0]]), torch.tensor([[True, True, False]])
    assert importance(gaze, present, 2.0)[0, 2] == 0


def test_defect_14_what_the_thumbnail_sees_is_ignored(pages: list[Page]) -> None:
    layout, grids = pages[0].layout, tiled((1, 2), 16)
    weights = slot_weights(layout, grids)
    assert (weights[:, -256:] == slot_weights(layout, (TokenGrid(16, 16),))).all()
    assert weights[:, -256:].sum(1).min() > 0


def test_defect_14_whole_patches_make_rows_of_unequal_weight(pages: list[Page]) -> None:
    layout = pages[0].layout
    tokens = slot_weights(layout, (TokenGrid(19, 34),)).sum(1)
    boxes = [s.credit for s in layout.slots]
    area_px = np.array([(b.right - b.left) * (b.bottom - b.top) for b in boxes])
    assert tokens / area_px == pytest.approx(19 * 34 / (1920 * 1080))


def test_defect_14_letters_lie_outside_of_their_slots(pages: list[Page]) -> None:
    plain = replace(pages[0], image=np.zeros_like(pages[0].image))
    drawn = np.argwhere(with_letters(plain).image.any(axis=2))
    for y, x in drawn[::7]:
        assert any(
            s.credit.left <= x < s.credit.right and s.credit.top <= y < s.credit.bottom
            for s in pages[0].layout.slots
        )


def test_defect_15_the_study_needs_files_that_nobody_else_has() -> None:
    """Restricted logs and downloaded posters were needed; here the study is whole and draws its posters."""
    screens = load_study("recgaze").screens
    assert len(screens) == 41
    page = render(screens[5], Viewport.top_of(screens[5]), letters=True)
    assert len(page.layout) == 15
    for slot in page.layout.slots:
        box = slot.box
        poster = page.image[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
        assert poster.std() > 10
