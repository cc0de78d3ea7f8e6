"""The files of one AdSERP trial, and its participants table; what their headers claim is checked by value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import ForeignFileError
from sessions.importers.text_files import Delimited, damaged, read_bytes, read_delimited, read_text
from sessions.importers.xml_text import element_of, text_of

FIXATIONS = ("timestamp", "FPOGX", "FPOGY", "FPOGD")
GAZE = ("timestamp", "BPOGX", "BPOGY", "LPD", "LPV", "RPD", "RPV")
MOUSE = ("timestamp", "xpos", "ypos", "event", "xpath")
PERSON = "participant_id"

_SITE, _FREQUENCY = "pref_website", "online_shopping_freq"
_FREQUENCIES = frozenset({"Rarely", "Weekly", "Monthly"})
_PRIVATE = ("ip", "ua")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The browser of one trial.

    Attributes:
        facts: tag and text of everything that may be kept.
        dropped: tags left out because they may name a person or computer.
        screen_px: of the display.
        window_px: the same display in the browser's units; cursor and scroll are in these.
    """

    facts: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]
    screen_px: tuple[int, int]
    window_px: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The participants table.

    Attributes:
        answers: per participant, by the column the values belong to.
        swapped: the headers of the last two columns were the wrong way round.
    """

    answers: dict[str, dict[str, str]]
    swapped: bool


def read_metadata(path: Path) -> Metadata:
    """Read a trial's XML.

    Raises:
        ForeignFileError: it is no sound XML, declares entities, or names no screen and window.
    """
    root = element_of(read_bytes(path))
    if root is None:
        raise damaged(path, "line 1: it is no sound XML, or declares a document type or entities")
    screen, window = (_size(path, name, text_of(root, name)) for name in ("screen", "window"))
    facts = tuple((child.tag, (child.text or "").strip()) for child in root if child.tag not in _PRIVATE)
    dropped = tuple(child.tag for child in root if child.tag in _PRIVATE)
    return Metadata(facts, dropped, screen, window)


def read_ads(path: Path) -> list[tuple[str, ...]]:
    """Read the boxes of the advertisements: kind, x, y, width, height in px of the page.

    Raises:
        ForeignFileError: it is no such JSON.
    """
    try:
        kinds = json.loads(read_text(path))
        return [
            (kind, *(str(box[part][name]) for part, name in _BOX))
            for kind, boxes in kinds.items()
            for box in boxes
        ]
    except json.JSONDecodeError as error:
        raise damaged(path, f"line {error.lineno}, column {error.colno}: no JSON ({error.msg})") from error
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, f"line 1: no lists of boxes with location and size ({error!r})") from error


_BOX = (("location", "x"), ("location", "y"), ("size", "width"), ("size", "height"))


def read_either(path: Path, required: Sequence[str]) -> Delimited:
    """Read a table that is separated by commas, or by spaces as the data set's description says.

    Raises:
        ForeignFileError: it is neither.
    """
    first = read_text(path).split("\n", 1)[0].strip("\r")
    return read_delimited(path, "," if "," in first else " ", required, more_cells=True)


def read_people(path: Path) -> People:
    """Read the participants table; the published one has the headers of its last two columns swapped.

    Raises:
        ForeignFileError: columns are missing.
    """
    table = read_delimited(path, ",", (PERSON, _SITE, _FREQUENCY))
    header = list(table.header)
    site, often = header.index(_SITE), header.index(_FREQUENCY)
    swapped = all(row[site] in _FREQUENCIES and row[often] not in _FREQUENCIES for row in table.rows)
    if swapped:
        header[site], header[often] = header[often], header[site]
    person = header.index(PERSON)
    answers = {row[person]: dict(zip(header, row, strict=True)) for row in table.rows}
    return People(answers, swapped)


def _size(path: Path, name: str, text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 0 < int(width) < 1e5 and 0 < int(height) < 1e5):
        raise ForeignFileError(
            f"{path.name}: element {name!r} is {text[:40]!r}.",
            "Cursor and scroll are in the browser's pixels, gaze in those of the screen.",
            "Use the trial-metadata as published, with elements like <screen>1280x1024</screen>.",
        )
    return int(width), int(height)
