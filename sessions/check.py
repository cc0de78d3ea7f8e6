"""Judges a recording: is it whole, and is its gaze any good? Every verdict says what to do."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from acquisition.samples import GazeChunk
from protocols.markers import BY_RECORDER, Code, Marker
from sessions.calibration_check import DriftNumbers, calibration_items, drift_numbers
from sessions.calibrations import validated
from sessions.connection_check import connection_items
from sessions.eye_quality import EyeQuality, eye_qualities
from sessions.foreign_check import all_gaze_items
from sessions.gaze_check import CheckItem, GazeNumbers, Verdict, item, numbers
from sessions.page_check import OnPage, changed_pages
from sessions.reader import Recording
from sessions.schema import State
from sessions.trial_check import onset_item, trial_items

_MOST_DRIFT_S = 0.05


class CheckReport(BaseModel):
    """The whole judgement.

    Attributes:
        path: the recording.
        session_id: its UUID.
        state: how it ended.
        verdict: the worst of all items.
        counts: rows per kind of data.
        gaze: numbers about the gaze samples.
        accuracy_deg: mean offset at the last validation of the calibration in force, None without one.
        precision_deg: RMS of sample-to-sample distances there, None without one.
        eyes: how gaze of each eye, and of both, did at that validation; empty without one.
        drift: what drift checks found.
        items: everything that was looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    session_id: str
    state: State
    verdict: Verdict
    counts: dict[str, int]
    gaze: GazeNumbers
    accuracy_deg: float | None
    precision_deg: float | None
    eyes: tuple[EyeQuality, ...]
    drift: DriftNumbers
    items: tuple[CheckItem, ...]


def check(path: Path, on_page: OnPage | None = None) -> CheckReport:
    """Check a finished recording, page by page; it is not changed.

    Args:
        path: the recording.
        on_page: told after each page how many of how many were checked.

    Raises:
        SessionError: the recording cannot be opened at all, see ``Recording.open``.
    """
    with Recording.open(path) as recording:
        chunk = recording.gaze()
        gaze = numbers(chunk, recording.source.nominal_hz, recording.screen)
        validation = validated(recording.calibrations())
        quality = quality_items(recording, chunk, gaze)
        items = (*_file_items(recording), *quality, *_page_items(recording, on_page))
        return CheckReport(
            path=path,
            session_id=recording.session_id,
            state=recording.state,
            verdict=_worst(items),
            counts=_counts(recording),
            gaze=gaze,
            accuracy_deg=validation.accuracy_mean_deg if validation else None,
            precision_deg=validation.rms_s2s_deg if validation else None,
            eyes=eye_qualities(recording.calibrations()),
            drift=drift_numbers(recording.markers(), recording.study.calibration.limits),
            items=items,
        )


def _counts(recording: Recording) -> dict[str, int]:
    return {
        "gaze": recording.samples,
        "cursor": len(recording.cursor()),
        "markers": len(recording.markers()),
        "viewport": len(recording.viewports()),
        "trials": len(recording.trials()),
        "pages": len(recording.page_digests()),
        "calibrations": len(recording.calibrations()),
    }


def quality_items(recording: Recording, chunk: GazeChunk, gaze: GazeNumbers) -> Iterator[CheckItem]:
    """Yield the verdicts on gaze, for this check and for reports alike.

    Args:
        recording: to judge.
        chunk: all its gaze.
        gaze: numbers of that.
    """
    markers, limits = recording.markers(), recording.study.calibration.limits
    yield from all_gaze_items(recording, chunk, gaze)
    yield from connection_items(recording.connections(), markers, chunk)
    yield from calibration_items(recording.calibrations(), markers, limits)
    yield from trial_items(chunk, markers)
    yield onset_item(markers)


def _file_items(recording: Recording) -> Iterator[CheckItem]:
    yield _state(recording)
    yield _study(recording)
    yield _markers(recording.markers())
    yield _described(recording)
    yield _clock(recording)


def _state(recording: Recording) -> CheckItem:
    sealed, trials = recording.state is State.SEALED, recording.trials()
    why = [m.payload.get("why") for m in recording.markers() if m.code is Code.SESSION_END]
    told = f": {why[-1]}" if why and why[-1] and not sealed else ""
    partial = "the last trial may be partial." if trials else "gaze after that was not recorded."
    verdict: Verdict = "good" if sealed else "warning"
    advice = f"It did not run to its end: {partial}"
    return item("state", verdict, f"{recording.state.value}{told}", advice)


def _study(recording: Recording) -> CheckItem:
    right = hashlib.sha256(recording.study_text.encode("utf-8")).hexdigest() == recording.study_digest
    found = f"{recording.study_name}, {'digest right' if right else 'changed since it was written'}"
    return item("study", "good" if right else "bad", found, "Do not analyse it: find the unchanged file.")


def _markers(markers: tuple[Marker, ...]) -> CheckItem:
    problems = list(_marker_problems(markers))
    found = "; ".join(problems[:5]) or f"{len(markers)}, in order"
    return item("markers", "bad" if problems else "good", found, "Leave out the trials named; report this.")


def _marker_problems(markers: tuple[Marker, ...]) -> Iterator[str]:
    for before, after in itertools.pairwise(markers):
        if after.t_s < before.t_s and not _from_source(before, after):
            yield f"{after.code.value} at {after.t_s:.3f} s follows {before.code.value} at {before.t_s:.3f} s"
    running: int | None = None
    for marker in markers:
        if marker.code is Code.TRIAL_START:
            if running is not None:
                yield f"trial {marker.trial} starts while trial {running} runs"
            running = marker.trial
        elif marker.code is Code.TRIAL_END:
            if running != marker.trial:
                yield f"trial {marker.trial} ends without having started"
            running = None


def _from_source(*markers: Marker) -> bool:
    """Tell whether one comes from the recorder itself, which does not wait for the conductor's."""
    return any(m.code in BY_RECORDER for m in markers)


def _described(recording: Recording) -> CheckItem:
    shown = {m.trial for m in recording.markers() if m.code is Code.TRIAL_START}
    missing = sorted(shown - {t.index for t in recording.trials()})
    found = f"{len(shown)} shown, " + (f"{missing} not described" if missing else "all described")
    return item("trials", "bad" if missing else "good", found, "Leave these trials out.")


def _clock(recording: Recording) -> CheckItem:
    pairs = recording.clock_pairs()
    drift_s = float(np.ptp(pairs[:, 1] - pairs[:, 0])) if len(pairs) > 1 else 0.0
    verdict: Verdict = "warning" if drift_s > _MOST_DRIFT_S else "good"
    times = "once" if len(pairs) == 1 else f"{len(pairs)} times"
    found = f"session clock and computer's date {drift_s * 1000:.1f} ms apart at most, compared {times}"
    return item("clock", verdict, found, "Use session time only; the computer's date was changed meanwhile.")


def _page_items(recording: Recording, on_page: OnPage | None) -> Iterator[CheckItem]:
    digests = recording.page_digests()
    missing = sorted({v.page for v in recording.viewports()} - set(digests))
    found = f"{len(digests)} stored, {len(missing)} of those shown missing"
    yield item("pages", "bad" if missing else "good", found, "Leave out the views of these pages.")
    changed = [digest[:12] for digest in changed_pages(recording, on_page)]
    found = f"{', '.join(changed)} differ from their digest" if changed else "all as they were shown"
    yield item(
        "page digests", "bad" if changed else "good", found, "The file was changed; find the original."
    )


def _worst(items: Iterable[CheckItem]) -> Verdict:
    found = {item.verdict for item in items}
    return "bad" if "bad" in found else "warning" if "warning" in found else "good"
