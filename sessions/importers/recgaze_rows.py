"""The rows of RecGaze's feedback tables: one moment each, with whatever was looked at, clicked or pointed at.

Times are in s from the start of a task's screen recording. ``NA`` or an empty cell is nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sessions.importers.text_files import Delimited, damaged

USER, TASK, TIME = "UserID", "TaskID", "Timestamp"
FIXATION, CLOSEST, CLICK, CURSOR = "Fixation_AOI_", "Fixation_AOI_Closest_", "Click_AOI_", "Cursor_AOI_"
_PLACE = ("type", "Movie_position_in_carousel", "Carousel_position")
REQUIRED = (
    *(USER, TASK, TIME, "Fixation_Duration"),
    *(f"{kind}{what}" for kind in (FIXATION, CLICK) for what in _PLACE),
)
NON_PUBLIC = (USER, TASK, TIME, "Fixation_LocY", "Gaze_LocY")

_MISSING = frozenset({"", "NA", "NaN", "nan", "None"})
_ROWS, _ITEMS = 10, 15
_AHEAD = 3  # the gaze sample of a fixation is logged in one of the next rows
_MS_FROM = 10.0  # no person fixates for ten seconds on average, so such durations are in ms


@dataclass(frozen=True, slots=True)
class Place:
    """An area of interest: its kind in lower case, row and film's position from 0; -1 for none."""

    kind: str
    row: int = -1
    item: int = -1

    @property
    def film(self) -> bool:
        """Whether it is a poster."""
        return self.kind == "movie" and self.row >= 0 and self.item >= 0


@dataclass(frozen=True, slots=True)
class Moment:
    """One row.

    Attributes:
        line: of the summary table.
        t_s: since the start of the task's screen recording.
        fixation: what was looked at by strict bounds, None without a fixation.
        fixation_s: how long.
        closest: what is within 60 px when the strict bounds hit nothing.
        fixation_xy: page px, from the non-public table, else NaN.
        scroll_px: recovered from page and screen position, else NaN.
        gaze_xy: screen px of a gaze sample, from the non-public table, else NaN.
        click: what was clicked.
        cursor: what the cursor was on.
        cursor_s: how long.
    """

    line: int
    t_s: float
    fixation: Place | None
    fixation_s: float
    closest: Place | None
    fixation_xy: tuple[float, float]
    scroll_px: float
    gaze_xy: tuple[float, float]
    click: Place | None
    cursor: Place | None
    cursor_s: float

    @property
    def empty(self) -> bool:
        """Whether nothing happened that has a place in a recording."""
        return self.fixation is self.click is self.cursor is None and math.isnan(self.gaze_xy[1])


class Reader:
    """Reads rows of the summary table, with those of the non-public one that belong to them.

    Args:
        summary: summary_feedback.csv.
        detail: non_public_feedback_dataset.csv, None without it.
    """

    def __init__(self, summary: Delimited, detail: Delimited | None) -> None:
        self._summary = summary
        self._detail = detail
        self._places = {column: i for i, column in enumerate(summary.header)}
        self._matches = _matches(summary, detail) if detail else [-1] * len(summary)
        self.in_ms = _in_ms(self._column(summary, "Fixation_Duration"))

    def users(self) -> Mapping[str, list[int]]:
        """Return the rows of each participant, in the order of the file."""
        rows: dict[str, list[int]] = defaultdict(list)
        for number, user in enumerate(self._summary.cells(USER)):
            rows[user].append(number)
        return rows

    def tasks(self, rows: Sequence[int]) -> Mapping[int, list[Moment]]:
        """Return the moments of each task in order of time.

        Raises:
            ForeignFileError: a cell is not what it should be.
        """
        tasks: dict[int, list[Moment]] = defaultdict(list)
        for row in rows:
            number = self._number(row, TASK)
            if not number.is_integer():
                raise self._wrong(row, TASK, "is not a task number")
            tasks[int(number)].append(self._moment(row))
        return {task: sorted(found, key=lambda m: m.t_s) for task, found in tasks.items()}

    def _moment(self, row: int) -> Moment:
        duration = self._number(row, "Fixation_Duration", needed=False)
        t_s = self._number(row, TIME)
        return Moment(
            line=self._summary.lines[row],
            t_s=t_s,
            fixation=None if math.isnan(duration) else self._place(row, FIXATION) or Place("background"),
            fixation_s=duration / 1000.0 if self.in_ms else duration,
            closest=self._place(row, CLOSEST),
            fixation_xy=(self._more(row, "Fixation_LocX"), self._more(row, "Fixation_LocY")),
            scroll_px=self._scroll_px(row),
            gaze_xy=(self._more(row, "Gaze_LocX"), self._more(row, "Gaze_LocY")),
            click=self._place(row, CLICK),
            cursor=self._place(row, CURSOR),
            cursor_s=self._number(row, "Cursor_Duration", needed=False),
        )

    def _place(self, row: int, kind: str) -> Place | None:
        name = self._cell(row, f"{kind}type")
        if name in _MISSING:
            return None
        item = self._number(row, f"{kind}Movie_position_in_carousel", needed=False, most=_ITEMS)
        carousel = self._number(row, f"{kind}Carousel_position", needed=False, most=_ROWS)
        return Place(name.casefold(), _index(carousel), _index(item))

    def _scroll_px(self, row: int) -> float:
        match = self._matches[row]
        page_y = self._more(row, "Fixation_LocY")
        if match < 0 or math.isnan(page_y):
            return math.nan
        same = self._key(match)
        for later in range(match + 1, min(match + 1 + _AHEAD, len(self._detail or ()))):
            screen_y = self._detail_number(later, "Gaze_LocY")
            if self._key(later) == same and not math.isnan(screen_y):
                return page_y - screen_y
        return math.nan

    def _key(self, match: int) -> tuple[str, str]:
        assert self._detail is not None
        header, cells = self._detail.header, self._detail.rows[match]
        return cells[header.index(USER)], cells[header.index(TASK)]

    def _more(self, row: int, column: str) -> float:
        match = self._matches[row]
        return self._detail_number(match, column) if match >= 0 else math.nan

    def _detail_number(self, match: int, column: str) -> float:
        detail = self._detail
        if detail is None or column not in detail.header:
            return math.nan
        cell = detail.rows[match][detail.header.index(column)]
        return _parsed(detail.path, detail.lines[match], column, cell)

    def _cell(self, row: int, column: str) -> str:
        place = self._places.get(column)
        return "" if place is None else self._summary.rows[row][place].strip()

    def _number(self, row: int, column: str, *, needed: bool = True, most: int = 0) -> float:
        value = _parsed(self._summary.path, self._summary.lines[row], column, self._cell(row, column))
        if needed and not math.isfinite(value):
            raise self._wrong(row, column, "is not a finite number")
        if most and not (math.isnan(value) or (value.is_integer() and 1 <= value <= most)):
            raise self._wrong(row, column, f"is not a position from 1 to {most}")
        return value

    def _wrong(self, row: int, column: str, how: str) -> Exception:
        where = f"line {self._summary.lines[row]}, column {column!r}"
        return damaged(self._summary.path, f"{where}: {self._cell(row, column)!r} {how}")

    @staticmethod
    def _column(table: Delimited, column: str) -> Iterator[float]:
        for line, cell in zip(table.lines, table.cells(column), strict=True):
            value = _parsed(table.path, line, column, cell)
            if not math.isnan(value):
                yield value


def _matches(summary: Delimited, detail: Delimited) -> list[int]:
    """Return for the n-th row of a user, task and time in the summary the n-th of the other table."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, key in enumerate(_keys(detail)):
        places[key].append(number)
    taken: dict[tuple[str, ...], int] = defaultdict(int)
    found = []
    for key in _keys(summary):
        rows, n = places.get(key, []), taken[key]
        found.append(rows[n] if n < len(rows) else -1)
        taken[key] += 1
    return found


def _keys(table: Delimited) -> Iterator[tuple[str, ...]]:
    return zip(table.cells(USER), table.cells(TASK), table.cells(TIME), strict=True)


def _in_ms(durations: Iterator[float]) -> bool:
    known = list(durations)
    return bool(known) and median(known) > _MS_FROM


def _parsed(path: Path, line: int, column: str, cell: str) -> float:
    if cell in _MISSING:
        return math.nan
    try:
        return float(cell)
    except ValueError as error:
        raise damaged(path, f"line {line}, column {column!r}: {cell[:40]!r} is not a number") from error


def _index(position: float) -> int:
    return -1 if math.isnan(position) else int(position) - 1
