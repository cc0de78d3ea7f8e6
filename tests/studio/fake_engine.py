"""A stand-in for the engine program: the real protocol, no model. Run as ``python -P -m fake_engine``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from protocols.carousel import layout
from protocols.wire import Done, Message, decode, encode
from sessions.reader import Recording
from sessions.views import PageView
from tuning import events
from tuning.metrics import attention_scores, averages


def main() -> None:
    asked = _arguments()
    observed = predicted = 0
    for line in sys.stdin:
        request = decode(line, events.Request)
        if isinstance(request, events.Shutdown):
            return
        if isinstance(request, events.Load):
            _say(events.Ready(backbone=request.backbone, digest="00", cohort=0, seconds=0.0))
        elif isinstance(request, events.Predict):
            predicted += 1
            if predicted > asked.predictions:
                sys.stderr.write("out of ideas\n")
                sys.exit(3)
            time.sleep(asked.slow)
            slots = len(layout(request.page.screen, request.page.viewport))
            _say(events.Predicted(views=_views(slots), observed=observed, seconds=0.0))
        elif isinstance(request, events.Observe):
            observed += 1
            _say(events.Observed(observed=observed, steps=1, seconds=0.0))
        elif isinstance(request, events.Fit):
            _fit(request)
        _say(Done())


def _fit(request: events.Fit) -> None:
    """Write a persona that is none, and an honest comparison of two maps on all pages."""
    with Recording.open(Path(request.sessions[0])) as recording:
        judged = tuple(_judged(view) for view in recording.views() if view.fixation_ms.sum() > 0)
        participant = recording.participant.pseudonym
    _say(events.Step(step=1, total=1, loss=1.0, attention=1.0, click=0.0, penalty=0.0))
    Path(request.out).write_bytes(b"persona")
    _say(events.Saved(what="persona", path=request.out))
    rows = judged[0].scores
    comparison = events.Comparison(
        participant=participant,
        backbone="stand-in",
        operator=request.config.operator,
        placement=request.config.placement,
        signal="fixation",
        heldout={row: averages(j.scores[row] for j in judged) for row in rows},
        smoothed_logloss={},
        counts={"views": len(judged)},
        skipped={},
        missing={},
        verdicts=("The stand-in beats nobody.",),
        judged=judged,
    )
    Path(request.comparison).write_text(encode(comparison), encoding="utf-8")
    _say(events.Saved(what="comparison", path=request.comparison))


def _judged(view: PageView) -> events.Judged:
    human = view.fixation_ms / view.fixation_ms.sum()
    views = _views(len(human))
    return events.Judged(
        trial=view.trial,
        screen=view.screen.id,
        viewport=view.viewport,
        shown=view.digest,
        films=tuple(film.key for film in view.films),
        human=tuple(human),
        click=view.click,
        views=views,
        scores={row: attention_scores(human, np.asarray(views[row].attention)) for row in views},
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--predictions", type=int, default=1000, help="crash after so many")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds per prediction")
    return parser.parse_args()


def _views(slots: int) -> dict[str, events.View]:
    rising = [k + 1 for k in range(slots)]
    twin = tuple(k / sum(rising) for k in rising)
    even = (1 / slots,) * slots
    return {
        "twin": events.View(attention=twin, choice=twin),
        "uniform": events.View(attention=even, choice=even),
    }


def _say(message: Message) -> None:
    sys.stdout.write(encode(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
