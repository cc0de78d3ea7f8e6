"""The model card of `carousel-tiny`, written from what was measured."""

from __future__ import annotations

from collections.abc import Mapping

from tuning.pretraining.judge import Verdict
from tuning.pretraining.loop import Progress, Recipe
from tuning.pretraining.pages import MIXED_SHARE

_KINDS = {
    "anyone": "choose, three preferred genres, no habit named",
    "manner": "choose, and a viewing habit in words",
    "find": "which posters show a genre",
    "name": "the genre at a letter",
}

_TEXT = """# carousel-tiny

A vision-language model of 1.3 million parameters in the Qwen3-VL architecture of `transformers`: two vision
layers of width 96, four decoder layers of width 128, one DeepStack feature, 3-D rotary positions. It sees a
page at 384 x 216 px as 16 x 9 tokens and answers with one letter. It exists so that demonstrations, tests and
laptops can run the whole method. **It knows nothing about people**: everything it learned was invented.

## Trained on

* Drawn carousel pages ({share_rows:.0%} in genre rows, the others mixed; some scrolled, some swiped) with
  films whose titles, years and genres are invented. No poster image, no title of a real film, no recorded
  gaze.
* Four kinds of questions: what would a viewer with these preferences click; the same with a viewing habit in
  words; which posters show a genre; what genre is at a letter.
* Answers and places to look: expectations over the documented population of simulated viewers in
  `acquisition/viewer/policy.py`. Its attention (rollout over the last two layers) was supervised with their
  expected gaze, so that it looks before it answers.

The simulated participants of the demonstration come from the same documented population, on other films. A
twin that works there shows that the method and this program work; it says nothing about human viewers.

## Training

AdamW, peak learning rate {rate:g}, cosine over the wall clock, {pages} pages a step. {steps} steps in
{minutes:.0f} minutes, seed {seed}, on a two-core machine that was busy with other work. To train again:
`python -m tuning.pretraining`. The budget is wall-clock time, so the number of steps, and with it the last
digit of everything below, depends on the machine.

## How well it does, on films and pages it has never seen

"Perfect" is what someone would reach who knows the population exactly. Gaze KL is measured in nats from the
expected gaze to rollout relevance on posters, beside that of looking everywhere alike.

| question | top-1 | perfect | share | excess [nats] | gaze KL | uniform KL | poster relevance | poster area |
|---|---|---|---|---|---|---|---|---|
{rows}

## Limits

Fifteen letters, ten genres, eight habits, pages of the geometry in `protocols/carousel.py`. Poster images
instead of drawn posters are outside what it was trained on.
"""


def model_card(recipe: Recipe, last: Progress, verdicts: Mapping[str, Verdict]) -> str:
    """Return the card as Markdown."""
    return _TEXT.format(
        share_rows=1 - MIXED_SHARE,
        rate=recipe.learning_rate,
        pages=recipe.pages_per_step,
        steps=last.step,
        minutes=last.minutes,
        seed=recipe.seed,
        rows="\n".join(_row(_KINDS[kind], verdict) for kind, verdict in verdicts.items()),
    )


def _row(kind: str, v: Verdict) -> str:
    return (
        f"| {kind} | {v.top1:.3f} | {v.bayes_top1:.3f} | {v.top1 / v.bayes_top1:.0%} | {v.excess_nats:.3f} "
        f"| {v.gaze_kl_nats:.3f} | {v.uniform_kl_nats:.3f} | {v.poster_mass:.0%} | {v.poster_area:.0%} |"
    )
