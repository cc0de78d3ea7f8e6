"""``tuning serve`` with a model that takes its time, and tight limits: ``slow_server.py PERSONA``."""

from __future__ import annotations

import sys
import time

import tuning.serving.program as program
from tuning.__main__ import main
from tuning.serving.limits import Limits
from tuning.serving.people import People

SLOW_S = 0.6
LIMITS = Limits(body_bytes=100_000, body_s=0.5, requests=8, waiting=2, batch=1, answer_s=1.5)


class SlowPeople(People):
    def answers(self, questions):
        time.sleep(SLOW_S)
        return super().answers(questions)


if __name__ == "__main__":
    program.People = SlowPeople
    program.Limits = lambda: LIMITS
    sys.exit(main(["serve", sys.argv[1], "--port", "0"]))
