"""A stand-in for the engine program: the real protocol, no model. Run as ``python -P -m fake_engine``."""

from __future__ import annotations

import argparse
import json
import queue
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np

from protocols.carousel import layout
from protocols.wire import Cancelled, Done, Message, decode, encode
from sessions.reader import Recording
from sessions.views import PageView
from tuning import events
from tuning.config import FitConfig
from tuning.metrics import attention_scores, averages


def main() -> None:
    asked = _arguments()
    observed = predicted = 0
    requests, cancelled = _heard()
    while (request := requests.get()) is not None:
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
            if not _learned(request, asked, cancelled):
                _say(Cancelled())
                continue
            _fit(request)
        elif isinstance(request, events.Compare):
            _write_comparison(_comparison(request.sessions[0], FitConfig()), request.out)
        elif isinstance(request, events.Simulate):
            _simulate(request)
        _say(Done())


def _heard() -> tuple[queue.SimpleQueue[Message | None], threading.Event]:
    """Return what is asked, one after the other, and whether to stop; both are heard at once."""
    requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    cancelled = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            request = decode(line, events.Request)
            if isinstance(request, events.Cancel):
                cancelled.set()
            else:
                requests.put(request)
        requests.put(None)

    threading.Thread(target=listen, daemon=True).start()
    return requests, cancelled


def _learned(request: events.Fit, asked: argparse.Namespace, cancelled: threading.Event) -> bool:
    """Make steps from where an interrupted fit stopped; False when it is told to stop."""
    unfinished = Path(f"{request.out}.unfinished")
    made = int(unfinished.read_text()) if unfinished.exists() else 0
    if made == 0:
        _say(events.Evaluated(step=0, scores={"kl": 1.0}, best=True))
    for step in range(made + 1, asked.steps + 1):
        time.sleep(asked.pace)
        if cancelled.is_set() and not asked.deaf:
            return False
        _say(
            events.Step(
                step=step, total=asked.steps, loss=1 / step, attention=1 / step, click=0.0, penalty=0.0
            )
        )
        unfinished.write_text(str(step))
        if step == asked.die_at:
            sys.stderr.write("no more memory\n")
            sys.exit(3)
    _say(events.Evaluated(step=asked.steps, scores={"kl": 0.5}, best=True))
    unfinished.unlink(missing_ok=True)
    return True


def _fit(request: events.Fit) -> None:
    """Write a persona that says what it is and holds nothing, and a comparison of two maps on all pages."""
    comparison = _comparison(request.sessions[0], request.config)
    _write_persona(request, comparison)
    _say(events.Saved(what="persona", path=request.out))
    if request.comparison:
        _write_comparison(comparison, request.comparison)


def _comparison(session: str, config: FitConfig) -> events.Comparison:
    with Recording.open(Path(session)) as recording:
        judged = tuple(_judged(view) for view in recording.views() if view.fixation_ms.sum() > 0)
        participant = recording.participant.pseudonym
    rows = judged[0].scores
    return events.Comparison(
        participant=participant,
        backbone="stand-in",
        operator=config.operator,
        placement=config.placement,
        signal="fixation",
        heldout={row: averages(j.scores[row] for j in judged) for row in rows},
        smoothed_logloss={},
        counts={"views": len(judged)},
        skipped={},
        missing={},
        verdicts=("The stand-in beats nobody.",),
        judged=judged,
    )


def _write_comparison(comparison: events.Comparison, path: str) -> None:
    Path(path).write_text(encode(comparison), encoding="utf-8")
    _say(events.Saved(what="comparison", path=path))


def _write_persona(request: events.Fit, comparison: events.Comparison) -> None:
    names = list(dict.fromkeys(judged.screen for judged in comparison.judged))
    with Recording.open(Path(request.sessions[0])) as recording:
        session = recording.session_id
    told = {
        "schema": "gazetwin-persona/1",
        "participant": comparison.participant,
        "preferred": [],
        "sessions": [{"session": session, "sha256": "", "study": "demo", "study_digest": ""}],
        "backbone": "stand-in",
        "backbone_digest": "00",
        "positions": "none",
        "cohort": "",
        "config": request.config.model_dump(),
        "splits": {
            name: ("test", "val")[place] if place < 2 else "train" for place, name in enumerate(names)
        },
        "best_step": 1,
        "validation": {},
        "heldout": {},
        "uniform_shares": {},
        "versions": {},
    }
    head = json.dumps({"__metadata__": {"gazetwin": json.dumps(told)}}).encode()
    Path(request.out).write_bytes(struct.pack("<Q", len(head)) + head)


def _simulate(request: events.Simulate) -> None:
    for index, page in enumerate(request.pages):
        slots = layout(page.screen, page.viewport)
        view = _views(len(slots))["twin"]
        films = tuple(slot.film for slot in slots.slots)
        _say(events.Simulated(index=index, screen=page.screen.id, view=view, combined=view, films=films))


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
    parser.add_argument("--steps", type=int, default=1, help="of a fit")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds per step")
    parser.add_argument("--die-at", type=int, default=0, help="crash at this step")
    parser.add_argument("--deaf", action="store_true", help="do not hear that the fit shall stop")
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
