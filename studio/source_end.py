"""What the end of its gaze source means for a session."""

from __future__ import annotations

from acquisition.recorder import RecorderStatus
from protocols.errors import GazeTwinError, SessionError, SourceLost


def ending(status: RecorderStatus, freely: bool, replayed: bool) -> str | GazeTwinError:
    """Return why a session ends now: in words when that is in order; empty while it goes on.

    A tracker that has left the network is waited for, unless a stand-in replays a recording, which ends.

    Args:
        status: of the recording.
        freely: gaze without a study is being recorded, so that the end of the source is that of the session.
        replayed: a stand-in replays a recording.
    """
    if status.failure:
        return SessionError(
            f"The recording has failed: {status.failure}.",
            "A session that is not recorded is of no use.",
            "Free space on the disk, or record elsewhere.",
        )
    if freely and (status.ended or (status.gone and replayed)):
        return "the recording that was replayed has ended"
    if status.ended:
        return SourceLost(
            "The gaze source has ended in the middle of the session.",
            "The remaining trials would have no gaze.",
            "Everything so far is kept; start the tracker again and record the session anew.",
        )
    return ""


def shortfall(status: RecorderStatus, since_s: float) -> str:
    """Return what keeps a session that came to its end from being complete, empty for nothing.

    Args:
        status: of the recording at the end.
        since_s: how long the session has lasted, in s.
    """
    if not status.samples:
        return "no gaze arrived at all"
    if status.gone:
        at_s = max(since_s - status.silent_s, 0.0)
        return f"the gaze source was lost after {at_s:.1f} s and did not come back"
    return ""
