"""Train `carousel-tiny` and write its weights and model card: ``python -m tuning.pretraining``."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from tuning.backbones.tiny import WEIGHTS
from tuning.pretraining.card import model_card
from tuning.pretraining.judge import judge
from tuning.pretraining.loop import Progress, Recipe, new_model, train
from tuning.pretraining.pages import draw_pages

log = logging.getLogger(__name__)

TRAINING_PAGES = 1600
TRAINING_POOLS = (2, 3, 4, 5, 6, 7, 8, 9)
UNSEEN_PAGES = 60
UNSEEN_POOL = 900
REPORT_EVERY = 100


def main(arguments: list[str]) -> int:
    """Train for a while on two threads, judge on films never seen, write weights and card."""
    parser = argparse.ArgumentParser(prog="python -m tuning.pretraining")
    parser.add_argument("--minutes", type=float, default=Recipe().minutes, help="wall-clock budget")
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="where the weights go; the card beside them"
    )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(2)
    recipe = Recipe(minutes=chosen.minutes)
    model = new_model(recipe)
    last = Progress(0, 0.0, 0.0, 0.0)
    for last in train(model, draw_pages(1, TRAINING_PAGES, TRAINING_POOLS), recipe):
        if last.step % REPORT_EVERY == 0:
            log.info(
                "%.1f min, step %d: answers %.3f nats, looking %.3f nats",
                last.minutes,
                last.step,
                last.answer,
                last.look,
            )
    verdicts = judge(model, draw_pages(2, UNSEEN_PAGES, (UNSEEN_POOL,)))
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, chosen.out)
    chosen.out.with_suffix(".md").write_text(model_card(recipe, last, verdicts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
