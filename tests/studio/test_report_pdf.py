"""The report on paper: the same words as on the screen, on pages that hold what belongs together."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from sessions.reader import Recording
from studio.report import Results, write_report
from studio.report.document import sections
from studio.report.evidence import Evidence, gather
from studio.report.markup import Html, joined, table, tag
from studio.report.pdf.blocks import Block, Together, Words
from studio.report.pdf.flow import blocks
from studio.report.pdf.paper import HEIGHT_PX, WIDTH_PX, draw_page, paginated
from studio.report.pdf.tables import Table
from studio.report.pdf.tree import parsed
from studio.windows.appearance import load_fonts

BOTTOM_PX = HEIGHT_PX - 60.0
INNER_PX = WIDTH_PX - 120.0


@pytest.fixture(autouse=True)
def fonts(qtbot: QtBot) -> None:
    assert qtbot
    load_fonts()


@pytest.fixture(scope="module")
def evidence(session_path: Path) -> Evidence:
    with Recording.open(session_path) as recording:
        return gather(recording)


def test_a_report_becomes_a_pdf(session_path: Path, results: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "report.PDF"
    with Recording.open(session_path) as recording:
        write_report(path, results, recording)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-1.")
    assert data.rstrip().endswith(b"%%EOF")
    assert data.count(b"/Type /Page\n") >= 5


def test_pages_hold_everything_once_and_nothing_beyond_their_edge(
    evidence: Evidence, session_path: Path, results: dict[str, object]
) -> None:
    with Recording.open(session_path) as recording:
        flow = blocks(sections(Results.read(results), evidence, recording.page))
    pages = paginated(flow)
    placed = [one for page in pages for one in page]
    whole = [one.block for one in placed if not isinstance(one.block, Table)]
    assert whole == [block for block in flow if not isinstance(block, Table)]
    for page in pages:
        assert page
        assert not page[-1].block.with_next, "a heading stands alone at the foot of a page"
        for one, following in pairwise(page):
            assert one.top_px + one.block.height_px(INNER_PX) <= following.top_px + 0.01
        assert page[-1].top_px + page[-1].block.height_px(INNER_PX) <= BOTTOM_PX + 0.01


def test_long_tables_break_between_rows_and_repeat_their_heading() -> None:
    rows = [(f"row {i}", "a b c " * 20) for i in range(200)]
    (made,) = blocks([table(("name", "words"), rows, "All of them")])
    pages = paginated([made])
    assert len(pages) > 2
    assert all(isinstance(one.block, Table) for page in pages for one in page)
    parts: list[Block] = made.parts(INNER_PX, 300.0)
    assert len(parts) == 2
    assert parts[0].height_px(INNER_PX) <= 300.0
    assert parts[1].parts(INNER_PX, 1e9) == [parts[1]]


def test_what_belongs_together_goes_to_the_next_page_as_a_whole() -> None:
    filling = [Words("x", 12) for _ in range(40)]
    pages = paginated([*filling, Together([Words("word " * 300, 12)]), Words("end")])
    assert len(pages) == 2
    assert isinstance(pages[1][0].block, Together)


def test_something_higher_than_a_page_is_placed_and_ends() -> None:
    pages = paginated([Words("a"), Words("word " * 20000), Words("b")])
    assert len(pages) == 3


def test_the_tree_is_the_markup() -> None:
    (node,) = parsed(tag("p", tag("b", "a < b"), " & ", tag("img", src="x"), class_="one two"))
    assert node.text == "a < b & "
    assert node.classes == {"one", "two"}
    assert [child.name for child in node.elements] == ["b", "img"]


def test_hostile_words_are_drawn_as_words(evidence: Evidence, session_path: Path) -> None:
    hostile = dataclasses.replace(evidence, software='"></svg><script>alert(1)</script>')
    with Recording.open(session_path) as recording:
        flow = blocks(sections(Results.read({}), hostile, recording.page))
    image = QImage(794, 1123, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    for page in paginated(flow):
        draw_page(painter, page, "foot")
    painter.end()
    assert min(image.pixelColor(x, 70).lightness() for x in range(60, 400)) < 200


def test_nothing_makes_one_empty_page() -> None:
    assert paginated(blocks([joined([]), Html("")])) == [[]]
