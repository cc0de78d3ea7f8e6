"""AdSERP: one session per participant, gaze on search result pages.

Gaze, fixations and advertisements are in px of the full-page screenshot; subtracting the scroll, which the
mouse log has in the browser's own units, gives px of the display. A fixation's stamp is taken as its end:
stamp minus duration meets the stamp before. The pages are no carousels, so there are fixations but no slots.
Facts: the data set's README (Latifzadeh et al., SIGIR 2025, doi 10.1145/3726302.3730325).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.participant import Participant
from sessions.foreign import GivenFixations
from sessions.importers.adserp_files import (
    FIXATIONS,
    GAZE,
    MOUSE,
    PERSON,
    Metadata,
    People,
    read_ads,
    read_either,
    read_metadata,
    read_people,
)
from sessions.importers.contract import (
    IMPORTED,
    ClockMapping,
    Entry,
    Imported,
    Options,
    SourceFile,
    free_gaze_study,
)
from sessions.importers.text_files import Delimited, damaged, read_delimited
from sessions.source_tables import SourceTable

NAME = "adserp"

_PER_S = 1000.0
_TRIAL = re.compile(r"(?P<person>[A-Za-z0-9]+)-b(?P<block>\d+)-t(?P<trial>\d+)\.csv")
_FOUND_BY = "Gazepoint's own filter (FPOG)"
_CHANNELS = GAZE[1:]
_UNITS = ("page px", "page px", "camera px", "flag", "camera px", "flag")
_WHY = "The data set tells the display's pixels, not its size and distance, and velocities need degrees."
_MOVES = ("mousemove", "mouseover", "mousedown", "mouseup", "click")


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    name: str
    fixations: Delimited
    gaze: Delimited | None
    mouse: Delimited | None
    ads: list[tuple[str, ...]] | None
    browser: Metadata
    files: tuple[SourceFile, ...]


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read the data set; one session per participant.

    Args:
        path: the folder that holds fixation-data, pupil-data, mouse-movement-data, trial-metadata.
        options: ``screen`` is needed; ``participant`` to import only one.

    Raises:
        ForeignFileError: it is no such data set, damaged, or the display is not told; with line and column.
    """
    screen = options.needed_screen(_WHY)
    folder = path / "data" if (path / "data" / "fixation-data").is_dir() else path
    trials = _found(folder, options.participant)
    people = folder / "participants.csv"
    known = read_people(people) if people.is_file() else People({}, swapped=False)
    shared = (SourceFile.of(people),) if people.is_file() else ()
    for person, names in sorted(trials.items()):
        read_trials = [_trial(folder, name) for name in names]
        sizes = {trial.browser.screen_px for trial in read_trials}
        if sizes != {screen.size_px}:
            raise damaged(folder, f"the display had {sorted(sizes)} px, --display says {screen.size_px}")
        session = _session(person, read_trials, known, options)
        yield replace(session, files=(*session.files, *shared))


def _found(folder: Path, person: str) -> Mapping[str, list[str]]:
    trials: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for file in sorted((folder / "fixation-data").glob("*.csv")):
        named = _TRIAL.fullmatch(file.name)
        if named and person in ("", named["person"]):
            trials[named["person"]].append((int(named["block"]), int(named["trial"]), file.stem))
    if not trials:
        raise damaged(
            folder, f"there is no fixation-data/{person or 'p000'}-b1-t1.csv", "Name the data folder."
        )
    return {name: [stem for _, _, stem in sorted(found)] for name, found in trials.items()}


def _trial(folder: Path, name: str) -> _Trial:
    kinds = ("fixation-data", "pupil-data", "mouse-movement-data", "ad-boundary-data", "trial-metadata")
    ends = (".csv", ".csv", ".csv", ".json", ".xml")
    paths = [folder / kind / f"{name}{end}" for kind, end in zip(kinds, ends, strict=True)]
    fixations, gaze, mouse, ads, browser = paths
    return _Trial(
        name=name,
        fixations=read_delimited(fixations, ",", FIXATIONS),
        gaze=read_delimited(gaze, ",", GAZE, more_cells=True) if gaze.is_file() else None,
        mouse=read_either(mouse, MOUSE) if mouse.is_file() else None,
        ads=read_ads(ads) if ads.is_file() else None,
        browser=read_metadata(browser),
        files=tuple(SourceFile.of(p) for p in paths if p.is_file()),
    )


def _session(person: str, trials: Sequence[_Trial], people: People, options: Options) -> Imported:
    screen = options.needed_screen(_WHY)
    zero = min(_first(trial) for trial in trials)
    fixations, cut = _fixations(trials, zero)
    gaze = _gaze(trials, zero)
    answers = {k: v for k, v in people.answers.get(person, {}).items() if v and k != PERSON}
    return Imported(
        format=NAME,
        participant=Participant(pseudonym=person, answers=answers),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo("Gazepoint", IMPORTED, NAME, person, 0.0, _CHANNELS, _UNITS),
        clock=ClockMapping(_PER_S, str(zero), "Unix time in ms"),
        clock_pair=(0.0, zero / _PER_S),
        gaze=gaze,
        ledger=tuple(_ledger(trials, gaze, cut, people)),
        files=tuple(file for trial in trials for file in trial.files),
        cursor=_cursor(trials, zero),
        markers=tuple(_markers(trials, zero)),
        tables=tuple(table for trial in trials for table in _tables(trial)),
        fixations=fixations,
    )


def _first(trial: _Trial) -> int:
    tables = (trial.fixations, trial.gaze, trial.mouse)
    return min(min(table.integers("timestamp")) for table in tables if table is not None)


def _seconds(ticks: Sequence[int], zero: int) -> FloatArray:
    return np.asarray([(tick - zero) / _PER_S for tick in ticks], dtype=np.float64)


def _scroll_px(trial: _Trial, stamps: Sequence[int]) -> FloatArray:
    """Return how far the page was scrolled at each stamp, shape (n,), in px of the display."""
    if trial.mouse is None:
        return np.zeros(len(stamps))
    events, ticks = trial.mouse.cells("event"), trial.mouse.integers("timestamp")
    y = trial.mouse.numbers("ypos")
    scrolls = sorted((ticks[i], float(y[i])) for i, event in enumerate(events) if event == "scroll")
    if not scrolls:
        return np.zeros(len(stamps))
    before = np.searchsorted([tick for tick, _ in scrolls], stamps, side="right")
    offsets = np.asarray([0.0, *(offset for _, offset in scrolls)])
    return np.asarray(offsets[before] * trial.browser.screen_px[1] / trial.browser.window_px[1])


def _fixations(trials: Sequence[_Trial], zero: int) -> tuple[GivenFixations, int]:
    """Return all fixations, stamped at their end by the tracker, and how many were cut at the next."""
    parts = []
    for trial in trials:
        ends = trial.fixations.integers("timestamp")
        lasting_s = trial.fixations.numbers("FPOGD") / _PER_S
        xy = np.column_stack([trial.fixations.numbers("FPOGX"), trial.fixations.numbers("FPOGY")])
        xy[:, 1] -= _scroll_px(trial, ends)
        offset_s = _seconds(ends, zero)
        parts.append(np.column_stack([offset_s - lasting_s, offset_s, xy]))
    found = np.concatenate(parts)
    found = found[np.argsort(found[:, 0], kind="stable")]
    late = found[:-1, 1] > found[1:, 0]
    found[:-1, 1] = np.where(late, found[1:, 0], found[:-1, 1])
    unknown = np.zeros(len(found), dtype=np.int64)
    return GivenFixations(found[:, 0], found[:, 1], found[:, 2:], unknown, _FOUND_BY), int(late.sum())


def _gaze(trials: Sequence[_Trial], zero: int) -> GazeChunk:
    chunks = [_samples(trial, trial.gaze, zero) for trial in trials if trial.gaze is not None]
    joined = GazeChunk.joined([GazeChunk.empty(len(_CHANNELS)), *chunks])
    order = np.argsort(joined.t_s, kind="stable")
    columns = ("t_s", "t_source_s", "xy_px", "valid", "pupil_mm", "raw")
    return GazeChunk(*(getattr(joined, name)[order] for name in columns))


def _samples(trial: _Trial, table: Delimited, zero: int) -> GazeChunk:
    ticks = table.integers("timestamp")
    raw = np.column_stack([table.numbers(column) for column in _CHANNELS])
    valid = np.asarray(np.isfinite(raw[:, :2]).all(axis=1) & ((raw[:, 3] == 1) | (raw[:, 5] == 1)))
    xy_px = raw[:, :2].copy()
    xy_px[:, 1] -= _scroll_px(trial, ticks)
    xy_px[~valid] = np.nan
    pupil_mm = np.full((len(raw), 2), np.nan)  # in px of the eye camera, kept raw
    return GazeChunk(_seconds(ticks, zero), np.asarray(ticks) / _PER_S, xy_px, valid, pupil_mm, raw)


def _cursor(trials: Sequence[_Trial], zero: int) -> CursorChunk:
    rows = [np.empty((0, 3))]
    for trial in trials:
        if trial.mouse is None:
            continue
        moved = trial.mouse.picked([i for i, e in enumerate(trial.mouse.cells("event")) if e in _MOVES])
        ticks, (width, height) = moved.integers("timestamp"), trial.browser.window_px
        x = moved.numbers("xpos") * trial.browser.screen_px[0] / width
        y = moved.numbers("ypos") * trial.browser.screen_px[1] / height - _scroll_px(trial, ticks)
        rows.append(np.column_stack([_seconds(ticks, zero), x, y]))
    found = np.concatenate(rows)
    found = found[np.argsort(found[:, 0], kind="stable")]
    return CursorChunk(found[:, 0], found[:, 1:], np.zeros(len(found)))


def _markers(trials: Sequence[_Trial], zero: int) -> list[Marker]:
    markers = []
    for trial in trials:
        start = {"adserp": "trial", "trial": trial.name, **dict(trial.browser.facts)}
        markers.append(Marker((_first(trial) - zero) / _PER_S, Code.NOTE, -1, start))
        if trial.mouse is not None:
            rows = zip(
                trial.mouse.integers("timestamp"),
                trial.mouse.cells("event"),
                trial.mouse.cells("xpath"),
                strict=True,
            )
            markers += [
                Marker(
                    (tick - zero) / _PER_S,
                    Code.NOTE,
                    -1,
                    {"adserp": "click", "trial": trial.name, "xpath": xpath},
                )
                for tick, event, xpath in rows
                if event == "click"
            ]
    return sorted(markers, key=lambda marker: marker.t_s)


def _tables(trial: _Trial) -> Iterator[SourceTable]:
    if trial.gaze is not None and trial.gaze.unnamed:
        yield trial.gaze.table(f"pupil-data/{trial.name}", without=_CHANNELS)
    yield trial.fixations.table(f"fixation-data/{trial.name}")
    if trial.mouse is not None:
        yield trial.mouse.table(f"mouse-movement-data/{trial.name}")
    if trial.ads is not None:
        columns = ("kind", "x [page px]", "y [page px]", "width [px]", "height [px]")
        yield SourceTable.of_rows(f"ad-boundary-data/{trial.name}", columns, trial.ads)
    yield SourceTable.of_rows(f"trial-metadata/{trial.name}", ("element", "text"), trial.browser.facts)


def _ledger(trials: Sequence[_Trial], gaze: GazeChunk, cut: int, people: People) -> Iterator[Entry]:
    yield Entry("trials", len(trials), len(trials), note="as notes; the pages are no carousels")
    count, lost = len(gaze), int((~gaze.valid).sum())
    more = max((trial.gaze.unnamed for trial in trials if trial.gaze is not None), default=0)
    extra = f"; {more} columns without a header kept as text" if more else ""
    yield Entry("gaze samples", count, count, note=f"{lost} with no eye found{extra}")
    looks = sum(len(trial.fixations) for trial in trials)
    yield Entry("fixations", looks, looks, note=f"stamped at their end; {cut} cut where the next began")
    mice = [trial.mouse for trial in trials if trial.mouse is not None]
    rows = sum(map(len, mice))
    moved = sum(event in _MOVES for mouse in mice for event in mouse.cells("event"))
    yield Entry(
        "mouse events", rows, moved, rows - moved, note="as cursor; scrolls move gaze; all kept as text"
    )
    boxes = sum(len(trial.ads) for trial in trials if trial.ads is not None)
    yield Entry("advertisement boxes", boxes, kept=boxes, note="in px of the page")
    facts = sum(len(trial.browser.facts) for trial in trials)
    dropped = sum(len(trial.browser.dropped) for trial in trials)
    note = "ip and ua dropped: they may name a person or computer" if dropped else ""
    yield Entry("browser facts", facts + dropped, facts, dropped=dropped, note=note)
    if people.swapped:
        note = "headers pref_website and online_shopping_freq were swapped; read by their values"
        yield Entry("participants.csv", 1, 1, note=note)
