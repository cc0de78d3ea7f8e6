"""A stand-in for the engine program: the real protocol, no model. Run as ``python -P -m fake_engine``."""

from __future__ import annotations

import argparse
import sys
import time

from protocols.carousel import layout
from protocols.wire import Done, Message, decode, encode
from tuning import events


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
        _say(Done())


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
