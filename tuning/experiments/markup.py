"""The few pieces of HTML and SVG a study's page is made of; every text is escaped on its way in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Html(str):
    """Markup that may stand in a page as it is."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return a value as escaped text."""
    return value if isinstance(value, Html) else Html(html.escape(_CONTROL.sub("\ufffd", str(value))))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; ``class_`` becomes ``class``, ``text_anchor`` ``text-anchor``, None nothing."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{said}>{''.join(text(child) for child in children)}</{name}>")


def table(columns: Sequence[object], rows: Iterable[Sequence[object]], caption: str = "") -> Html:
    """Return a table that scrolls sideways; cells that are ``td`` already stay as they are."""
    head = tag("thead", tag("tr", *(tag("th", c, scope="col") for c in columns)))
    body = tag("tbody", *(tag("tr", *(_cell(i, c) for i, c in enumerate(row))) for row in rows))
    said = tag("caption", caption) if caption else ""
    return tag("div", tag("table", said, head, body), class_="scroll")


def bullets(sentences: Iterable[object]) -> Html:
    """Return a list."""
    return tag("ul", *(tag("li", s) for s in sentences))


def _cell(place: int, content: object) -> Html:
    if isinstance(content, Html) and content.startswith("<td"):
        return content
    return tag("th" if place == 0 else "td", content, scope="row" if place == 0 else None)
