"""RecGaze: one session per participant, pages rebuilt from its screens and the log of scrolls and swipes.

The public table has fixations with durations and areas of interest, no samples; the non-public one adds
positions. The films come with the study ``recgaze``. Facts: the data set's README (de Leon Martinez et al.,
SIGIR 2025, doi 10.1145/3726302.3730301).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.carousel import PAGE_SIZE_PX
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.study import StudyProtocol, Trial, load_study
from sessions.foreign import GivenFixations
from sessions.importers.contract import (
    IMPORTED,
    ClockMapping,
    Entry,
    Imported,
    Options,
    SourceFile,
)
from sessions.importers.recgaze_rows import NON_PUBLIC, REQUIRED, USER, Moment, Reader
from sessions.importers.recgaze_views import Visit
from sessions.importers.text_files import Delimited, damaged, read_delimited
from sessions.source_tables import SourceTable

NAME = "recgaze"

_SUMMARY = "summary_feedback.csv"
_DETAIL = "non_public_feedback_dataset.csv"
_PEOPLE = "user_features.csv"
_CHOICES = "click_feedback.csv"
_BETWEEN_S = 1.0
_FOUND_BY = "the RecGaze data set; its detector is not published"
_RATING = re.compile(r"([1-5])\b")
_CHANNELS = ("Gaze_LocX", "Gaze_LocY")
_DISTANCE_CM = "Distance_eyes_center_screen"


@dataclass(frozen=True, slots=True, eq=False)
class _DataSet:
    study: StudyProtocol
    trials: Mapping[str, Trial]
    reader: Reader
    summary: Delimited
    more: Mapping[str, Delimited]
    files: tuple[SourceFile, ...]
    options: Options


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read the data set; one session per participant, in the order of the file.

    Args:
        path: the folder with summary_feedback.csv, or that file; beside it, if there are any,
            non_public_feedback_dataset.csv, user_features.csv and click_feedback.csv.
        options: ``screen`` when the display was not that of the study; ``participant`` to import only one.

    Raises:
        ForeignFileError: it is no such data set, or damaged; with line and column.
    """
    data = _data_set(path / _SUMMARY if path.is_dir() else path, options)
    users = data.reader.users()
    if options.participant and options.participant not in users:
        raise damaged(
            data.summary.path,
            f"there is no participant {options.participant!r}",
            f"Use one of {', '.join(list(users)[:5])} …",
        )
    for user, rows in users.items():
        if options.participant in ("", user):
            yield _session(data, user, rows)


def _data_set(path: Path, options: Options) -> _DataSet:
    summary = read_delimited(path, ",", REQUIRED)
    beside = {name: path.with_name(name) for name in (_DETAIL, _PEOPLE, _CHOICES)}
    needed = {_DETAIL: NON_PUBLIC, _PEOPLE: (USER,), _CHOICES: (USER,)}
    more = {name: read_delimited(p, ",", needed[name]) for name, p in beside.items() if p.is_file()}
    study = load_study("recgaze")
    if options.screen is not None and options.screen.size_px != PAGE_SIZE_PX:
        raise damaged(path, f"RecGaze was recorded at {PAGE_SIZE_PX} px, not {options.screen.size_px}")
    return _DataSet(
        study=study,
        trials={trial.screen.id: trial for trial in study.trials(0, 0)},
        reader=Reader(summary, more.get(_DETAIL)),
        summary=summary,
        more=more,
        files=tuple(SourceFile.of(p) for p in (path, *(beside[name] for name in more))),
        options=options,
    )


def _session(data: _DataSet, user: str, rows: list[int]) -> Imported:
    tasks = data.reader.tasks(rows)
    known = {task: found for task, found in tasks.items() if f"{task:02d}" in data.trials}
    if not known:
        raise damaged(data.summary.path, f"{user} has no task from 0 to 40, only {sorted(tasks)}")
    shifts = _shifts(known)
    visits, trials = [], []
    for number, task in enumerate(sorted(shifts, key=lambda k: known[k][0].t_s + shifts[k])):
        trial = replace(data.trials[f"{task:02d}"], index=number)
        visit = Visit(trial.screen, number, shifts[task])
        visit.rebuild(known[task])
        visits.append(visit)
        trials.append(trial)
    person = _person(data, user)
    fixations, cut = _fixations(visits)
    gaze = _gaze(known, shifts)
    return Imported(
        format=NAME,
        participant=person,
        study=data.study,
        screen=_screen(data, person),
        source=SourceInfo("RecGaze", IMPORTED, NAME, user, 0.0, _CHANNELS, ("px", "px")),
        clock=ClockMapping(1.0, "0", "s since the start of a task's screen recording, plus the task's shift"),
        clock_pair=None,
        gaze=gaze,
        ledger=tuple(_ledger(data, tasks, known, visits, gaze, cut)),
        files=data.files,
        cursor=_cursor(visits),
        markers=tuple(marker for visit in visits for marker in visit.markers),
        trials=tuple(trials),
        changes=tuple(change for visit in visits for change in visit.changes),
        tables=tuple(_tables(data, user, rows, shifts)),
        fixations=fixations,
    )


def _shifts(tasks: Mapping[int, Sequence[Moment]]) -> dict[int, float]:
    """Return what is added to each task's time: nothing unless tasks overlap, else one follows another."""
    spans = {task: (found[0].t_s, max(m.t_s + _lasting_s(m) for m in found)) for task, found in tasks.items()}
    in_time = sorted(spans.values())
    if all(after[0] > before[1] for before, after in pairwise(in_time)):
        return dict.fromkeys(tasks, 0.0)
    shifts, free_s = {}, 0.0
    for task in sorted(spans):
        start_s, end_s = spans[task]
        shifts[task] = free_s - start_s
        free_s += end_s - start_s + _BETWEEN_S
    return shifts


def _lasting_s(moment: Moment) -> float:
    lasts = (moment.fixation_s if moment.fixation else 0.0, moment.cursor_s if moment.cursor else 0.0)
    return max(0.0, *(s for s in lasts if not math.isnan(s)))


def _fixations(visits: Sequence[Visit]) -> tuple[GivenFixations, int]:
    """Return all fixations, each ending at the latest where the next begins, and how many were cut."""
    found = np.asarray(sorted(f for visit in visits for f in visit.fixations)).reshape(-1, 4)
    onset_s, offset_s = found[:, 0], found[:, 1].copy()
    late = offset_s[:-1] > onset_s[1:]
    offset_s[:-1] = np.where(late, onset_s[1:], offset_s[:-1])
    unknown = np.zeros(len(found), dtype=np.int64)
    return GivenFixations(onset_s, offset_s, found[:, 2:], unknown, _FOUND_BY), int(late.sum())


def _gaze(tasks: Mapping[int, Sequence[Moment]], shifts: Mapping[int, float]) -> GazeChunk:
    found = [
        (m.t_s + shifts[task], m.t_s, *m.gaze_xy)
        for task, moments in tasks.items()
        for m in moments
        if not math.isnan(m.gaze_xy[1])
    ]
    rows = np.asarray(sorted(found), dtype=np.float64).reshape(-1, 4)
    valid = np.asarray(np.isfinite(rows[:, 2:]).all(axis=1))
    xy_px = np.where(valid[:, None], rows[:, 2:], np.nan)
    return GazeChunk(rows[:, 0], rows[:, 1], xy_px, valid, np.full((len(rows), 2), np.nan), rows[:, 2:])


def _cursor(visits: Sequence[Visit]) -> CursorChunk:
    """Return where the cursor was; what ends when something else begins is left out."""
    events = sorted((row for visit in visits for row in visit.cursor), key=lambda row: row[0])
    rows = np.asarray(events, dtype=np.float64).reshape(-1, 3)
    return CursorChunk(rows[:, 0], rows[:, 1:], np.zeros(len(rows)))


def _person(data: _DataSet, user: str) -> Participant:
    table = data.more.get(_PEOPLE)
    if table is None or user not in table.cells(USER):
        return Participant(pseudonym=user)
    told = dict(zip(table.header, table.rows[table.cells(USER).index(user)], strict=True))
    ratings = {
        column.removesuffix("_rating"): int(found[1])
        for column, cell in told.items()
        if column.endswith("_rating") and (found := _RATING.match(cell))
    }
    taken = (USER, "Top_genre", "Preferred_genres", *(f"{genre}_rating" for genre in ratings))
    return Participant(
        pseudonym=user,
        top_genre=told.get("Top_genre", ""),
        preferred_genres=tuple(g.strip() for g in told.get("Preferred_genres", "").split(",") if g.strip()),
        ratings=ratings,
        answers={k: v for k, v in told.items() if k not in taken and v and not k.startswith("TaskID_")},
    )


def _screen(data: _DataSet, person: Participant) -> Screen:
    if data.options.screen is not None:
        return data.options.screen
    try:
        distance_cm = float(str(person.answers.get(_DISTANCE_CM, "")))
    except ValueError:
        return data.study.screen
    return (
        replace(data.study.screen, distance_mm=distance_cm * 10.0) if distance_cm > 0 else data.study.screen
    )


def _tables(data: _DataSet, user: str, rows: list[int], shifts: Mapping[int, float]) -> Iterator[SourceTable]:
    yield data.summary.picked(rows).table()
    for table in data.more.values():
        yield table.picked([i for i, found in enumerate(table.cells(USER)) if found == user]).table()
    rows_of = [(str(task), repr(shift)) for task, shift in sorted(shifts.items())]
    yield SourceTable.of_rows("shift of each task's clock", ("TaskID", "shift [s]"), rows_of)


def _ledger(
    data: _DataSet,
    tasks: Mapping[int, Sequence[Moment]],
    known: Mapping[int, Sequence[Moment]],
    visits: Sequence[Visit],
    gaze: GazeChunk,
    cut: int,
) -> Iterator[Entry]:
    counts = sum((visit.counts for visit in visits), Counter[str]())
    moments = [m for visit in visits for m in visit.seen]
    read, used = sum(map(len, tasks.values())), sum(not m.empty for m in moments)
    late = sum(map(len, known.values())) - len(moments)
    yield Entry("rows", read, used, read - used, note=f"{late} after the choice; all kept verbatim")
    told = ", ".join(
        f"{n} {what}" for what, n in sorted(counts.items()) if what.startswith("fixations") and n
    )
    unit = "ms" if data.reader.in_ms else "s"
    looks = sum(m.fixation is not None for m in moments)
    cut_note = f"; {cut} ended where the next began" if cut else ""
    yield Entry("fixations", looks, looks, note=f"durations in {unit}, by their size: {told}{cut_note}")
    clicks = [m.click for m in moments if m.click]
    note = f"{counts['choices']} choices, {counts['swipes']} swipes"
    if counts["choices of a film not fully visible"]:
        note += f"; {counts['choices of a film not fully visible']} chose a film not fully visible"
    yield Entry("clicks", len(clicks), len(clicks), note=note)
    pointed = sum(m.cursor is not None for m in moments)
    yield Entry("cursor dwells", pointed, pointed, note="at the centre of the poster; positions are not told")
    if len(gaze):
        yield Entry(
            "gaze samples", len(gaze), len(gaze), note="not used for slots: the data set has fixations"
        )
    yield _pages(visits, counts)
    others = sorted(set(tasks) - set(known))
    yield Entry("tasks", len(tasks), len(known), len(others), note=f"unknown: {others}" if others else "")


def _pages(visits: Sequence[Visit], counts: Counter[str]) -> Entry:
    shown = sum(len(visit.changes) for visit in visits)
    how = f"{counts['scrolls recovered']} scrolls recovered, {counts['scrolls inferred']} inferred"
    note = f"{how}; {counts['swipes without a click']} swipes seen only by what was looked at"
    return Entry("page visits", shown, shown, note=note)
