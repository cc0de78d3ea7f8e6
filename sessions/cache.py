"""Derived data inside a recording: may be deleted and rebuilt at any time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import h5py
import numpy as np

from acquisition.fixations import Fixations, IvtParameters
from protocols.geometry import BoolArray
from protocols.stimulus import Viewport
from sessions.schema import Column
from sessions.slots import METHOD, SlotParameters, Slots, ViewSlots
from sessions.tables import texts
from sessions.timeline import Shown, ViewportChange

FIXATIONS = (
    Column("onset_s", "float", "s"),
    Column("offset_s", "float", "s"),
    Column("x_px", "float", "px"),
    Column("y_px", "float", "px"),
    Column("n", "int", "samples"),
)
NOISE = Column("noise_deg_s", "float", "deg/s")
"""Missing in what ``ivt-1`` stored, which knew no noise."""
IVT_1 = {"noise_factor": 0.0, "artefact_s": 0.0, "rare_s": 0.020}
"""What the settings that ``ivt-1`` did not have would have been."""
VIEWS = (
    Column("trial", "int"),
    Column("t_on_s", "float", "s"),
    Column("t_off_s", "float", "s"),
    Column("click", "int"),
    Column("ended", "bool"),
    Column("change_s", "float", "s"),
    Column("screen", "text"),
    Column("scroll_px", "float", "px"),
    Column("swipes", "text"),
    Column("page", "text"),
)
PAUSES = Column("pauses", "text")
"""Missing in what was stored while each showing of an interrupted page was a view of its own."""
SLOTS = (
    Column("view", "int"),
    Column("slot", "int"),
    Column("fixation_ms", "float", "ms"),
    Column("cursor_ms", "float", "ms"),
)


def stored(h5: h5py.File, path: str) -> Slots | None:
    """Return slots stored earlier, None when there are none.

    Args:
        h5: a recording.
        path: from ``schema.derived_path``.
    """
    if path not in h5:
        return None
    group = h5[path]
    settings = json.loads(group.attrs["parameters"])
    parameters = SlotParameters(IvtParameters(**(IVT_1 | settings["ivt"])), settings["within_px"])
    columns = {
        c.name: group["fixations"][c.name][:] for c in (*FIXATIONS, NOISE) if c.name in group["fixations"]
    }
    fixations = Fixations(**columns, parameters=parameters.ivt)
    return Slots(parameters, str(group.attrs["digest"]), fixations, _views(group))


def store(h5: h5py.File, path: str, slots: Slots) -> None:
    """Write slots, replacing those that are there."""
    if path in h5:
        del h5[path]
    group = h5.create_group(path)
    group.attrs.update(parameters=json.dumps(asdict(slots.parameters)), digest=slots.digest, method=METHOD)
    fixations = {c.name: getattr(slots.fixations, c.name) for c in (*FIXATIONS, NOISE)}
    _write(group.create_group("fixations"), (*FIXATIONS, NOISE), fixations)
    _write(group.create_group("views"), (*VIEWS, PAUSES), _view_columns(slots.views))
    _write(group.create_group("slots"), SLOTS, _slot_columns(slots.views))


def _write(group: h5py.Group, columns: Sequence[Column], values: Mapping[str, object]) -> None:
    for column in columns:
        dataset = group.create_dataset(column.name, data=values[column.name], dtype=column.dtype)
        dataset.attrs["unit"] = column.unit


def _view_columns(views: Sequence[ViewSlots]) -> dict[str, object]:
    shown = [v.view for v in views]
    return {
        "trial": [s.trial for s in shown],
        "t_on_s": [s.t_on_s for s in shown],
        "t_off_s": [s.t_off_s for s in shown],
        "click": [-1 if s.click is None else s.click for s in shown],
        "ended": [s.ended for s in shown],
        "change_s": [s.change.t_s for s in shown],
        "screen": [s.change.screen_id for s in shown],
        "scroll_px": [s.change.viewport.scroll_px for s in shown],
        "swipes": [json.dumps(s.change.viewport.swipes) for s in shown],
        "page": [s.change.page for s in shown],
        "pauses": [json.dumps(s.pauses) for s in shown],
    }


def _slot_columns(views: Sequence[ViewSlots]) -> dict[str, object]:
    sizes = [len(v.fixation_ms) for v in views]
    none = np.empty(0)
    return {
        "view": np.repeat(np.arange(len(views)), sizes),
        "slot": np.concatenate([none, *(np.arange(size) for size in sizes)]),
        "fixation_ms": np.concatenate([none, *(v.fixation_ms for v in views)]),
        "cursor_ms": np.concatenate([none, *(v.cursor_ms for v in views)]),
    }


def _views(group: h5py.Group) -> tuple[ViewSlots, ...]:
    slots = {c.name: group["slots"][c.name][:] for c in SLOTS}
    views = _shown(group["views"])
    found = [_of_view(view, slots["view"] == number, slots) for number, view in enumerate(views)]
    return tuple(found if PAUSES.name in group["views"] else _one_per_page(found))


def _one_per_page(found: Sequence[ViewSlots]) -> Iterator[ViewSlots]:
    """Join the showings of a page; only a pause leaves a gap between two of the same within a trial."""
    before: ViewSlots | None = None
    for now in found:
        if before is not None and before.view.goes_on_as(now.view) and before.view.t_off_s < now.view.t_on_s:
            fixation_ms = before.fixation_ms + now.fixation_ms
            cursor_ms = before.cursor_ms + now.cursor_ms
            now = ViewSlots(before.view.resumed(now.view), fixation_ms, cursor_ms)
        elif before is not None:
            yield before
        before = now
    if before is not None:
        yield before


def _shown(table: h5py.Group) -> Iterator[Shown]:
    changes = changes_of(table, "change_s")
    names = ("trial", "t_on_s", "t_off_s", "click", "ended")
    rows = zip(changes, *(table[name][:] for name in names), _pauses(table), strict=True)
    for change, trial, t_on_s, t_off_s, click, ended, pauses in rows:
        clicked = None if click < 0 else int(click)
        yield Shown(int(trial), change, float(t_on_s), float(t_off_s), clicked, bool(ended), pauses)


def _pauses(table: h5py.Group) -> list[tuple[tuple[float, float], ...]]:
    if PAUSES.name not in table:
        return [()] * len(table["trial"])
    return [tuple((begin, end) for begin, end in json.loads(text)) for text in texts(table[PAUSES.name])]


def changes_of(table: h5py.Group, time: str = "t_s") -> list[ViewportChange]:
    """Return viewport changes from a table with columns screen, scroll_px, swipes and page.

    Args:
        table: the group of columns.
        time: name of the column with the session time.
    """
    texts_of = (texts(table[name]) for name in ("screen", "swipes", "page"))
    rows = zip(table[time][:], table["scroll_px"][:], *texts_of, strict=True)
    return [
        ViewportChange(float(t), screen, Viewport(float(scroll), tuple(json.loads(swipes))), page)
        for t, scroll, screen, swipes, page in rows
    ]


def _of_view(view: Shown, rows: BoolArray, slots: Mapping[str, np.ndarray]) -> ViewSlots:
    return ViewSlots(view, slots["fixation_ms"][rows], slots["cursor_ms"][rows])
