"""A stand-in tracker without a recording: somebody looks about, seen through any tool's wire format."""

from __future__ import annotations

import threading
from collections.abc import Callable

from acquisition.binocular import BinocularGaze
from acquisition.imitator import Imitator, Published, Setting
from acquisition.profiles import format_named
from acquisition.tracker import LINGER_S
from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from acquisition.wire_format import WireFormat
from protocols.geometry import FloatArray, Screen

TICK_S = 0.012


def publish_viewer(
    profile: str | WireFormat,
    stopped: threading.Event,
    seed: int = 0,
    rate_hz: float = 120.0,
    setting: Setting | None = None,
    on_air: Callable[[], None] | None = None,
) -> Published:
    """Publish a simulated viewer in front of an empty screen, until told to stop.

    Waits for a consumer, then sends in real time.

    Args:
        profile: wire format, or the name of one, for example ``tobii-pro``.
        stopped: set it to end.
        seed: draws everything random.
        rate_hz: sampling rate.
        setting: the display, and what else the tool is in.
        on_air: called once the stream can be found.

    Raises:
        ChannelsUnknown: no such profile, or one that cannot be made from gaze on a screen.
    """
    setting = setting or Setting(Screen())
    wire = format_named(profile) if isinstance(profile, str) else profile
    tool = Imitator(wire, f"viewer-{seed}", rate_hz, setting)
    try:
        if on_air:
            on_air()
        tool.wait_for_consumer(stopped.is_set)
        looks = ViewerSettings(seed=seed, rate_hz=rate_hz, screen=ScreenSettings.of(setting.screen))
        viewer = SimulatedParticipant(looks, tool.now_s())
        while not stopped.wait(TICK_S):
            t_s, samples, _ = viewer.advance(tool.now_s())
            tool.push(as_binocular(t_s, samples))
            tool.look_around()
        return tool.done(LINGER_S)
    finally:
        tool.close()


def as_binocular(t_s: FloatArray, samples: FloatArray) -> BinocularGaze:
    """Return samples (n, 8) of the simulated tracker, taken at ``t_s`` (n,), free of their wire format."""
    eyes = samples.reshape(-1, 2, 4)
    return BinocularGaze(t_s, eyes[..., :2], eyes[..., 2])
