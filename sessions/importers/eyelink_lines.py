"""The lines of an EyeLink ASC file, sorted into samples, messages, blocks and everything else."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from sessions.importers.text_files import damaged

GAZE = "GAZE"
_KINDS = ("GAZE", "HREF", "RAW", "PUPIL")
_EYES = ("LEFT", "RIGHT")
_SIZE = re.compile(
    r"(?:GAZE_COORDS|DISPLAY_COORDS)[ =]+(-?[\d.]+)[ ,]+(-?[\d.]+)[ ,]+(-?[\d.]+)[ ,]+(-?[\d.]+)"
)
_MISSING = "."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with a stamp in ms."""

    number: int
    stamp: float
    text: str


@dataclass(slots=True)
class Block:
    """What one START says and how it ended.

    Attributes:
        line: of START, from 1.
        start: stamp in ms.
        header: the rest of the START line.
        eyes: tracked, of LEFT and RIGHT, left first.
        kind: of the sample coordinates: GAZE, HREF or RAW.
        rate_hz: as the SAMPLES line claims, 0 when it does not.
        end: stamp of END in ms, None when the file ends before.
        end_line: of END.
    """

    line: int
    start: float
    header: str
    eyes: tuple[str, ...]
    kind: str = GAZE
    rate_hz: float = 0.0
    end: float | None = None
    end_line: int = 0


@dataclass(slots=True)
class EyelinkFile:
    """A file, sorted.

    Attributes:
        path: where it was read.
        blocks: in order.
        stamps: of each sample in ms.
        samples: left x, y, pupil, right x, y, pupil of each sample; NaN where absent.
        lines: line number of each sample.
        rest: what follows the pupils on each sample line.
        messages: MSG lines.
        others: every other line but START and END; their stamp is NaN.
        size_px: of the display, None when not said.
        size_line: where it is said.
        pupil_unit: ``area`` or ``diameter``, in the tracker's own units.
    """

    path: Path
    blocks: list[Block] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    samples: list[tuple[float, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    messages: list[Line] = field(default_factory=list)
    others: list[Line] = field(default_factory=list)
    size_px: tuple[int, int] | None = None
    size_line: int = 0
    pupil_unit: str = "arbitrary"

    def take(self, number: int, text: str) -> None:
        """Take one line.

        Raises:
            ForeignFileError: a number is missing or none, or a sample belongs to no block.
        """
        words = text.split()
        if not words:
            return
        if text[0].isdigit():
            self._sample(number, text, words)
        elif words[0] == "MSG":
            self._message(number, text, words)
        elif words[0] in ("START", "END"):
            self._block(number, text, words)
        else:
            self._other(number, text, words)

    def _message(self, number: int, text: str, words: list[str]) -> None:
        stamp = self._number(number, words, 1, "time")
        body = text.split(None, 2)
        self.messages.append(Line(number, stamp, body[2] if len(body) > 2 else ""))
        found = _SIZE.search(text)
        if found and ("GAZE_COORDS" in text or self.size_px is None):
            left, top, right, bottom = map(float, found.groups())
            self.size_px, self.size_line = (_pixels(right - left), _pixels(bottom - top)), number

    def _block(self, number: int, text: str, words: list[str]) -> None:
        stamp = self._number(number, words, 1, "time")
        if words[0] == "START":
            eyes = tuple(eye for eye in _EYES if eye in words)
            self.blocks.append(Block(number, stamp, " ".join(words[2:]), eyes))
        elif not self.blocks or self.blocks[-1].end is not None:
            raise damaged(self.path, f"line {number}: END without START")
        else:
            self.blocks[-1].end, self.blocks[-1].end_line = stamp, number
            self.others.append(Line(number, math.nan, text))

    def _other(self, number: int, text: str, words: list[str]) -> None:
        self.others.append(Line(number, math.nan, text))
        if words[0] == "SAMPLES" and self.blocks:
            block = self.blocks[-1]
            block.kind = next((word for word in words if word in _KINDS), GAZE)
            block.eyes = tuple(eye for eye in _EYES if eye in words) or block.eyes
            if "RATE" in words:
                block.rate_hz = self._number(number, words, words.index("RATE") + 1, "RATE")
        elif words[0] == "PUPIL" and len(words) > 1:
            self.pupil_unit = f"arbitrary ({words[1].casefold()})"

    def _sample(self, number: int, text: str, words: list[str]) -> None:
        if not self.blocks or self.blocks[-1].end is not None:
            raise damaged(self.path, f"line {number}: a sample outside of START and END")
        eyes = self.blocks[-1].eyes
        if not eyes:
            raise damaged(self.path, f"line {number}: a sample, but line {self.blocks[-1].line} names no eye")
        needed = 1 + 3 * len(eyes)
        values: dict[str, tuple[float, ...]] = dict.fromkeys(_EYES, (math.nan,) * 3)
        for i, eye in enumerate(eyes):
            names = [f"{eye} {what}" for what in ("x", "y", "pupil")]
            values[eye] = tuple(self._number(number, words, 1 + 3 * i + k, n) for k, n in enumerate(names))
        self.stamps.append(self._number(number, words, 0, "time"))
        self.samples.append((*values["LEFT"], *values["RIGHT"]))
        self.lines.append(number)
        cut = text.split(None, needed)
        self.rest.append(cut[needed] if len(cut) > needed else "")

    def _number(self, line: int, words: list[str], place: int, column: str) -> float:
        if place >= len(words):
            raise damaged(self.path, f"line {line}: it ends before {column} (column {place + 1})")
        word = words[place]
        if word == _MISSING and column != "time":
            return math.nan
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in word:
            raise damaged(
                self.path, f"line {line}, column {place + 1} ({column}): {word[:40]!r} is not a number"
            )
        return value


def parsed(path: Path, text: str) -> EyelinkFile:
    """Sort the lines of a file.

    Raises:
        ForeignFileError: a line is not what it should be, or nothing looks like EyeLink.
    """
    file = EyelinkFile(path)
    for number, line in enumerate(text.split("\n"), start=1):
        file.take(number, line.rstrip("\r"))
    if not file.blocks:
        raise damaged(
            path,
            "no line begins with START; it is no EyeLink ASC recording",
            "Convert the .edf with edf2asc.",
        )
    return file


def _pixels(extent: float) -> int:
    """Return how many pixels a display has whose last coordinate is 1279 or, as some write, 1280."""
    whole = round(extent)
    return whole + 1 if whole % 2 else whole
