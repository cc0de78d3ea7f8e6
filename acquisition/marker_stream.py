"""Markers on the network, so that other recorders (EEG, video) can be aligned with the session."""

from __future__ import annotations

import json
import time
from typing import Any

from acquisition.liblsl import load_pylsl
from protocols.markers import Marker

NAME = "GazeTwin_Markers"
_LINGER_S = 0.5


class MarkerStream:
    """An LSL string stream of type ``Markers``; each sample is one compact JSON object.

    Args:
        session: makes the source id unique and stable for one session.
    """

    def __init__(self, session: str) -> None:
        pylsl = load_pylsl()
        info = pylsl.StreamInfo(
            NAME, "Markers", 1, pylsl.IRREGULAR_RATE, "string", f"gazetwin-markers-{session}"
        )
        self._outlet: Any = pylsl.StreamOutlet(info)

    def push(self, marker: Marker) -> None:
        """Send a marker, stamped with its own time."""
        if self._outlet is not None:
            self._outlet.push_sample([encoded(marker)], marker.t_s)

    def close(self) -> None:
        """Leave the network once the last marker has had time to arrive where somebody listens. Idempotent.

        Markers pushed afterwards are not sent.
        """
        if self._outlet is not None and self._outlet.have_consumers():
            time.sleep(_LINGER_S)
        self._outlet = None


def encoded(marker: Marker) -> str:
    """Return a marker as it goes onto the wire: version, code, trial, payload."""
    fields = {"v": 1, "code": marker.code.value, "trial": marker.trial, "payload": dict(marker.payload)}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
