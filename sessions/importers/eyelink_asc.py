"""EyeLink recordings as ``edf2asc`` writes them: samples, events and messages of one or two eyes.

Recording comes in blocks between START and END; each may track other eyes at another rate. Stamps are in ms
of the tracker's clock, coordinates in px of the display that the file names, ``.`` stands for a lost eye. The
file does not say how large the display is or how far away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acquisition.file_formats import EYELINK_ASC
from acquisition.profiles import Profile
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from sessions.importers.contract import (
    IMPORTED,
    ClockMapping,
    Entry,
    Imported,
    Options,
    SourceFile,
    free_gaze_study,
    pseudonym_of,
)
from sessions.importers.eyelink_lines import GAZE, Block, EyelinkFile, Line, parsed
from sessions.importers.text_files import damaged, read_text
from sessions.source_tables import SourceTable

NAME = EYELINK_ASC.profile

CHANNELS = ("left_x", "left_y", "left_pupil", "right_x", "right_y", "right_pupil")
_PER_S = 1000.0
_EVENTS = ("SFIX", "EFIX", "SSACC", "ESACC", "SBLINK", "EBLINK")
_OFF_SCREEN = (
    "The samples are {kind} coordinates of the eye tracker's camera or head reference, not display pixels."
)


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read a recording, ``.asc`` or ``.asc.gz``; one session.

    Raises:
        ForeignFileError: it is no such file, damaged, or the display is not told or another one.
    """
    file = parsed(path, read_text(path, "latin-1"))
    if not file.samples:
        raise damaged(
            path,
            f"it holds no sample in {len(file.blocks)} blocks",
            "Convert it with samples (edf2asc -s -e).",
        )
    kinds = {block.kind for block in file.blocks}
    screen = _screen(path, file, options)
    zero = min([*file.stamps, *(line.stamp for line in file.messages)])
    gaze = _gaze(file, zero, screen, on_screen=kinds == {GAZE})
    source = SourceFile.of(path)
    units = ("px", "px", file.pupil_unit) * 2
    rates = {block.rate_hz for block in file.blocks}
    profile = NAME if kinds == {GAZE} else f"{NAME}-off-screen"  # else its eyes would be read as px
    yield Imported(
        format=NAME,
        participant=pseudonym_of(source, options),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo(
            "EyeLink", IMPORTED, profile, "", rates.pop() if len(rates) == 1 else 0.0, CHANNELS, units
        ),
        clock=ClockMapping(_PER_S, f"{zero:.17g}", "the tracker's clock in ms"),
        clock_pair=None,
        gaze=gaze,
        ledger=tuple(_ledger(file, gaze)),
        files=(source,),
        markers=tuple(_markers(file, zero)),
        tables=tuple(_tables(file)),
        off_screen="" if kinds == {GAZE} else _OFF_SCREEN.format(kind=", ".join(sorted(kinds - {GAZE}))),
    )


def _screen(path: Path, file: EyelinkFile, options: Options) -> Screen:
    said = file.size_px
    pixels = "unknown" if said is None else f"{said[0]}x{said[1]}"
    screen = options.needed_screen(
        f"The file tells its pixels ({pixels}) but not its size and distance, and velocities need degrees."
    )
    if said is not None and said != screen.size_px:
        raise damaged(
            path,
            f"line {file.size_line}: the display had {pixels} px, --display says"
            f" {screen.size_px[0]}x{screen.size_px[1]} px",
            "Give the display on which it was recorded.",
        )
    return screen


def _gaze(file: EyelinkFile, zero: float, screen: Screen, *, on_screen: bool) -> GazeChunk:
    raw = np.asarray(file.samples, dtype=np.float64).reshape(-1, len(CHANNELS))
    stamps = np.asarray(file.stamps)
    xy, valid, pupil_mm = Profile(EYELINK_ASC, CHANNELS, ("",) * len(CHANNELS)).decode(raw, screen)
    if not on_screen:
        xy, valid = np.full_like(xy, np.nan), np.zeros(len(xy), dtype=bool)
    return GazeChunk((stamps - zero) / _PER_S, stamps / _PER_S, xy, valid, pupil_mm, raw)


def _markers(file: EyelinkFile, zero: float) -> Iterator[Marker]:
    blocks = [Line(b.line, b.start, f"START {b.header}") for b in file.blocks]
    ends = [Line(b.end_line, b.end, "END") for b in file.blocks if b.end is not None]
    for line in sorted([*file.messages, *blocks, *ends], key=lambda line: line.stamp):
        yield Marker((line.stamp - zero) / _PER_S, Code.NOTE, -1, {"eyelink": line.text})


def _tables(file: EyelinkFile) -> Iterator[SourceTable]:
    for name, lines in (("events", _events(file)), ("other lines", _other_lines(file))):
        rows = [(str(line.number), line.text) for line in lines]
        yield SourceTable.of_rows(name, ("line", "text"), rows)
    if any(file.rest):
        cells = [(str(number), text) for number, text in zip(file.lines, file.rest, strict=True)]
        yield SourceTable.of_rows("rest of the sample lines", ("line", "text"), cells)


def _ledger(file: EyelinkFile, gaze: GazeChunk) -> Iterator[Entry]:
    count, lost = len(file.samples), int((~gaze.valid).sum())
    rates = ", ".join(_described(block) for block in file.blocks)
    yield Entry("blocks", len(file.blocks), len(file.blocks), note=rates)
    note = f"{lost} without any eye; what follows the pupil on a line is kept as text"
    yield Entry("samples", count, count, note=note)
    note = "as markers, in order of their stamps"
    yield Entry("messages", len(file.messages), len(file.messages), note=note)
    events, others = _events(file), _other_lines(file)
    kinds = Counter(line.text.split()[0] for line in events)
    note = f"found by the tracker itself: {', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}"
    yield Entry("events", len(events), kept=len(events), note=note if events else "")
    note = "headers, settings, calibration, INPUT and BUTTON lines, as text"
    yield Entry("other lines", len(others), kept=len(others), note=note)


def _events(file: EyelinkFile) -> list[Line]:
    return [line for line in file.others if line.text.startswith(_EVENTS)]


def _other_lines(file: EyelinkFile) -> list[Line]:
    return [line for line in file.others if not line.text.startswith(_EVENTS)]


def _described(block: Block) -> str:
    end = "without END" if block.end is None else "complete"
    return f"{'+'.join(block.eyes)} at {block.rate_hz:g} Hz ({end})"
