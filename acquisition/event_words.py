"""What is said about a source and its recording, in words and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from acquisition.connection import CLOCKS, Link
from acquisition.lateness import Burst
from acquisition.source import SourceInfo
from acquisition.source_event import SourceEvent
from acquisition.stall import Change
from protocols.markers import Code
from protocols.words import counted


def left(now_s: float, info: SourceInfo, silent_s: float) -> SourceEvent:
    """Say that a stream is not on the network any more, ``silent_s`` after its last sample."""
    words = f"{info.name} has left the network; its last sample came {silent_s:.1f} s ago. "
    more = (
        "The recording that it replayed has ended."
        if info.replayed
        else "Waiting until it comes back: start the tracker again, or end the session."
    )
    return SourceEvent(Code.SOURCE_LOST, now_s, words + more, {"silent_s": round(silent_s, 3)})


def reconnected(now_s: float, info: SourceInfo, number: int, away_s: float) -> SourceEvent:
    """Say that a stream came back from another outlet, with no sample for ``away_s``."""
    known_by = f"source id {info.source_id!r}" if info.source_id else "name and channels; it has no source id"
    return SourceEvent(
        Code.SOURCE_RECONNECTED,
        now_s,
        f"{info.name} is back, known by its {known_by}; {away_s:.2f} s of gaze are missing.",
        {"connection": number, "away_s": round(away_s, 3), "source_id": info.source_id},
    )


def duplicated(now_s: float, info: SourceInfo, hosts: Sequence[str]) -> SourceEvent:
    """Say that several outlets on ``hosts`` answer as one stream."""
    named = f"source id {info.source_id!r}" if info.source_id else f"name {info.name!r}"
    return SourceEvent(
        Code.SOURCE_DUPLICATED,
        now_s,
        f"{len(hosts)} streams on {', '.join(sorted(set(hosts)))} have the {named}. The one connected to is "
        "recorded on, but if it stops neither is taken: close all but one.",
        {"streams": len(hosts), "hosts": sorted(hosts), "source_id": info.source_id},
    )


def late(now_s: float, burst: Burst) -> SourceEvent:
    """Say that samples arrived long after their stamps."""
    goes_on = "; it goes on: the sender delays them, or its clock is behind" if burst.lasting else ""
    return SourceEvent(
        Code.SOURCE_LATE,
        now_s,
        f"{counted(burst.samples, 'sample')} arrived up to {burst.late_s:.1f} s after their stamps{goes_on}.",
        {"samples": burst.samples, "late_s": round(burst.late_s, 3), "lasting": burst.lasting},
    )


def clock_foreign(now_s: float, link: Link) -> SourceEvent:
    """Say that samples carry stamps that LSL cannot relate to the session."""
    return SourceEvent(
        Code.CLOCK_FOREIGN,
        now_s,
        f"The stream is stamped with {CLOCKS[link.clock]} ({-link.offset_s:+.1f} s from the session's). "
        "Times come from the arrival of samples and are late by the time of transmission.",
        {"clock": link.clock, "offset_s": link.offset_s, "method": link.method},
    )


def clock_jumped(now_s: float, jumped_s: float) -> SourceEvent:
    """Say that the clock behind the stamps was set."""
    return SourceEvent(
        Code.CLOCK_JUMPED,
        now_s,
        f"The clock that stamps the stream jumped by {jumped_s:+.1f} s. Times are taken anew from here on.",
        {"jumped_s": round(jumped_s, 3)},
    )


def quiet(now_s: float, name: str, change: Change) -> SourceEvent:
    """Say that a source has stopped sending, or sends again."""
    code = Code.SOURCE_STALLED if change.stalled else Code.SOURCE_RESUMED
    silent = f"{change.silent_s:.1f} s"
    words = f"Nothing from {name} for {silent}." if change.stalled else f"{name} sends again after {silent}."
    return SourceEvent(code, now_s, words, {"silent_s": round(change.silent_s, 3)})


def ended(now_s: float, silent_s: float, why: Exception) -> SourceEvent:
    """Say that no further sample will come."""
    facts = {"silent_s": round(silent_s, 3), "lost": str(why)}
    return SourceEvent(Code.SOURCE_STALLED, now_s, str(why), facts)


def writing_late(now_s: float, unsaved_s: float, backlog: int, refusal: OSError | None) -> SourceEvent:
    """Say that samples come but do not reach the disk."""
    why = f"the disk refuses it ({refusal.strerror})" if refusal else "the disk is too slow"
    return SourceEvent(
        Code.WRITING_LATE,
        now_s,
        f"What was recorded in the last {unsaved_s:.0f} s is not on the disk yet: {why}. It is kept "
        "in memory; free space, or end the session.",
        {"unsaved_s": round(unsaved_s, 1), "backlog": backlog, "errno": refusal.errno if refusal else None},
    )


def writing_resumed(now_s: float) -> SourceEvent:
    """Say that everything recorded has reached the disk after all."""
    return SourceEvent(Code.WRITING_RESUMED, now_s, "Everything recorded is on the disk again.")
