"""The lanes of a session's time line. Qt-free."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import BY_RECORDER, Code, Marker
from protocols.slots import IntArray
from protocols.stimulus import Viewport
from sessions.slots import ViewSlots
from studio.lanes import Lane, Shape, Spans, Ticks, Trace
from studio.rooms.replay.session import ReplaySession

_SHAPES: dict[Code, Shape] = {
    Code.CLICK: "click",
    Code.NOTE: "note",
    Code.PAUSE: "pause",
    Code.RESUME: "pause",
    Code.BREAK: "pause",
    Code.ABORT: "trouble",
}
_WORDS = {
    Code.CALIBRATION_START: "calibration begins",
    Code.CALIBRATION_ACCEPTED: "calibration accepted",
    Code.DRIFT_CHECK: "drift check",
    Code.REPEAT: "trial repeated",
}


def lanes(session: ReplaySession) -> tuple[Lane, ...]:
    """Return what the time line shows of a session, from top to bottom."""
    return (
        _trials(session),
        _pages(session),
        _fixations(session),
        _lost(session),
        _gaze(session),
        _events(session),
    )


def row_of(view: ViewSlots, session: ReplaySession, slot: int) -> int:
    """Return the row of a slot on its page as shown, 0 at the top; -1 for no slot."""
    layout = session.layouts[view.view.change.page]
    tops = sorted({s.box.top for s in layout.slots})
    return tops.index(layout.slots[slot].box.top) if slot >= 0 else -1


def _trials(session: ReplaySession) -> Spans:
    trials = session.trials
    words = tuple(f"{t.index + 1} {t.task}" for t in trials)
    return Spans(
        "Trials",
        np.asarray([t.on_s for t in trials]),
        np.asarray([t.off_s for t in trials]),
        np.arange(len(trials)) % 2,
        words,
    )


def _pages(session: ReplaySession) -> Ticks:
    found = list(_page_ticks(session.slots.views))
    shapes: tuple[Shape, ...] = tuple(shape for _, shape, _ in found)
    return Ticks("Scroll, swipe", np.asarray([t for t, _, _ in found]), shapes, tuple(w for _, _, w in found))


def _page_ticks(views: tuple[ViewSlots, ...]) -> Iterator[tuple[float, Shape, str]]:
    for before, after in pairwise(views):
        if before.view.trial != after.view.trial:
            continue
        old, new = before.view.change.viewport, after.view.change.viewport
        if old.scroll_px != new.scroll_px:
            yield after.view.t_on_s, "scroll", f"scrolled from {old.scroll_px:g} to {new.scroll_px:g} px"
        elif old.swipes != new.swipes:
            yield after.view.t_on_s, "swipe", f"swiped row {_swiped(old, new)}"


def _swiped(old: Viewport, new: Viewport) -> str:
    rows = [i + 1 for i, (a, b) in enumerate(zip(old.swipes, new.swipes, strict=False)) if a != b]
    return ", ".join(map(str, rows))


def _fixations(session: ReplaySession) -> Spans:
    found = session.slots.fixations
    tone, words = _looked_at(session)
    return Spans("Fixations", found.onset_s, found.offset_s, tone, words, keep=False)


def _looked_at(session: ReplaySession) -> tuple[IntArray, tuple[str, ...]]:
    """Return the row of the poster that each fixation lies on, and its film with the duration."""
    found = session.slots.fixations
    tone = np.full(len(found), -1, dtype=np.int64)
    words = [f"no page, {ms:.0f} ms" for ms in found.duration_ms.tolist()]
    for view, (on_s, off_s) in ((v, span) for v in session.slots.views for span in v.view.showings):
        layout = session.layouts[view.view.change.page]
        first = int(np.searchsorted(found.offset_s, on_s, side="right"))
        part = slice(first, max(int(np.searchsorted(found.onset_s, off_s)), first))
        where = layout.locate(found.xy_px[part], session.slots.parameters.within_px)
        rows = np.asarray([row_of(view, session, slot) for slot in where.tolist()], dtype=np.int64)
        tone[part] = rows
        for i, slot in enumerate(where.tolist(), start=part.start):
            film = layout.slots[slot].film if slot >= 0 else "beside posters"
            words[i] = f"{film}, {found.duration_ms[i]:.0f} ms"
    return tone, tuple(words)


def _lost(session: ReplaySession) -> Spans:
    losses = session.losses
    words = tuple(
        f"{'blink' if blink else 'gaze lost'}, {ms:.0f} ms"
        for blink, ms in zip(losses.blink, 1000 * (losses.offset_s - losses.onset_s), strict=True)
    )
    return Spans("Blinks, losses", losses.onset_s, losses.offset_s, np.where(losses.blink, 0, 1), words)


def _gaze(session: ReplaySession) -> Trace:
    size: FloatArray = np.asarray(session.size_px, dtype=np.float64)
    return Trace("Gaze x, y", session.t_s, session.xy_px / size, 0.0, 1.0, ("x", "y"))


def _events(session: ReplaySession) -> Ticks:
    found = [(m.t_s, _shape(m), _words(m)) for m in session.markers if _told(m)]
    return Ticks(
        "Clicks, notes",
        np.asarray([t for t, _, _ in found]),
        tuple(shape for _, shape, _ in found),
        tuple(words for _, _, words in found),
    )


def _told(marker: Marker) -> bool:
    if marker.code is Code.DRIFT_CHECK and marker.payload.get("decision") == "recorded":
        return False  # one after every click, and it changed nothing
    return marker.code in _SHAPES or marker.code in BY_RECORDER or marker.code in _WORDS


def _shape(marker: Marker) -> Shape:
    return "trouble" if marker.code in BY_RECORDER else _SHAPES.get(marker.code, "other")


def _words(marker: Marker) -> str:
    if marker.code is Code.NOTE:
        return f"note: {marker.payload.get('text', '')}"
    if marker.code is Code.CLICK:
        return f"click on {marker.payload.get('film', 'no poster')}"
    return _WORDS.get(marker.code, marker.code.value.replace("_", " "))
