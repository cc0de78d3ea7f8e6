"""From the report's markup to blocks, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.report.markup import Html
from studio.report.pdf.blocks import Beside, Block, Key, Picture, Together, Words
from studio.report.pdf.tables import facts, table
from studio.report.pdf.tree import Node, parsed
from studio.theme import LIGHT

_HEADINGS = {"h1": (20.0, 0.0), "h2": (15.5, 20.0), "h3": (12.5, 12.0)}


def blocks(parts: Sequence[Html]) -> list[Block]:
    """Return the blocks of a report, in order."""
    return [block for part in parts for node in parsed(part) for block in _blocks(node)]


def _blocks(node: Node) -> Iterator[Block]:
    if node.name in _HEADINGS:
        size_px, before_px = _HEADINGS[node.name]
        yield Words(node.text, size_px, bold=True, before_px=before_px, with_next=True)
    elif node.name == "p":
        yield from _paragraph(node)
    elif node.name == "table":
        yield table(node)
    elif node.name == "dl":
        yield facts(node)
    elif node.name == "ul":
        yield from _list(node)
    elif node.name == "figure":
        yield _figure(node)
    elif "pair" in node.classes:
        yield Beside([_figure(child) if child.name == "figure" else _only(child) for child in node.elements])
    elif "headline" in node.classes:
        yield _headline(node)
    elif "page" in node.classes:
        yield Together(list(_inside(node)))
    else:
        yield from _inside(node)


def _inside(node: Node) -> Iterator[Block]:
    for child in node.elements:
        yield from _blocks(child)


def _paragraph(node: Node) -> Iterator[Block]:
    if "simulated" in node.classes:
        yield Together([Words(node.text, 12, bold=True, colour=LIGHT.warn)], border=LIGHT.warn)
    elif node.text:
        yield Words(
            node.text, 11.5, colour=LIGHT.muted if "muted" in node.classes else LIGHT.text, before_px=5.0
        )


def _headline(node: Node) -> Together:
    first, *others = node.elements
    said = [Words(first.text, 14, bold=True), *(Words(other.text, 11.5, before_px=4.0) for other in others)]
    return Together(said, bar=LIGHT.twin)


def _list(node: Node) -> Iterator[Block]:
    if "key" in node.classes:
        yield Key([(next(item.all("svg"), None), item.text) for item in node.elements])
        return
    for item in node.elements:
        yield Words(f"•  {item.text}", 11.5)


def _figure(node: Node) -> Block:
    caption = next((c.text for c in node.all("figcaption")), "")
    frame = {"real": LIGHT.real, "twin": LIGHT.twin}.get(next(iter(node.classes), ""))
    drawn = next((child for child in node.elements if child.name in ("img", "svg")), None)
    return Words(node.text, 11.5) if drawn is None else Picture(drawn, caption, frame)


def _only(node: Node) -> Block:
    return Words(node.text, 11.5, colour=LIGHT.muted)
