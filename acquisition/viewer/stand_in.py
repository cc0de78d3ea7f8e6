"""A stand-in tracker without a recording: somebody looks about, seen through any tool's wire format."""

from __future__ import annotations

import threading

from acquisition.binocular import BinocularGaze
from acquisition.imitation import imitate
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.tracker import LINGER_S, Published, publishable
from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from protocols.geometry import FloatArray, Screen

TICK_S = 0.012


def publish_viewer(
    profile: str, stopped: threading.Event, seed: int = 0, screen: Screen | None = None
) -> Published:
    """Publish a simulated viewer in front of an empty screen, until told to stop.

    Waits for a consumer, then sends in real time.

    Args:
        profile: wire format, for example ``tobii-pro``.
        stopped: set it to end.
        seed: draws everything random.
        screen: the display, for tools that publish pixels.

    Raises:
        ChannelsUnknown: no such profile, or one that is no gaze on a screen.
    """
    wire, screen = publishable(format_named(profile)), screen or Screen()
    outlet = GazeOutlet(wire, f"viewer-{seed}")
    sent, first_s, last_s = 0, 0.0, 0.0
    try:
        outlet.wait_for_consumer(stopped.is_set)
        settings = ViewerSettings(seed=seed, screen=ScreenSettings.of(screen))
        viewer = SimulatedParticipant(settings, outlet.now_s())
        while not stopped.wait(TICK_S):
            t_s, samples, _ = viewer.advance(outlet.now_s())
            values, stamps_s = imitate(as_binocular(t_s, samples), wire, screen)
            outlet.push(values, stamps_s)
            if len(stamps_s):
                first_s, last_s = (first_s if sent else float(stamps_s[0])), float(stamps_s[-1])
                sent += len(stamps_s)
        if sent:
            outlet.linger(LINGER_S)
    finally:
        outlet.close()
    return Published(outlet.name, outlet.source_id, wire.profile, sent, first_s, last_s)


def as_binocular(t_s: FloatArray, samples: FloatArray) -> BinocularGaze:
    """Return samples (n, 8) of the simulated tracker, taken at ``t_s`` (n,), free of their wire format."""
    eyes = samples.reshape(-1, 2, 4)
    return BinocularGaze(t_s, eyes[..., :2], eyes[..., 2])
