"""``gazetwin demo`` behind its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acquisition.clock import SteadyClock
from studio.conductor import Conductor
from studio.demo import Demonstration, DemoOrder, DemoResult
from studio.progress import told
from studio.sources import own_network
from studio.stage import HeadlessStage
from studio.watching import interruptible, watched


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command; see its help."""

    folder: Path
    seed: int
    headless: bool
    stay: bool = False


def run(request: Request) -> DemoResult:
    """Run the demonstration, with or without windows."""
    order = DemoOrder(request.folder, request.seed)
    if request.headless:
        return _headless(order)
    from studio.windows.demo import demonstrate

    return demonstrate(order, stay=request.stay)


def _headless(order: DemoOrder) -> DemoResult:
    with own_network(), told() as tell, interruptible() as watch, watched(tell) as progress:

        def both(conductor: Conductor) -> None:
            watch(conductor)
            progress(conductor)

        return Demonstration(order, tell).run(HeadlessStage(SteadyClock()), both)
