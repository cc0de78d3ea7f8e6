"""Tables of what happened: fixations, views and their posters, trials, clicks, markers, viewports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from protocols.markers import Code
from sessions.exporters.gaze_tables import T
from sessions.exporters.table import Column, Row, Table, numbers
from sessions.exporters.view_lookup import VIEW, view_at
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.timeline import clicked_slot
from sessions.views import PageView

TRIAL = Column("trial", "", "Number of the trial in order of presentation, from 0; -1 outside trials.")
SLOT = Column("slot", "", "Number of the poster on the view, as in slots.csv; empty for none.")
FILM = Column("film", "", "Title and year on the poster.")
SCREEN = Column("screen", "", "The carousel screen.")
SCROLL = Column("scroll_px", "px", "How far the page was scrolled down.")
SWIPES = Column("swipes", "", "For each row, which group of five films was visible, from 0 (JSON).")
PAGE = Column("page", "", "SHA-256 of the page's pixels and poster boxes.")

FIXATIONS = (
    Column("onset_s", "s", "First sample, session clock."),
    Column("offset_s", "s", "Last sample, session clock."),
    Column("duration_ms", "ms", "From the first to the last sample."),
    Column("x_px", "px", "Mean of the valid calibrated samples, from the left edge."),
    Column("y_px", "px", "Mean of the valid calibrated samples, from the top edge."),
    Column("samples", "", "Number of valid samples."),
    VIEW,
    SLOT,
)
VIEWS = (
    VIEW,
    TRIAL,
    SCREEN,
    Column("t_on_s", "s", "When it appeared, session clock."),
    Column("t_off_s", "s", "When it went or changed."),
    Column("clicked_slot", "", "The poster clicked, which ended the view; empty for none."),
    Column("clicked_film", "", "The film clicked."),
    Column("ended", "0 or 1", "0 when the recording stopped while it was shown."),
    SCROLL,
    SWIPES,
    PAGE,
)
SLOTS = (
    VIEW,
    TRIAL,
    SLOT,
    Column("row", "", "Carousel row, 0 at the top of the whole screen."),
    Column("item", "", "Position of the film in its row, from 0."),
    FILM,
    Column("genre", "", "Genre of the row."),
    Column("left_px", "px", "Left edge of the poster."),
    Column("top_px", "px", "Top edge of the poster."),
    Column("right_px", "px", "Right edge of the poster, not included."),
    Column("bottom_px", "px", "Bottom edge of the poster, not included."),
    Column("fixation_ms", "ms", "Fixation time on the poster during the view."),
    Column("cursor_ms", "ms", "Time the cursor rested on it."),
    Column("fixation_share", "0 to 1", "Of all fixation time on posters; empty when there was none."),
    Column("clicked", "0 or 1", "Whether it was clicked."),
)
TRIALS = (
    TRIAL,
    Column("task", "", "What was asked."),
    SCREEN,
    Column("target", "", "What to look for; empty for nothing particular."),
    Column("instruction", "", "What the participant read before."),
    Column("shown", "0 or 1", "0 when the recording ended before it."),
    Column("started_s", "s", "When it began, session clock; empty when it was not shown."),
    Column("ended_s", "s", "When it ended; empty when it was not shown or the recording stopped in it."),
)
CLICKS = (
    T,
    TRIAL,
    VIEW,
    SLOT,
    FILM,
    Column("x_px", "px", "Where the cursor was, from the left edge."),
    Column("y_px", "px", "Where the cursor was, from the top edge."),
)
MARKERS = (
    T,
    Column("code", "", "What happened."),
    TRIAL,
    Column("payload", "", "Details (JSON)."),
)
VIEWPORTS = (T, SCREEN, SCROLL, SWIPES, PAGE)


def attention_tables(slots: Slots, views: Sequence[PageView]) -> Iterator[Table]:
    """Yield the tables of what was looked at.

    Args:
        slots: fixations.
        views: measured with the same settings.
    """
    yield Table("fixations", "One fixation.", FIXATIONS, lambda: _fixations(slots, views))
    yield Table("views", "One page, unchanged while it was shown.", VIEWS, lambda: _views(views))
    yield Table("slots", "One poster of one view.", SLOTS, lambda: _slots(views))


def event_tables(recording: Recording, views: Sequence[PageView]) -> Iterator[Table]:
    """Yield the tables of what happened; ``views`` tell which poster a click was on."""
    yield Table("trials", "One trial.", TRIALS, lambda: _trials(recording))
    yield Table("clicks", "One click on a poster.", CLICKS, lambda: _clicks(recording, views))
    yield Table("markers", "One event, in the order written.", MARKERS, lambda: _markers(recording))
    yield Table("viewports", "One change of what was visible.", VIEWPORTS, lambda: _viewports(recording))


def _fixations(slots: Slots, views: Sequence[PageView]) -> Iterator[Row]:
    f = slots.fixations
    columns = (f.onset_s, f.offset_s, f.duration_ms, f.x_px, f.y_px, f.n)
    cells = zip(*map(numbers, columns), strict=True)
    for row, onset_s, position in zip(cells, f.onset_s.tolist(), f.xy_px, strict=True):
        number = view_at(views, onset_s)
        slot = -1
        if number is not None:
            slot = int(views[number].layout.locate(position, slots.parameters.within_px)[0])
        yield (*row, number, None if slot < 0 else slot)


def _views(views: Sequence[PageView]) -> Iterator[Row]:
    for number, view in enumerate(views):
        film = None if view.click is None else view.layout.slots[view.click].film
        shown = (number, view.trial, view.screen.id, view.t_on_s, view.t_off_s, view.click, film)
        seen = (view.viewport.scroll_px, json.dumps(view.viewport.swipes), view.digest)
        yield (*shown, int(view.ended), *seen)


def _slots(views: Sequence[PageView]) -> Iterator[Row]:
    for number, view in enumerate(views):
        total_ms = float(view.fixation_ms.sum())
        measured = zip(view.layout.slots, view.fixation_ms.tolist(), view.cursor_ms.tolist(), strict=True)
        for i, (slot, fixation_ms, cursor_ms) in enumerate(measured):
            box = (slot.box.left, slot.box.top, slot.box.right, slot.box.bottom)
            share = fixation_ms / total_ms if total_ms > 0 else None
            poster = (i, slot.row, slot.item, slot.film, slot.genre, *box)
            yield (number, view.trial, *poster, fixation_ms, cursor_ms, share, int(view.click == i))


def _trials(recording: Recording) -> Iterator[Row]:
    markers = recording.markers()
    began = {m.trial: m.t_s for m in markers if m.code is Code.TRIAL_START}
    ended = {m.trial: m.t_s for m in markers if m.code is Code.TRIAL_END}
    for trial in recording.trials():
        asked = (trial.index, trial.task.value, trial.screen.id, trial.target, trial.instruction)
        yield (*asked, int(trial.index in began), began.get(trial.index), ended.get(trial.index))


def _clicks(recording: Recording, views: Sequence[PageView]) -> Iterator[Row]:
    for marker in recording.markers():
        if marker.code is Code.CLICK:
            number, slot = view_at(views, marker.t_s), clicked_slot(marker)
            film = None
            if number is not None and slot is not None and slot < len(views[number].layout):
                film = views[number].layout.slots[slot].film
            where = (marker.payload.get("x_px"), marker.payload.get("y_px"))
            yield (marker.t_s, marker.trial, number, slot, film, *where)


def _markers(recording: Recording) -> Iterator[Row]:
    for marker in recording.markers():
        payload = json.dumps(dict(marker.payload), ensure_ascii=False)
        yield (marker.t_s, marker.code.value, marker.trial, payload)


def _viewports(recording: Recording) -> Iterator[Row]:
    for change in recording.viewports():
        seen = (change.viewport.scroll_px, json.dumps(change.viewport.swipes), change.page)
        yield (change.t_s, change.screen_id, *seen)
