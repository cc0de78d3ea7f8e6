"""Where the gaze of a session comes from: a choice made in words, opened into a source."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from acquisition.clock import Clock
from acquisition.lsl import LslSource
from acquisition.lsl_config import loopback_environment, new_session_id
from acquisition.mouse import MouseSource
from acquisition.source import GazeSource
from acquisition.surface import read_surface
from acquisition.surface_source import SurfaceSource
from acquisition.viewer.messages import Ended
from acquisition.viewer.settings import ViewerSettings
from protocols.errors import SourceNotFound
from protocols.geometry import Screen
from protocols.placement import DisplayFrame
from sessions.replay import ReplaySource
from studio.remembered import reading
from studio.simulated_viewer import SimulatedViewer

Kind = Literal["mock", "lsl", "mouse", "replay"]

_ARRIVAL_S = 3.0


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A source as asked for.

    Attributes:
        kind: which.
        file: the recording to replay, only for ``replay``.
        name: name, source id or uid of the LSL stream, empty for the only one there is.
        profile: profile file to read the LSL stream by, None for what is known and remembered.
        surface: surface file, for a tracker that is worn on the head.
    """

    kind: Kind
    file: Path | None = None
    name: str = ""
    profile: Path | None = None
    surface: Path | None = None

    @classmethod
    def parse(
        cls, text: str, name: str = "", profile: Path | None = None, surface: Path | None = None
    ) -> SourceChoice:
        """Read ``mock``, ``lsl``, ``lsl:NAME``, ``mouse`` or ``replay:FILE``.

        Raises:
            SourceNotFound: it is something else, or a file that only a tracker needs is given for another.
        """
        kind, colon, rest = text.partition(":")
        if kind == "lsl" and (rest or not colon):
            return cls("lsl", name=rest or name, profile=profile, surface=surface)
        if profile or surface:
            raise SourceNotFound(
                f"A profile or surface file says how a tracker is read, and {text!r} is none.",
                "The file would be without effect.",
                "Use --source lsl, or leave the file out.",
            )
        if kind == "replay" and rest:
            return cls("replay", Path(rest))
        if kind == text and kind in ("mock", "mouse"):
            return cls("mock" if kind == "mock" else "mouse", name=name)
        raise SourceNotFound(
            f"There is no gaze source {text!r}.",
            "A session needs gaze from somewhere.",
            "Use mock (a simulated participant), lsl (a tracker), lsl:NAME, mouse, or replay:FILE.",
        )


@dataclass(frozen=True, slots=True)
class Rig:
    """An open source, and the simulated participant when there is one.

    Attributes:
        source: open.
        viewer: the simulated participant, None for a real one.
        preferred: what a simulated participant answers to the questionnaire, the top genre first.
    """

    source: GazeSource
    viewer: SimulatedViewer | None = None
    preferred: tuple[str, ...] = ()

    def finish(self, samples: Callable[[], int]) -> Ended | None:
        """Let a simulated participant leave and wait for its last sample.

        Args:
            samples: how many have arrived so far.

        Returns:
            What it sent; None for a real participant.

        Raises:
            GazeTwinError: the viewer program failed.
        """
        if self.viewer is None:
            return None
        ended = self.viewer.stop()
        deadline = time.monotonic() + _ARRIVAL_S
        while samples() < ended.sent and time.monotonic() < deadline:
            time.sleep(0.005)
        return ended


@contextmanager
def opened(
    choice: SourceChoice,
    screen: Screen,
    clock: Clock,
    *,
    settings: ViewerSettings | None = None,
    truth: Path | None = None,
    frame: DisplayFrame | None = None,
) -> Iterator[Rig]:
    """Open a source for as long as the context lasts.

    Args:
        choice: which.
        screen: the study's page on the participant's display.
        clock: session clock.
        settings: of the simulated participant, only for ``mock``.
        truth: where the simulated participant's true fixations go.
        frame: the whole display, which a tracker's coordinates refer to; when omitted, the page fills it.

    Raises:
        SourceError: it cannot be opened.
        GazeTwinError: the viewer program or the recording to replay failed.
    """
    with ExitStack() as stack:
        rig = _rig(stack, choice, screen, clock, settings, truth, frame)
        stack.callback(rig.source.close)
        rig.source.open()
        yield rig


def _rig(
    stack: ExitStack,
    choice: SourceChoice,
    screen: Screen,
    clock: Clock,
    settings: ViewerSettings | None,
    truth: Path | None,
    frame: DisplayFrame | None,
) -> Rig:
    if choice.kind == "mouse":
        return Rig(MouseSource(clock))
    if choice.file is not None:
        return Rig(ReplaySource(choice.file, clock=clock))
    if choice.kind == "lsl":
        return Rig(tracker(choice, screen, clock, frame))
    viewer = SimulatedViewer(settings or ViewerSettings(), truth, uuid.uuid4().hex[:12])
    ready = viewer.start()
    stack.callback(viewer.close)
    source = LslSource(screen, source_id=ready.source_id, timeout_s=10.0, clock=clock)
    return Rig(source, viewer, ready.preferred)


def tracker(choice: SourceChoice, screen: Screen, clock: Clock, frame: DisplayFrame | None) -> GazeSource:
    """Return the source of a choice of kind ``lsl``, not yet open."""
    identity = choice.name or None
    if choice.surface is not None:
        surface = read_surface(choice.surface)
        return SurfaceSource(
            screen, surface, identity, clock=clock, named_in=str(choice.surface), frame=frame
        )
    how = reading(choice.profile)
    return LslSource(screen, clock=clock, identity=identity, reading=how, frame=frame)


@contextmanager
def own_network() -> Iterator[None]:
    """Keep LSL on this machine and to ourselves, unless the user has configured it.

    liblsl reads its configuration once per process: enter this before anything asks for LSL, clocks included.
    """
    if "LSLAPICFG" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="gazetwin-lsl-") as folder:
        os.environ.update(loopback_environment(Path(folder), new_session_id()))
        try:
            yield
        finally:
            del os.environ["LSLAPICFG"]
