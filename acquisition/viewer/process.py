"""The simulated viewer as a program: gaze over LSL, orders on standard input, actions on standard output.

It ends when told to, when its standard input closes (so it never outlives the program that started it), or
when nobody reads its standard output any more.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
from pydantic import ValidationError

from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.viewer.messages import Ended, Order, Ready, Stop
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from protocols.errors import GazeTwinError, StudyInvalid
from protocols.mistakes import listed
from protocols.wire import Failed, Message, decode, encode

TICK_S = 0.012
_LINGER_S = 2.0
_READ_BYTES = 1 << 16


class OrderPipe:
    """Orders as lines on a file descriptor, read without a thread.

    Args:
        descriptor: a pipe's reading end.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._partial = b""
        self.closed = False

    def wait(self, until_s: float) -> list[Order]:
        """Return the orders that have come, waiting for the first until ``time.monotonic()`` is ``until_s``.

        Raises:
            ProgramError: a line is no order.
        """
        timeout_s = max(until_s - time.monotonic(), 0.0)
        if self.closed:
            time.sleep(timeout_s)
            return []
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return []
        received = os.read(self._descriptor, _READ_BYTES)
        self.closed = not received
        *lines, self._partial = (self._partial + received).split(b"\n")
        return [decode(line.decode(), Order) for line in lines if line.strip()]


class ViewerProgram:
    """Runs a simulated participant in real time.

    Args:
        settings: who looks, and through which tracker.
        outlet: where gaze goes.
        orders: where orders come from.
        reports: where reports go.
        truth: file for the true fixations, None for none.
    """

    def __init__(
        self,
        settings: ViewerSettings,
        outlet: GazeOutlet,
        orders: OrderPipe,
        reports: TextIO,
        truth: Path | None,
    ) -> None:
        self._settings = settings
        self._outlet = outlet
        self._orders = orders
        self._reports = reports
        self._truth = truth
        self._stopped = False
        self._early: list[Order] = []

    def run(self) -> None:
        """Wait for a listener, then look and act until stopped."""
        self._report(Ready.of(self._outlet.name, self._outlet.source_id, self._settings.person()))
        if not self._outlet.wait_for_consumer(self._stop_before_start):
            self._report(Ended(sent=0, first_s=np.nan, last_s=np.nan, fixations=0, truth=""))
            return
        participant = SimulatedParticipant(self._settings, self._outlet.now_s())
        self._obey(participant, self._early)
        sent_s = self._live(participant)
        self._finish(participant, sent_s)

    def _stop_before_start(self) -> bool:
        self._early += self._orders.wait(time.monotonic())
        return self._orders.closed or any(isinstance(order, Stop) for order in self._early)

    def _live(self, participant: SimulatedParticipant) -> list[float]:
        """Send samples and actions until stopped; return count, first and last stamp of what was sent."""
        sent, first_s, last_s = 0, np.nan, np.nan
        deadline_s = time.monotonic()
        while not self._stopped:
            t_s, values, actions = participant.advance(self._outlet.now_s())
            self._outlet.push(values, t_s)
            for action in actions:
                self._report(action)
            if len(t_s):
                first_s, last_s = (first_s if sent else float(t_s[0])), float(t_s[-1])
                sent += len(t_s)
            deadline_s = max(deadline_s + TICK_S, time.monotonic())
            self._wait(participant, deadline_s)
        return [sent, first_s, last_s]

    def _wait(self, participant: SimulatedParticipant, deadline_s: float) -> None:
        while time.monotonic() < deadline_s and not self._stopped:
            self._obey(participant, self._orders.wait(deadline_s))
            self._stopped |= self._orders.closed

    def _obey(self, participant: SimulatedParticipant, orders: Sequence[Order]) -> None:
        for order in orders:
            if isinstance(order, Stop):
                self._stopped = True
            else:
                participant.see(order)

    def _finish(self, participant: SimulatedParticipant, sent_s: list[float]) -> None:
        sent, first_s, last_s = sent_s
        truth = participant.truth(first_s, last_s)
        if self._truth is not None:
            truth.save(self._truth)
        self._report(
            Ended(
                sent=int(sent),
                first_s=first_s,
                last_s=last_s,
                fixations=len(truth),
                truth=str(self._truth) if self._truth else "",
            )
        )
        self._outlet.linger(_LINGER_S)

    def _report(self, message: Message) -> None:
        self._reports.write(encode(message) + "\n")
        self._reports.flush()


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit code, 2 after an error that it reported."""
    arguments = _arguments(argv)
    try:
        settings = parsed_settings(arguments.settings, arguments.seed)
        outlet = GazeOutlet(format_named("gazetwin"), arguments.device, settings.rate_hz)
        try:
            orders = OrderPipe(sys.stdin.fileno())
            ViewerProgram(settings, outlet, orders, sys.stdout, arguments.truth).run()
        finally:
            outlet.close()
    except GazeTwinError as error:
        sys.stdout.write(encode(Failed.of(error)) + "\n")
        return 2
    except BrokenPipeError:
        # Whoever started this program is gone. Python would flush the broken pipe once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -P -m acquisition viewer", description=__doc__)
    parser.add_argument("--seed", type=int, help="replaces the seed of --settings")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="fields of ViewerSettings")
    parser.add_argument("--truth", type=Path, metavar="FILE.npz", help="where to write the true fixations")
    parser.add_argument("--device", default="1", help="last part of the stream's source id")
    return parser.parse_args(argv)


def parsed_settings(text: str, seed: int | None) -> ViewerSettings:
    """Read settings from JSON.

    Raises:
        StudyInvalid: no JSON object, or wrong fields.
    """
    try:
        settings = ViewerSettings.model_validate_json(text)
    except ValidationError as error:
        raise StudyInvalid(
            f"The settings of the simulated viewer are wrong: {listed(error)}",
            "It would look otherwise than asked.",
            "Correct the JSON given as --settings.",
        ) from error
    settings.person()
    return settings if seed is None else settings.model_copy(update={"seed": seed})
